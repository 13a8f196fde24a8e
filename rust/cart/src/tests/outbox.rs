//! What the operator sees of the outbox of orders.

use contract::bookstore::{
    cart::v1::{ListOutboxMessagesRequest, OrderState, RetryOutboxMessageRequest},
    r#type::v1::{OutboxMessage, OutboxMessageState},
};
use store::{
    outbox::{self, Lease},
    testing::TestDb,
};
use tonic::Code;

use super::{orders::failure, shop::TestShop};

store::both_engines! {
    crate::SCHEMA =>
    dead_message_is_listed_and_delivered_again,
    message_that_was_delivered_cannot_be_retried,
}

async fn messages(shop: &TestShop, dead_only: bool) -> Vec<OutboxMessage> {
    let request = ListOutboxMessagesRequest {
        dead_only,
        ..ListOutboxMessagesRequest::default()
    };
    let listed = shop.operator().list_outbox_messages(request).await;
    listed.expect("the database answers").into_inner().messages
}

async fn dead_message_is_listed_and_delivered_again(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    let message = messages(&shop, false).await.remove(0);
    assert_eq!(message.state(), OutboxMessageState::Waiting);
    let summary = format!("The next step of the order {}", placed.order_id);
    assert_eq!((&*message.topic, message.summary), ("orders", summary));
    assert_eq!(messages(&shop, true).await, []);
    bury(&shop).await;
    shop.work().await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Placed);
    let dead = messages(&shop, true).await.remove(0);
    assert_eq!(dead.state(), OutboxMessageState::Dead);
    assert_eq!(dead.last_error, "a defect");
    let request = RetryOutboxMessageRequest {
        message_id: dead.message_id,
    };
    let retried = shop.operator().retry_outbox_message(request).await;
    let retried = retried.expect("it is there").into_inner().message;
    assert_eq!(
        retried.expect("required").state(),
        OutboxMessageState::Waiting
    );
    shop.work().await;
    assert_eq!(buyer.read(&placed).await.state(), OrderState::Paid);
    assert_eq!(messages(&shop, false).await, []);
}

async fn message_that_was_delivered_cannot_be_retried(database: TestDb) {
    let shop = TestShop::open(&database);
    shop.buyer().order(&[(3, 2)], "tok_visa").await;
    let message_id = messages(&shop, false).await[0].message_id;
    shop.work().await;
    let request = RetryOutboxMessageRequest { message_id };
    let retried = shop.operator().retry_outbox_message(request).await;
    let missing = (Code::NotFound, "MESSAGE_NOT_FOUND".to_owned());
    assert_eq!(failure(retried), missing);
}

/// Lets all messages be dead, as after a defect of the program.
async fn bury(shop: &TestShop) {
    let now = service::Clock::now(&*shop.clock).as_microsecond();
    let lease = Lease {
        id: "test",
        until: now + 1,
    };
    let buried: Result<_, store::Error> = store::write!(shop.checkout.db(), transaction => {
        for message in outbox::claim(transaction, "orders", lease, now, 10).await? {
            let sequence = message.sequence;
            outbox::fail(transaction, sequence, lease.id, "a defect", None).await?;
        }
        Ok(())
    });
    buried.expect("the database answers");
}

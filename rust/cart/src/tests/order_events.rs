//! The events of orders for other systems, as they are enqueued.

use contract::bookstore::cart::v1::{OrderEvent, OrderEventType, OrderState};
use events::Publisher;
use prost::Message;
use prost_protovalidate::Validate;
use store::{
    outbox::{self, StoredMessage},
    testing::TestDb,
};

use super::shop::TestShop;
use crate::{CheckoutOptions, service::event_subject};

store::both_engines! {
    crate::SCHEMA =>
    every_change_of_an_order_is_an_event,
    decline_is_an_event_with_its_reason,
    nothing_is_enqueued_if_nobody_wants_events,
}

/// A shop that publishes events to a server on which nobody listens.
async fn publishing_shop(database: &TestDb) -> TestShop {
    let nowhere = events::Options {
        urls: vec!["nats://127.0.0.1:1".to_owned()],
        ..events::Options::default()
    };
    let publisher = Publisher::connect(nowhere).await;
    let shop = TestShop::open(database);
    let options = CheckoutOptions {
        events: Some(publisher.expect("the settings are valid")),
        ..shop.options()
    };
    shop.restarted(database.db(), options)
}

async fn stored(shop: &TestShop) -> Vec<StoredMessage> {
    let topics = ["order-events".to_owned()];
    let stored: Result<_, store::Error> = store::read!(shop.checkout.db(), connection => {
        outbox::list(connection, &topics, false, 0, 100).await
    });
    stored.expect("the database answers")
}

async fn events(shop: &TestShop) -> Vec<OrderEvent> {
    let stored = stored(shop).await.into_iter();
    let events = stored.map(|stored| {
        let event = OrderEvent::decode(&*stored.message.payload).expect("it is an event");
        assert_eq!(event.validate().map_err(|error| error.to_string()), Ok(()));
        assert_eq!(event.order_id, stored.message.key);
        event
    });
    events.collect()
}

async fn every_change_of_an_order_is_an_event(database: TestDb) {
    let shop = publishing_shop(&database).await;
    let buyer = shop.buyer();
    let shipped = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    shop.ship(&shipped).await.expect("it is paid");
    // Nothing changes.
    shop.ship(&shipped).await.expect("it is shipped already");
    let cancelled = buyer.order(&[(4, 1)], "tok_visa").await;
    shop.work().await;
    buyer.cancel(&cancelled).await.expect("it is paid");
    shop.work().await;

    let events = events(&shop).await;
    let subjects: Vec<_> = events.iter().map(event_subject).collect();
    let expected = [
        "placed",
        "paid",
        "shipped",
        "placed",
        "paid",
        "cancelled",
        "refunded",
    ];
    let expected = expected.map(|name| format!("bookstore.cart.v1.order.{name}"));
    assert_eq!(subjects, expected);
    let order = buyer.read(&shipped).await;
    assert_eq!(events[2].account_id, order.account_id);
    assert_eq!(events[2].event_time, order.update_time);
    assert_eq!(events[2].order_create_time, order.create_time);
    assert_eq!(events[2].transaction_id, order.transaction_id);
    let refunded = &events[6];
    assert_eq!(refunded.order_id, cancelled.order_id);
    assert_eq!(refunded.state(), OrderState::Cancelled);
    assert_eq!(refunded.refunded_amount, cancelled.total);
}

async fn decline_is_an_event_with_its_reason(database: TestDb) {
    let shop = publishing_shop(&database).await;
    let buyer = shop.buyer();
    let declined = buyer.order(&[(3, 2)], "tok_insufficient_funds").await;
    shop.work().await;
    let order = buyer.read(&declined).await;
    let events = events(&shop).await;
    let failed = events.last().expect("there are events");
    assert_eq!(failed.event_type(), OrderEventType::Failed);
    assert_eq!(failed.failure(), order.failure());
    assert_eq!(failed.decline_reason(), order.decline_reason());
}

async fn nothing_is_enqueued_if_nobody_wants_events(database: TestDb) {
    let shop = TestShop::open(&database);
    shop.buyer().order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    assert_eq!(stored(&shop).await, []);
}

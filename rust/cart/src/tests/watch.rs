//! Streams of the changes of an order.

use contract::bookstore::cart::v1::{Order, OrderState, WatchOrderRequest, WatchOrderResponse};
use store::testing::TestDb;
use tonic::Streaming;

use super::shop::{Buyer, TestShop};

store::both_engines! {
    crate::SCHEMA =>
    watcher_sees_every_state_and_the_end,
    stream_of_a_cancelled_order_ends_with_the_refund,
    stranger_cannot_watch,
}

async fn watch(buyer: &Buyer, order: &Order) -> Streaming<WatchOrderResponse> {
    let request = WatchOrderRequest {
        order_id: order.order_id.clone(),
    };
    let watching = buyer.checkout.clone().watch_order(request).await;
    watching.expect("it is the buyer's").into_inner()
}

/// The next order of a stream; `None` at its end.
async fn next(stream: &mut Streaming<WatchOrderResponse>) -> Option<Order> {
    let message = stream.message().await.expect("the stream does not fail");
    message.map(|response| response.order.expect("the response has it"))
}

/// Reads a stream until it shows this state.
async fn wait_for(stream: &mut Streaming<WatchOrderResponse>, state: OrderState) -> Order {
    loop {
        let order = next(stream).await.expect("the stream has not ended");
        if order.state() == state {
            return order;
        }
    }
}

async fn watcher_sees_every_state_and_the_end(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    let mut stream = watch(&buyer, &placed).await;
    assert_eq!(next(&mut stream).await.as_ref(), Some(&placed));
    shop.work().await;
    let paid = wait_for(&mut stream, OrderState::Paid).await;
    assert_eq!(paid, buyer.read(&placed).await);
    let shipped = shop.ship(&placed).await.expect("it is paid");
    assert_eq!(next(&mut stream).await.as_ref(), Some(&shipped));
    assert_eq!(next(&mut stream).await, None);
    // Whoever watches later gets the final state only.
    let mut late = watch(&buyer, &placed).await;
    assert_eq!(next(&mut late).await, Some(shipped));
    assert_eq!(next(&mut late).await, None);
}

async fn stream_of_a_cancelled_order_ends_with_the_refund(database: TestDb) {
    let shop = TestShop::open(&database);
    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    shop.work().await;
    let mut stream = watch(&buyer, &placed).await;
    buyer.cancel(&placed).await.expect("it is paid");
    let cancelled = wait_for(&mut stream, OrderState::Cancelled).await;
    assert_eq!(cancelled.refunded_amount, None);
    shop.work().await;
    let refunded = next(&mut stream).await.expect("the refund is a change");
    assert_eq!(refunded.refunded_amount, refunded.total);
    assert_eq!(next(&mut stream).await, None);
}

async fn stranger_cannot_watch(database: TestDb) {
    let shop = TestShop::open(&database);
    let placed = shop.buyer().order(&[(3, 2)], "tok_visa").await;
    let request = WatchOrderRequest {
        order_id: placed.order_id,
    };
    let refused = shop.buyer().checkout.watch_order(request).await;
    let status = refused.expect_err("it is another buyer's");
    assert_eq!(status.code(), tonic::Code::NotFound);
}

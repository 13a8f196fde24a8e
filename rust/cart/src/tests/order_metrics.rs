//! The metrics of the orders.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use service::PeriodicTask;
use store::testing::TestDb;

use super::shop::TestShop;
use crate::service::CountOrders;

// On one thread, whose metrics are captured.
#[tokio::test]
async fn orders_are_counted_on_sqlite() {
    let database = store::testing::sqlite(&crate::SCHEMA).await;
    orders_are_counted_by_state_and_while_they_have_a_next_step(database).await;
}

#[tokio::test]
async fn orders_are_counted_on_postgres() {
    let database = store::testing::postgres(&crate::SCHEMA).await;
    orders_are_counted_by_state_and_while_they_have_a_next_step(database).await;
}

fn assert_contains(handle: &PrometheusHandle, lines: &[&str]) {
    let text = handle.render();
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "{line}\n{text}");
    }
}

async fn orders_are_counted_by_state_and_while_they_have_a_next_step(database: TestDb) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let shop = TestShop::open(&database);
    let mut task = CountOrders::new(shop.checkout.clone());
    assert_contains(&metrics, &["cart_orders_total{state=\"paid\"} 0"]);

    let buyer = shop.buyer();
    let placed = buyer.order(&[(3, 2)], "tok_visa").await;
    task.run().await.expect("the database answers");
    assert_contains(
        &metrics,
        &[
            "cart_orders_total{state=\"placed\"} 1",
            "cart_orders_in_progress{state=\"placed\"} 1",
            "cart_orders_parked 0",
        ],
    );

    shop.work().await;
    shop.ship(&placed).await.expect("it is paid");
    task.run().await.expect("the database answers");
    assert_contains(
        &metrics,
        &[
            "cart_orders_total{state=\"placed\"} 1",
            "cart_orders_total{state=\"paid\"} 1",
            "cart_orders_total{state=\"shipped\"} 1",
            "cart_orders_in_progress{state=\"placed\"} 0",
        ],
    );
}

//! Several processes of one service: all of them get calls, and no call fails while they are
//! restarted one after the other.

use std::time::Duration;

use contract::bookstore::cart::v1::{PutItemRequest, cart_service_client::CartServiceClient};
use tokio::sync::watch;

use crate::{
    deployments::postgres,
    test_process::{Folder, TestProcess},
};

/// How many calls are made between two events.
const CALLS: usize = 40;

#[tokio::test]
async fn calls_are_spread_and_none_fails_during_a_rolling_restart() {
    let folder = Folder::new();
    let storage = postgres().await;
    let start = |more: &[&str]| {
        let flags = [&["serve", "inventory", &storage, "--lame-duck=1"], more].concat();
        TestProcess::start(&folder, &flags)
    };
    let mut inventories = [start(&[]), start(&[]), start(&[])];
    let peers = inventories
        .each_ref()
        .map(|it| format!("--peer=inventory={}", it.grpc_url()));
    let nobody = [
        "--peer=transactions=http://127.0.0.1:1",
        "--peer=accounts=http://127.0.0.1:1",
    ];
    let peers = peers.each_ref().map(String::as_str);
    let cart = TestProcess::start(&folder, &[&["serve", "cart"], &peers[..], &nobody].concat());

    // The buyer puts books into the cart until the test is over.
    let (made, mut count) = watch::channel(0_usize);
    let mut client = CartServiceClient::new(cart.channel());
    let buyer = tokio::spawn(async move {
        loop {
            let request = PutItemRequest {
                cart_id: "6f1c9a52-3a53-4d1c-9d65-0c2f2a0b7e11".to_owned(),
                book_id: 1,
                quantity: 2,
            };
            let put = client.put_item(request).await;
            put.expect("another process of Inventory answers");
            if made.is_closed() {
                return;
            }
            made.send_modify(|count| *count += 1);
        }
    });
    let mut wait_for_calls = async || {
        let until = *count.borrow() + CALLS;
        count
            .wait_for(|count| *count >= until)
            .await
            .expect("the buyer goes on");
    };
    wait_for_calls().await;
    for process in &inventories {
        let metrics = process.metrics_page().await.body;
        assert!(metrics.contains("grpc_method=\"BatchGet"), "{metrics}");
    }
    for process in &mut inventories {
        let address = format!("--grpc-addr={}", process.grpc());
        process.signal("TERM");
        let (code, _) = process.wait_for_exit(Duration::from_secs(30)).await;
        assert_eq!(code, 0);
        wait_for_calls().await;
        *process = start(&[&address]);
        wait_for_calls().await;
    }
    drop(count);
    buyer.await.expect("no call failed");
    cart.stop().await;
}

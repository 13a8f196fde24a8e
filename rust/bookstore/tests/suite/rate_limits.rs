//! The file with the rates, and the trusted proxies.

use std::fs;

use contract::bookstore::inventory::v1::GetBookRequest;
use tonic::Code;

use crate::test_process::{Folder, TestProcess, eventually, get_from};

/// Rates that do not grow again during a test. Loopback is not exempt.
const THREE: &str = "exempt = []\n\
    http.read = { per_second = 0.001, burst = 3 }\n\
    address.read = { per_second = 0.001, burst = 3 }\n";

#[tokio::test]
async fn rates_of_the_file_apply_to_all_ports_until_it_changes() {
    let folder = Folder::new();
    let file = folder.write("limits.toml", THREE);
    let process = TestProcess::start(&folder, &["up", "--limits=limits.toml"]);
    for number in 0..3 {
        let page = process.page("/books/1").await;
        assert_eq!(page.status, 200, "page {number}");
    }
    let page = process.page("/books/1").await;
    assert_eq!(page.status, 429);
    assert!(page.body.contains("One moment, please"), "{}", page.body);
    let head = page.head.to_lowercase();
    assert!(head.contains("retry-after: "), "{head}");
    let forwarded = "X-Forwarded-For: 192.0.2.1\r\n";
    let page = get_from(&format!("{}/", process.shop()), "localhost", forwarded).await;
    assert_eq!(page.status, 429, "nobody else is believed");

    let mut inventory = process.inventory();
    for _ in 0..3 {
        let book = inventory.get_book(GetBookRequest { book_id: 1 });
        book.await.expect("it is within the rate");
    }
    let refused = inventory.get_book(GetBookRequest { book_id: 1 }).await;
    let refused = refused.expect_err("it is over the rate");
    assert_eq!(refused.code(), Code::ResourceExhausted);

    fs::write(&file, "http.read = 7").expect("writable");
    eventually("the error of the file", async || {
        let error = "changed rate limits are not used";
        process.log().contains(error).then_some(())
    })
    .await;
    assert_eq!(process.page("/").await.status, 429, "the old ones remain");

    fs::write(&file, "http.read = \"unlimited\"").expect("writable");
    eventually("the new rates", async || {
        (process.page("/").await.status == 200).then_some(())
    })
    .await;
    let metrics = process.metrics_page().await.body;
    for caller in ["http", "address"] {
        let counter = format!("bindery_rate_limited_total{{caller=\"{caller}\",class=\"read\"}}");
        assert!(metrics.contains(&counter), "{counter} in\n{metrics}");
    }
}

#[tokio::test]
async fn client_of_a_trusted_proxy_has_a_rate_of_its_own() {
    let folder = Folder::new();
    folder.write("limits.toml", THREE);
    let arguments = ["up", "--limits=limits.toml", "--trusted-proxy=127.0.0.1"];
    let process = TestProcess::start(&folder, &arguments);
    let url = format!("{}/books/1", process.shop());
    for client in ["192.0.2.1", "2001:db8::1"] {
        for expected in [200, 200, 200, 429] {
            let header = format!("X-Forwarded-For: 198.51.100.1, {client}\r\n");
            let page = get_from(&url, "localhost", &header).await;
            assert_eq!(page.status, expected, "{client}");
        }
    }
}

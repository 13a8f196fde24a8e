//! The host that a browser names, and who may read the monitor.

use crate::test_process::{Folder, TestProcess, get_from};

#[tokio::test]
async fn shop_and_metrics_refuse_foreign_hosts() {
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &["up", "--allowed-host=shop.example"]);
    let metrics = process.metrics().trim_end_matches("/metrics").to_owned();
    for (base, path) in [
        (process.shop(), "/"),
        (process.shop(), "/monitor"),
        (metrics.as_str(), "/metrics"),
    ] {
        let url = format!("{base}{path}");
        for (host, status) in [
            ("localhost", 200),
            ("shop.example", 200),
            ("SHOP.example:443", 200),
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
        ] {
            let page = get_from(&url, host, "").await;
            assert_eq!(page.status, status, "{url} as {host}");
        }
        let page = get_from(&url, "evil.example", "").await;
        assert!(page.body.contains("--allowed-host"), "{}", page.body);
    }
}

#[tokio::test]
async fn operator_reads_the_monitor_through_a_proxy() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let url = format!("{}/monitor", process.shop());
    let proxied = "X-Forwarded-For: 192.0.2.1\r\n";
    assert_eq!(get_from(&url, "localhost", proxied).await.status, 401);
    let token = format!("{proxied}Authorization: Bearer {}\r\n", process.token());
    assert_eq!(get_from(&url, "localhost", &token).await.status, 200);
}

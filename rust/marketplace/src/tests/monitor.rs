//! The page `/monitor`.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use super::*;

/// Metrics that report ten more calls at each read, one of which failed.
fn increasing_metrics() -> Options {
    let reads = AtomicU32::new(0);
    Options {
        metrics_text: Arc::new(move || {
            let read = reads.fetch_add(1, Ordering::Relaxed);
            let service =
                "grpc_service=\"bookstore.inventory.v1.InventoryService\",grpc_method=\"GetBook\"";
            let (good, bad, all) = (read * 9, read, read * 10);
            format!(
                "grpc_server_handled_total{{{service},grpc_code=\"OK\"}} {good}\n\
                 grpc_server_handled_total{{{service},grpc_code=\"Internal\"}} {bad}\n\
                 grpc_server_handling_seconds_bucket{{{service},le=\"0.01\"}} {all}\n\
                 grpc_server_handling_seconds_bucket{{{service},le=\"+Inf\"}} {all}\n\
                 outbox_pending{{topic=\"orders\"}} 4\n\
                 outbox_oldest_age_seconds{{topic=\"orders\"}} 430.5\n\
                 cart_orders_in_progress{{state=\"placed\"}} 4\n\
                 cart_orders_parked 1\n\
                 grpc_client_breaker_state{{address=\"10.0.0.1:50051\",state=\"open\"}} 1\n"
            )
        }),
        health: Arc::new(|| {
            Box::pin(async {
                vec![
                    ("bookstore.inventory.v1.InventoryService".to_owned(), true),
                    ("bookstore.<b>.Service".to_owned(), false),
                ]
            })
        }),
        services: vec![
            service("inventory", "bookstore.inventory.v1.InventoryService", &[]),
            service("cart", "bookstore.<b>.Service", &["inventory"]),
        ],
        notable_calls: Arc::new(|| {
            let trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            vec![rpc::NotableCall {
                method: "/bookstore.inventory.v1.InventoryService/GetBook",
                code: "OK",
                latency: Duration::from_millis(900),
                ended: tokio::time::Instant::now(),
                request_id: "slow".to_owned(),
                trace: rpc::TraceContext::parse(trace),
                address: None,
            }]
        }),
        trace_url: Some("https://traces.example/{trace_id}".to_owned()),
        ..Options::default()
    }
}

fn service(name: &str, grpc_service: &str, calls: &[&str]) -> crate::MonitoredService {
    crate::MonitoredService {
        name: name.to_owned(),
        grpc_services: vec![grpc_service.to_owned()],
        calls: calls.iter().map(|&called| called.to_owned()).collect(),
    }
}

#[tokio::test(start_paused = true)]
async fn monitor_shows_rates_errors_latency_and_health() {
    let shop = TestShop::with(&catalogue(), increasing_metrics());
    tokio::time::sleep(Duration::from_secs(21)).await;
    let page = shop.get("/monitor").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "InventoryService",
        "Serving",
        "Not serving",
        "5/s",
        "10%",
        "p50",
        "p95",
        "p99",
        "5 ms",
        "bookstore.&#60;b&#62;.Service",
        "http-equiv=\"refresh\"",
        "GetBook",
        "Internal 10, OK 90",
        "inventory calls no other service.",
        "cart calls inventory.",
        "10.0.0.1:50051 does not answer",
        "InventoryService/GetBook",
        "900 ms",
        "href=\"https://traces.example/0af7651916cd43dd8448eb211c80319c\"",
        "7 min",
    ] {
        assert!(page.body.contains(part), "{part}\n{}", page.body);
    }
    let part = shop.get("/monitor/services").await;
    assert!(part.body.contains("<svg") && !part.body.contains("<html"));

    let data = shop.get("/monitor/data.json").await;
    let data: serde_json::Value = serde_json::from_str(&data.body).expect("JSON");
    let inventory = &data["services"][1];
    assert_eq!(
        inventory["service"],
        "bookstore.inventory.v1.InventoryService"
    );
    assert_eq!(inventory["serving"], true);
    assert_eq!(inventory["now"]["requests_per_second"], 5.0);
    assert_eq!(inventory["now"]["error_share"], 0.1);
    assert_eq!(inventory["now"]["p50_seconds"], 0.005);
    assert_eq!(inventory["history"].as_array().map(Vec::len), Some(11));
    assert_eq!(inventory["methods"][0]["name"], "GetBook");
    assert_eq!(inventory["methods"][0]["requests_per_second"], 5.0);
    assert_eq!(data["background"]["topics"]["orders"]["pending"], 4.0);
}

#[tokio::test(start_paused = true)]
async fn health_check_that_hangs_is_shown_as_unknown() {
    let options = Options {
        health: Arc::new(|| Box::pin(std::future::pending())),
        ..increasing_metrics()
    };
    let shop = TestShop::with(&catalogue(), options);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let page = shop.get("/monitor").await;
    assert!(page.body.contains("Health unknown"));
}

#[tokio::test]
async fn monitor_without_services_shows_a_notice() {
    let page = TestShop::of(&[]).get("/monitor").await;
    assert!(page.body.contains("No service has reported anything yet."));
}

#[tokio::test(start_paused = true)]
async fn sampling_stops_when_the_shop_is_dropped() {
    let reads = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&reads);
    let options = Options {
        metrics_text: Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            String::new()
        }),
        ..Options::default()
    };
    let shop = TestShop::with(&[], options);
    tokio::time::sleep(Duration::from_secs(10)).await;
    drop(shop);
    let before = reads.load(Ordering::Relaxed);
    assert!(before >= 5);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(reads.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn monitor_is_for_this_machine_and_for_the_operator() {
    let options = Options {
        operator_token: rpc::OperatorToken::new(Some("token")),
        ..Options::default()
    };
    let shop = TestShop::with(&catalogue(), options);
    let status = async |peer, headers: &[(&str, &str)]| {
        let mut statuses = Vec::new();
        for path in ["/monitor", "/monitor/services", "/monitor/data.json"] {
            let response = shop.send_from(peer, Method::GET, path, headers).await;
            statuses.push(response.status);
        }
        statuses.dedup();
        assert_eq!(statuses.len(), 1, "all paths are alike");
        statuses[0]
    };
    let (here, elsewhere) = ([127, 0, 0, 1], [192, 0, 2, 1]);
    assert_eq!(status(here, &[]).await, StatusCode::OK);
    let proxied = [("x-forwarded-for", "192.0.2.1")];
    assert_eq!(status(here, &proxied).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(elsewhere, &[]).await, StatusCode::UNAUTHORIZED);
    for credential in ["Bearer token", "bearer token", "Basic YW55Ym9keTp0b2tlbg=="] {
        let headers = [("authorization", credential)];
        assert_eq!(
            status(elsewhere, &headers).await,
            StatusCode::OK,
            "{credential}"
        );
    }
    for credential in [
        "Bearer wrong",
        "Basic YW55Ym9keTp3cm9uZw==",
        "token",
        "Basic !",
    ] {
        let headers = [("authorization", credential)];
        let status = status(elsewhere, &headers).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{credential}");
    }
    let shop = TestShop::with(&catalogue(), Options::default());
    let headers = [("authorization", "Bearer ")];
    let response = shop
        .send_from(elsewhere, Method::GET, "/monitor", &headers)
        .await;
    assert_eq!(
        response.status,
        StatusCode::UNAUTHORIZED,
        "there is no token"
    );
}

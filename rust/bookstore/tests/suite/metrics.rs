//! The Prometheus metrics at `/metrics`.

use std::collections::BTreeMap;

use contract::bookstore::{
    inventory::v1::{BookCategory, GetBookRequest, SetStockRequest},
    recommendations::v1::RecommendRequest,
};

use crate::test_process::{Folder, TestProcess, get};

#[tokio::test]
async fn every_call_is_counted_by_method_and_code() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let mut inventory = process.inventory();
    // Three books exist, two do not, and 0 breaks a rule.
    for book_id in [1, 2, 3, 999_998, 999_999, 0] {
        // The result is checked by the counters below.
        let _ = inventory.get_book(GetBookRequest { book_id }).await;
    }
    let stock = SetStockRequest {
        book_id: 1,
        on_hand: Some(1),
        expected_on_hand: None,
    };
    let answer = inventory.set_stock(stock).await;
    answer.expect_err("the token is missing");
    for max_results in [1, 2, 101] {
        let request = RecommendRequest {
            user_id: String::new(),
            category: BookCategory::Mystery.into(),
            max_results,
        };
        let _ = process.recommendations().recommend(request).await;
    }

    let text = get(process.metrics()).await;
    assert_eq!(text.status, 200);
    let handled = handled(&text.body);
    for (method, code, calls) in [
        ("GetBook", "OK", 3),
        ("GetBook", "NotFound", 2),
        ("GetBook", "InvalidArgument", 1),
        ("SetStock", "Unauthenticated", 1),
        ("Recommend", "OK", 2),
        ("Recommend", "InvalidArgument", 1),
    ] {
        let counted = handled.get(&(method.to_owned(), code.to_owned()));
        assert_eq!(counted, Some(&calls), "{method} {code} in {handled:?}");
    }
    let started = "grpc_server_started_total{grpc_service=\"bookstore.inventory.v1.InventoryService\",grpc_method=\"GetBook\",grpc_type=\"unary\"} 6";
    assert!(text.body.contains(started), "{}", text.body);
    let timed = "grpc_server_handling_seconds_count{grpc_service=\"bookstore.inventory.v1.InventoryService\",grpc_method=\"GetBook\",grpc_type=\"unary\"} 6";
    assert!(text.body.contains(timed), "{}", text.body);
}

/// The values of `grpc_server_handled_total` for our v1 services, by method and code.
fn handled(text: &str) -> BTreeMap<(String, String), u64> {
    let series = text
        .lines()
        .filter_map(|line| line.strip_prefix("grpc_server_handled_total{"));
    let ours = series.filter(|line| line.contains("grpc_service=\"bookstore."));
    ours.map(|line| {
        let (labels, count) = line.split_once("} ").expect("labels and a value");
        let label = |name: &str| {
            let value = labels.split(',').find_map(|label| label.strip_prefix(name));
            value
                .expect("the label is there")
                .trim_matches(['=', '"'])
                .to_owned()
        };
        let key = (label("grpc_method"), label("grpc_code"));
        (key, count.parse().expect("a count"))
    })
    .collect()
}

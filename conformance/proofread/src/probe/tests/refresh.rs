//! Credentials that expire.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::{FutureExt, future::BoxFuture, future::join_all};

use super::*;

const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
/// The server takes it for no credential, and answers UNAUTHENTICATED.
const EXPIRED: &str = "Basic expired";

/// Returns one header value, and counts how often.
struct Source {
    value: String,
    count: Arc<AtomicUsize>,
}

impl RefreshCredential for Source {
    fn header_value<'a>(&'a self, credential: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        assert_eq!(credential, "operator");
        self.count.fetch_add(1, Ordering::Relaxed);
        let value = Some(self.value.clone().into_bytes());
        std::future::ready(value).boxed()
    }
}

/// A probe whose token has expired, with a source of new ones.
async fn probe(uri: String, new: &str) -> (Probe, Arc<AtomicUsize>) {
    let mut target = target(uri);
    target.metadata.push(Metadata {
        key: "authorization".to_owned(),
        value: EXPIRED.into(),
        methods: Some("*/SetStock".to_owned()),
        refreshable: Some("operator".to_owned()),
    });
    let count = Arc::new(AtomicUsize::new(0));
    let source = Source {
        value: new.to_owned(),
        count: Arc::clone(&count),
    };
    let probe = Probe::connect(&target).await.expect("the server is there");
    (probe.refreshing_by(Box::new(source)), count)
}

async fn set_stock(probe: &Probe, headers: &[(String, Vec<u8>)]) -> Option<i32> {
    let body = RawBody::new(frame(0, &[8, 1, 16, 1]));
    let outcome = probe.call(SET_STOCK, headers, body, LONG).await;
    answered(outcome).grpc_code()
}

#[tokio::test]
async fn calls_that_are_refused_together_share_a_new_token() {
    let server = book_server().await;
    let (probe, count) = probe(server.uri(), &format!("Bearer {}", servers::TOKEN)).await;
    let codes = join_all((0..10).map(|_| set_stock(&probe, &[]))).await;
    assert_eq!(codes, [Some(0); 10]);
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn call_with_a_credential_of_its_own_is_not_repeated() {
    let server = book_server().await;
    let (probe, count) = probe(server.uri(), &format!("Bearer {}", servers::TOKEN)).await;
    for value in ["", EXPIRED] {
        let headers = [("authorization".to_owned(), value.into())];
        assert_eq!(set_stock(&probe, &headers).await, Some(16));
    }
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn server_that_refuses_new_tokens_too_gets_only_three() {
    let server = book_server().await;
    let (probe, count) = probe(server.uri(), EXPIRED).await;
    for _ in 0..5 {
        assert_eq!(set_stock(&probe, &[]).await, Some(16));
    }
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

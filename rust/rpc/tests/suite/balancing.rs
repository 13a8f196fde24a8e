//! How the calls of one channel are spread over several servers.

use std::{net::TcpListener, time::Duration};

use futures::future::join_all;
use rpc::Channel;
use tokio::time::timeout;
use tonic::Status;

use crate::scripted_server::{Answer, ScriptedServer, call};

/// NO_SIDE_EFFECTS.
const GET_BOOK: &str = "bookstore.inventory.v1.InventoryService/GetBook";

/// A channel to as many servers, and to further URLs.
async fn channel(count: usize, more: &[&str]) -> (Vec<ScriptedServer>, Channel) {
    let started = join_all((0..count).map(|_| ScriptedServer::listen())).await;
    let (servers, urls): (Vec<_>, Vec<_>) = started.into_iter().unzip();
    let urls: Vec<_> = urls
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    (
        servers,
        Channel::connect_to(&urls, None).expect("addresses"),
    )
}

#[tokio::test]
async fn calls_are_spread_over_all_servers() {
    let (servers, channel) = channel(3, &[]).await;
    let counts = || -> Vec<_> { servers.iter().map(|server| server.calls().len()).collect() };
    // A server that once answers late, as on a busy machine, gets no calls for some seconds.
    let spread = async {
        while counts().iter().any(|count| *count < 30) {
            for _ in 0..30 {
                call(&channel, GET_BOOK, "").await.expect("all serve");
            }
        }
    };
    let is_spread = timeout(Duration::from_secs(60), spread).await.is_ok();
    assert!(is_spread, "{:?}", counts());
}

#[tokio::test]
async fn no_call_fails_while_one_server_is_unavailable() {
    let (servers, channel) = channel(3, &[]).await;
    let unavailable = Status::unavailable("the server stops");
    servers[0].otherwise(Some(Answer::Fails(unavailable)));
    for _ in 0..300 {
        call(&channel, GET_BOOK, "")
            .await
            .expect("the others serve");
    }
    let refused = servers[0].calls().len();
    assert!(refused <= 30, "{refused} calls were sent to it");
}

#[tokio::test]
async fn no_call_fails_while_nobody_listens_at_one_address() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", closed.local_addr().expect("it is bound"));
    drop(closed);
    let (_servers, channel) = channel(2, &[&url]).await;
    for _ in 0..100 {
        call(&channel, GET_BOOK, "")
            .await
            .expect("the others serve");
    }
}

#[tokio::test]
async fn server_that_hangs_gets_few_calls() {
    let (servers, channel) = channel(2, &[]).await;
    for _ in 0..20 {
        call(&channel, GET_BOOK, "").await.expect("both serve");
    }
    servers[0].otherwise(Some(Answer::Hangs));
    let before = servers[0].calls().len();
    let calls = (0..200).map(|_| call(&channel, GET_BOOK, "2S"));
    let outcomes = join_all(calls).await;
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let hanging = servers[0].calls().len() - before;
    assert!(
        failed <= hanging && hanging < 200,
        "{failed} failed, {hanging} hung"
    );

    // By now it is known to be slow.
    let before = servers[0].calls().len();
    for _ in 0..50 {
        call(&channel, GET_BOOK, "")
            .await
            .expect("the other serves");
    }
    assert_eq!(servers[0].calls().len() - before, 0);
}

#[tokio::test]
async fn name_is_resolved() {
    let (server, url) = ScriptedServer::listen().await;
    let url = url.replace("127.0.0.1", "localhost");
    let channel = Channel::connect(&url).expect("an address");
    call(&channel, GET_BOOK, "").await.expect("it serves");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn name_that_does_not_exist_is_told() {
    let channel = Channel::connect("http://nowhere.invalid:1").expect("an address");
    let status = call(&channel, GET_BOOK, "").await.expect_err("no server");
    assert!(
        status.message().contains("cannot reach nowhere.invalid:1"),
        "{status}"
    );
}

//! How often each caller may call: over its rate a call is refused with a retry delay, and other
//! callers are served.

use std::sync::Arc;

use contract::bookstore::{
    accounts::v1::{SignInRequest, session_service_client::SessionServiceClient},
    cart::v1::{
        GetCartRequest, cart_service_client::CartServiceClient,
        cart_service_server::CartServiceServer,
    },
    inventory::v1::{GetBookRequest, SetStockRequest},
};
use futures::future::BoxFuture;
use prost::Message;
use rpc::{
    AccountId, AuthenticationError, Authenticator, Caller, Channel, Options, RateLimits, Router,
    TrustedProxies, set_client_address,
};
use tokio::io::AsyncReadExt as _;
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::pb;
use uuid::Uuid;

use crate::{
    attacker::{Attacker, connect_from, grpc_message, soon},
    conditions::FakeCart,
    fakes::ECHO,
    harness::{Server, Transport, details, error_info, options},
};

/// Rates that do not grow again during a test. Loopback is not exempt.
const TWO_CALLS: &str = "
    exempt = []
    address.read = { per_second = 0.001, burst = 2 }
    address.write = { per_second = 0.001, burst = 2 }
    address.expensive = { per_second = 0.001, burst = 2 }
    address.token = { per_second = 0.001, burst = 5 }
    account.read = { per_second = 0.001, burst = 2 }
";

fn limited(text: &str) -> Options {
    Options {
        rate_limits: RateLimits::parse(text).expect("valid rates"),
        ..options()
    }
}

#[track_caller]
fn expect_limited<T: std::fmt::Debug>(result: Result<T, Status>) {
    let status = result.expect_err("it is over the rate");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(error_info(&status).reason, "RATE_LIMITED");
    let retry = pb::RetryInfo::decode(&*details(&status)[1].1).expect("a delay");
    let delay = retry.retry_delay.expect("a delay");
    assert!((1..=1000).contains(&delay.seconds), "{delay:?}");
}

#[tokio::test]
async fn call_over_its_rate_is_refused_and_other_callers_are_served() {
    let server = Server::with(Transport::Tcp, limited(TWO_CALLS)).await;
    server.get_book(ECHO).await.expect("the first");
    server.get_book(ECHO).await.expect("the second");
    expect_limited(server.get_book(ECHO).await);

    let mut health = HealthClient::new(server.channel.clone());
    let checked = health.check(HealthCheckRequest::default()).await;
    checked.expect("health is not limited");
    let mut guest = server.inventory();
    let write = guest.set_stock(SetStockRequest::default()).await;
    let refused = write.expect_err("no credential");
    assert_eq!(refused.code(), Code::Unauthenticated, "writes have a rate");
    let mut operator = server.operator();
    for _ in 0..4 {
        let book = operator.get_book(GetBookRequest { book_id: ECHO });
        book.await.expect("the operator is not limited");
    }
    let address = server.address.expect("a socket");
    let mut neighbour = Attacker::on(connect_from(2, address).await, 65_535).await;
    let body = grpc_message(&GetBookRequest { book_id: ECHO });
    neighbour.call(&body, true).await;
    let (answer, _stream) = neighbour.calls.pop().expect("one call");
    let answer = soon(answer).await.expect("an answer");
    assert!(!answer.headers().contains_key("grpc-status"), "{answer:?}");
}

#[tokio::test]
async fn calls_within_the_process_are_not_limited() {
    let server = Server::with(Transport::InProcess, limited(TWO_CALLS)).await;
    for _ in 0..5 {
        server.get_book(ECHO).await.expect("not limited");
    }
}

#[tokio::test]
async fn loopback_is_not_limited_by_default() {
    let text = TWO_CALLS.replace("exempt = []", "");
    let server = Server::with(Transport::Tcp, limited(&text)).await;
    for _ in 0..5 {
        server.get_book(ECHO).await.expect("not limited");
    }
}

#[tokio::test]
async fn token_that_nobody_verifies_does_not_evade_the_rate_of_the_address() {
    let server = Server::with(Transport::Tcp, limited(TWO_CALLS)).await;
    let get_book = async |token: &str| {
        let request = with_token(GetBookRequest { book_id: ECHO }, token);
        server.inventory().get_book(request).await
    };
    get_book("one").await.expect("the first");
    get_book("two").await.expect("the second");
    expect_limited(get_book("three").await);
}

/// Accepts the tokens `1` to `9`, each of an account of its own.
struct NumberedAccounts;

impl Authenticator for NumberedAccounts {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
        let account = token.parse().ok().filter(|number| (1..=9).contains(number));
        let account = account.map(|number| AccountId(Uuid::from_u128(number)));
        let caller = account.map(Caller::Account);
        Box::pin(async { caller.ok_or(AuthenticationError::Refused) })
    }
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a value");
    request.metadata_mut().insert("authorization", value);
    request
}

/// Gets the cart of the account with the token, over the network.
async fn carts(limits: &str) -> impl AsyncFn(&str) -> Result<String, Status> {
    let router = Router::new(limited(limits))
        .add(CartServiceServer::new(FakeCart))
        .verifying_tokens_by(Arc::new(NumberedAccounts));
    let listener = rpc::bind(([127, 0, 0, 1], 0).into()).await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(router.serve(listener, std::future::pending()));
    let channel = Channel::connect(&format!("http://{address}")).expect("an address");
    let client = CartServiceClient::new(channel.without_retries());
    async move |token: &str| {
        let mut client = client.clone();
        let request = with_token(GetCartRequest::default(), token);
        let cart = client.get_cart(request).await?.into_inner().cart;
        Ok(cart.expect("required").etag)
    }
}

#[tokio::test]
async fn each_account_has_a_rate_of_its_own() {
    let get_cart = carts(TWO_CALLS).await;
    get_cart("1").await.expect("the first");
    get_cart("1").await.expect("the second");
    expect_limited(get_cart("1").await);
    get_cart("2").await.expect("another account");
}

#[tokio::test]
async fn guessed_tokens_are_limited_by_address() {
    let get_cart = carts(TWO_CALLS).await;
    for number in 0..5 {
        let refused = get_cart(&format!("wrong-{number}")).await;
        let refused = refused.expect_err("it is wrong");
        assert_eq!(error_info(&refused).reason, "SESSION_INVALID");
    }
    expect_limited(get_cart("wrong-5").await);
    expect_limited(get_cart("1").await);
}

/// The server has no such service, so a call that is not limited fails with UNIMPLEMENTED.
#[tokio::test]
async fn expensive_call_of_a_service_counts_for_its_client() {
    let server = Server::with(Transport::InProcess, limited(TWO_CALLS)).await;
    let sign_in = async |channel: &Channel, client: [u8; 4]| {
        let mut request = Request::new(SignInRequest::default());
        set_client_address(request.metadata_mut(), client.into());
        let mut sessions = SessionServiceClient::new(channel.clone());
        sessions.sign_in(request).await
    };
    let shop = server.channel.clone();
    let shop = shop.as_service(&"marketplace".into(), None);
    for _ in 0..2 {
        let status = sign_in(&shop, [192, 0, 2, 1])
            .await
            .expect_err("no service");
        assert_eq!(status.code(), Code::Unimplemented);
    }
    expect_limited(sign_in(&shop, [192, 0, 2, 1]).await);
    let other = sign_in(&shop, [192, 0, 2, 2]).await;
    assert_eq!(other.expect_err("no service").code(), Code::Unimplemented);
    // Only services are believed.
    let other = sign_in(&server.channel, [192, 0, 2, 1]).await;
    assert_eq!(other.expect_err("no service").code(), Code::Unimplemented);
}

#[tokio::test]
async fn client_of_a_trusted_proxy_has_a_rate_of_its_own() {
    let get_book = async |server: &Server, forwarded: &str| {
        let mut request = Request::new(GetBookRequest { book_id: ECHO });
        let value = forwarded.parse().expect("a value");
        request.metadata_mut().insert("x-forwarded-for", value);
        server.inventory().get_book(request).await
    };
    let proxy = "127.0.0.1/32".parse().expect("a network");
    let trusting = Options {
        trusted_proxies: TrustedProxies::new([proxy]),
        ..limited(TWO_CALLS)
    };
    let server = Server::with(Transport::Tcp, trusting).await;
    for client in ["192.0.2.1", "192.0.2.2"] {
        for invented in ["198.51.100.1", "198.51.100.2"] {
            let answer = get_book(&server, &format!("{invented}, {client}")).await;
            answer.expect("it is within the rate of the client");
        }
        expect_limited(get_book(&server, client).await);
    }
    let server = Server::with(Transport::Tcp, limited(TWO_CALLS)).await;
    for client in ["192.0.2.1", "192.0.2.2"] {
        get_book(&server, client).await.expect("within the rate");
    }
    expect_limited(get_book(&server, "192.0.2.3").await);
}

#[tokio::test]
async fn connection_over_the_rate_of_its_peer_is_closed_at_once() {
    let limits = "exempt = []\naddress.connection = { per_second = 0.001, burst = 2 }";
    let server = Server::with(Transport::Tcp, limited(limits)).await;
    let address = server.address.expect("a socket");
    let body = grpc_message(&GetBookRequest { book_id: ECHO });
    let mut open = Vec::new();
    for peer in [2, 2, 3] {
        let mut client = Attacker::on(connect_from(peer, address).await, 65_535).await;
        client.call(&body, true).await;
        let (answer, _stream) = client.calls.pop().expect("one call");
        soon(answer).await.expect("an answer");
        open.push(client);
    }
    let mut third = connect_from(2, address).await;
    let read = soon(third.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

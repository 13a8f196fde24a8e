//! TLS: who clients and servers are by their certificates, handshakes, and certificates that
//! change while the server runs.

use std::{fs, path::PathBuf, time::Duration};

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, GetBookRequest, inventory_service_client::InventoryServiceClient,
};
use rpc::{Channel, ClientTlsFiles, Options, ServerTls, TlsError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Status};

use crate::{
    attacker::soon,
    authority::Authority,
    fakes::{ECHO, WAITS_FOR_GATE},
    harness::{Server, TOKEN, Transport, error_info, eventually, options},
};

const CART: &str = "spiffe://bindery/service/cart";

/// A server with certificates of this authority, and its URL.
async fn server(authority: &Authority) -> (Server, String) {
    server_with(authority, options()).await
}

async fn server_with(authority: &Authority, options: Options) -> (Server, String) {
    let tls = Some(authority.server_tls());
    let server = Server::with(Transport::Tcp, Options { tls, ..options }).await;
    let url = format!("https://{}", server.address.expect("a socket"));
    (server, url)
}

/// What the handler sees of the call; it ends with the caller.
async fn caller(channel: Channel) -> Result<String, Status> {
    let request = GetBookRequest { book_id: ECHO };
    let answer = InventoryServiceClient::new(channel)
        .get_book(request)
        .await?;
    Ok(answer.into_inner().book.expect("required").title)
}

/// Calls a method that only the services cart and transactions may call, with a request that
/// breaks a rule: INVALID_ARGUMENT if the caller is accepted.
async fn commit(channel: Channel) -> Status {
    let request = CommitReservationRequest::default();
    let answer = InventoryServiceClient::new(channel)
        .commit_reservation(request)
        .await;
    answer.expect_err("the request is not valid")
}

#[tokio::test]
async fn service_is_known_by_its_certificate() {
    let authority = Authority::new();
    let (_server, url) = server(&authority).await;
    let cart = authority.client("cart", &[CART]);
    let accepted = commit(authority.channel(&url, Some(cart.clone()))).await;
    assert_eq!(accepted.code(), Code::InvalidArgument, "{accepted}");
    let seen = caller(authority.channel(&url, Some(cart)))
        .await
        .expect("open");
    assert!(seen.ends_with("Service(ServiceName(\"cart\"))"), "{seen}");

    let several = [CART, "spiffe://bindery/service/reviews"];
    let several = authority.client("several", &several);
    let accepted = commit(authority.channel(&url, Some(several))).await;
    assert_eq!(accepted.code(), Code::InvalidArgument, "{accepted}");
}

#[tokio::test]
async fn certificate_that_may_not_call_is_refused_with_the_declared_error() {
    let authority = Authority::new();
    let (_server, url) = server(&authority).await;
    let other = Authority::new();
    let foreign = other.client("cart", &[CART]);
    let server_only = authority.server("cart-server", &["cart"]);
    let marketplace = authority.client("marketplace", &["spiffe://bindery/service/marketplace"]);
    for (identity, expected) in [
        (authority.expired_client("expired", &[CART]), "has expired"),
        (foreign, "authority that this server does not trust"),
        (server_only, "not one for clients"),
        (marketplace, "the service marketplace may not call"),
    ] {
        let status = commit(authority.channel(&url, Some(identity))).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
        assert_eq!(error_info(&status).reason, "CREDENTIAL_REFUSED");
        assert!(status.message().contains(expected), "{status}");
    }
    for nobody in [
        None,
        Some(authority.client("person", &["spiffe://bindery/client"])),
        Some(authority.client("elsewhere", &["spiffe://other/service/cart"])),
        Some(authority.client("no-name", &["spiffe://bindery/service/"])),
    ] {
        let status = commit(authority.channel(&url, nobody)).await;
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
        assert_eq!(error_info(&status).reason, "CREDENTIAL_MISSING");
    }
}

#[tokio::test]
async fn certificate_that_is_refused_is_no_obstacle_for_other_credentials() {
    let authority = Authority::new();
    let (_server, url) = server(&authority).await;
    let expired = authority.expired_client("expired", &[CART]);
    let channel = authority.channel(&url, Some(expired));
    let seen = caller(channel.clone()).await.expect("open to everybody");
    assert!(seen.ends_with("Anonymous"), "{seen}");
    let seen = caller(channel.with_operator_token(TOKEN)).await;
    let seen = seen.expect("the operator");
    assert!(seen.ends_with("Operator"), "{seen}");
}

#[tokio::test]
async fn certificate_takes_precedence_over_the_service_secret() {
    let authority = Authority::new();
    let secret = "0123456789abcdef0123456789abcdef";
    let options = Options {
        service_secrets: [("cart".to_owned(), secret.to_owned())].into(),
        ..options()
    };
    let (_server, url) = server_with(&authority, options).await;
    let as_cart = |channel: Channel| channel.as_service(&"cart".into(), Some(secret));
    let accepted = commit(as_cart(authority.channel(&url, None))).await;
    assert_eq!(accepted.code(), Code::InvalidArgument, "{accepted}");
    let marketplace = authority.client("marketplace", &["spiffe://bindery/service/marketplace"]);
    let refused = commit(as_cart(authority.channel(&url, Some(marketplace)))).await;
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
}

#[tokio::test]
async fn channel_trusts_only_servers_of_its_authority_with_the_right_name() {
    let authority = Authority::new();
    let (server, url) = server(&authority).await;
    let refused = caller(Authority::new().channel(&url, None)).await;
    let refused = refused.expect_err("a foreign authority");
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(refused.message().contains("UnknownIssuer"), "{refused}");

    let port = server.address.expect("a socket").port();
    let by_name = authority.channel(&format!("https://localhost:{port}"), None);
    caller(by_name)
        .await
        .expect("the certificate has this name");
    let by_other = authority.channel(&format!("https://127.0.0.2:{port}"), None);
    // The server listens on 127.0.0.1 only; the name matters after the connection.
    let refused = caller(by_other).await.expect_err("another address");
    assert_eq!(refused.code(), Code::Unavailable);

    let plain = Channel::connect(&format!("http://localhost:{port}")).expect("an address");
    let refused = caller(plain.without_retries()).await.expect_err("no TLS");
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test]
async fn server_with_another_name_is_refused() {
    let authority = Authority::new();
    let mut files = authority.server_files();
    (files.certificate, files.key) = authority.server("other", &["other.example"]);
    let tls = Some(ServerTls::load(files).expect("valid"));
    let server = Server::with(Transport::Tcp, Options { tls, ..options() }).await;
    let url = format!("https://{}", server.address.expect("a socket"));
    let refused = caller(authority.channel(&url, None)).await;
    let refused = refused.expect_err("it is not 127.0.0.1");
    assert!(
        refused.message().contains("not valid for name"),
        "{refused}"
    );
}

#[tokio::test]
async fn handshake_that_takes_too_long_is_closed_and_keeps_out_nobody() {
    let authority = Authority::new();
    let mut options = options();
    options.connections.handshake_timeout = Duration::from_millis(50);
    options.connections.max_connections = 4;
    options.connections.max_connections_per_peer = 4;
    let (_server, url) = server_with(&authority, options).await;
    let address = url.trim_start_matches("https://").to_owned();
    let mut silent = Vec::new();
    // The first bytes of a ClientHello that does not go on, and nothing at all.
    for begun in [&[22, 3, 1, 2, 0, 1][..], &[]].repeat(10) {
        let mut socket = TcpStream::connect(&address).await.expect("a connection");
        socket.write_all(begun).await.expect("sent");
        silent.push(socket);
    }
    for _ in 0..5 {
        caller(authority.channel(&url, None)).await.expect("served");
    }
    for mut socket in silent {
        let read = soon(socket.read(&mut [0; 1])).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}

#[tokio::test]
async fn changed_certificate_is_used_without_a_dropped_call() {
    let authority = Authority::new();
    let (server, url) = server(&authority).await;
    let channel = authority.channel(&url, None);
    let waiting = tokio::spawn({
        let mut client = InventoryServiceClient::new(channel.clone());
        let request = GetBookRequest {
            book_id: WAITS_FOR_GATE,
        };
        async move { client.get_book(request).await }
    });
    server.gate.wait_for_calls(1).await;

    // Another authority signs the new certificate, so that a client tells the two apart.
    let successor = Authority::new();
    let (certificate, key) = successor.server("new", &["localhost", "127.0.0.1"]);
    replace(&key, authority.folder().join("server.key"));
    let half = caller(channel.clone()).await;
    half.expect("a key without its certificate changes nothing");
    replace(&certificate, authority.folder().join("server.pem"));
    eventually(async || {
        caller(channel.clone())
            .await
            .expect("the open connection stays");
        caller(successor.channel(&url, None)).await.is_ok()
    })
    .await;
    server.gate.open();
    waiting.await.expect("no panic").expect("it is not dropped");
}

#[tokio::test]
async fn client_whose_authority_is_removed_loses_its_identity() {
    let authority = Authority::new();
    let (_server, url) = server(&authority).await;
    let cart = authority.channel(&url, Some(authority.client("cart", &[CART])));
    assert_eq!(commit(cart.clone()).await.code(), Code::InvalidArgument);
    let successor = Authority::new();
    let for_clients = authority.folder().join("client-ca.pem");
    replace(&successor.certificate_of_authority(), for_clients);
    eventually(async || {
        let status = commit(cart.clone()).await;
        let codes = [Code::InvalidArgument, Code::PermissionDenied];
        assert!(
            codes.contains(&status.code()),
            "no call is dropped: {status}"
        );
        status.code() == Code::PermissionDenied
    })
    .await;
}

#[tokio::test]
async fn certificate_that_expires_loses_its_identity_without_a_dropped_call() {
    let authority = Authority::new();
    let mut options = options();
    options.connections.certificate_check_interval = Duration::from_millis(50);
    let (_server, url) = server_with(&authority, options).await;
    let soon_expired = time::Duration::seconds(3);
    let cart = authority.client_until("cart", &[CART], soon_expired);
    let cart = authority.retrying_channel(&url, Some(cart));
    eventually(async || {
        let status = commit(cart.clone()).await;
        if status.code() == Code::PermissionDenied {
            assert!(status.message().contains("has expired"), "{status}");
            return true;
        }
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "no call is dropped: {status}"
        );
        false
    })
    .await;
}

#[tokio::test]
async fn unusable_files_are_refused() {
    let authority = Authority::new();
    let good = authority.server_files();
    let load = |change: &dyn Fn(&mut rpc::ServerTlsFiles)| {
        let mut files = good.clone();
        change(&mut files);
        ServerTls::load(files).err().expect("refused").to_string()
    };
    let missing = load(&|files| files.certificate = PathBuf::from("missing.pem"));
    assert!(
        missing.starts_with("missing.pem cannot be read"),
        "{missing}"
    );
    let (_, other_key) = authority.server("other", &["localhost"]);
    let mismatch = load(&|files| files.key = other_key.clone());
    assert!(mismatch.contains("does not belong to"), "{mismatch}");
    let no_key = load(&|files| files.certificate = files.key.clone());
    assert!(no_key.contains("contains no certificate"), "{no_key}");
    let readable = authority.folder().join("readable.key");
    fs::copy(&good.key, &readable).expect("copied");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&readable, mode).expect("it is our file");
    let readable = load(&|files| files.key = readable.clone());
    assert!(readable.contains("chmod 600"), "{readable}");

    let files = ClientTlsFiles {
        authorities: Some(good.key),
        identity: None,
    };
    let refused = rpc::ClientTls::load(files).err().expect("refused");
    assert!(matches!(refused, TlsError::Missing { .. }), "{refused}");
}

/// Replaces a file at once, as tools that renew certificates do.
fn replace(new: &PathBuf, old: PathBuf) {
    let temporary = old.with_extension("new");
    fs::copy(new, &temporary).expect("copied");
    fs::rename(temporary, old).expect("renamed");
}

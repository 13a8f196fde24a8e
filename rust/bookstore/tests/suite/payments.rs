//! Payments with the payment simulator in its own process.

use contract::payment::{
    PaymentRequest, PaymentResponse, payment_service_client::PaymentServiceClient,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::{Code, Status};

use crate::test_process::{Certificates, Folder, PaymentSimulator, TestProcess, free_address};

const ANY_PORT: &str = "127.0.0.1:0";

async fn pay(process: &TestProcess) -> Result<PaymentResponse, Status> {
    let payment = PaymentRequest {
        order_id: "order123".to_owned(),
        amount: 99.99,
        currency: "USD".to_owned(),
        user_id: "user456".to_owned(),
    };
    let mut client = PaymentServiceClient::new(process.channel());
    Ok(client.process_payment(payment).await?.into_inner())
}

fn json(response: &str) -> &str {
    response
        .split_once("\r\n\r\n")
        .expect("a head and a body")
        .1
}

#[tokio::test]
async fn payments_fail_while_the_provider_is_down_and_then_succeed() {
    let folder = Folder::new();
    let simulator = PaymentSimulator::start(&folder, ANY_PORT);
    let address = simulator.address.clone();
    let provider = format!("--payment-provider=http://{address}");
    let process = TestProcess::start(&folder, &["serve", "transactions", &provider]);
    assert_eq!(pay(&process).await.expect("it is paid").status, "SUCCESS");

    drop(simulator);
    let refused = pay(&process).await.expect_err("the provider is down");
    assert_eq!(refused.code(), Code::Unavailable);

    let _simulator = PaymentSimulator::start(&folder, &address);
    assert_eq!(pay(&process).await.expect("it is paid").status, "SUCCESS");
    process.stop().await;
}

#[tokio::test]
async fn charges_of_the_simulator_survive_a_kill() {
    let folder = Folder::new();
    let simulator = PaymentSimulator::start(&folder, ANY_PORT);
    let first = simulator.charge("one", "tok_visa").await;
    assert!(json(&first).contains("charge_id"), "{first}");
    let lost = simulator.charge("two", "tok_answer_lost").await;
    assert!(!lost.contains("charge_id"), "{lost}");

    drop(simulator);
    let simulator = PaymentSimulator::start(&folder, ANY_PORT);
    let again = simulator.charge("one", "tok_visa").await;
    assert_eq!(json(&again), json(&first));
    let found = simulator.charge("two", "tok_answer_lost").await;
    assert!(json(&found).contains("charge_id"), "{found}");
}

/// Returns the request that arrives on a connection.
async fn receive_request(stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut stream = BufReader::new(stream);
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let start = request.len();
        let read = stream.read_until(b'\n', &mut request).await;
        read.expect("the simulator sends a request");
        let line = String::from_utf8_lossy(&request[start..]).to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let head = request.len();
    request.resize(head + length, 0);
    let read = stream.read_exact(&mut request[head..]).await;
    read.expect("the simulator sends a body");
    request
}

/// Sends a request, and returns the first line of the response.
async fn forward(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> String {
    stream.write_all(request).await.expect("it reads");
    let mut line = String::new();
    let read = BufReader::new(stream).read_line(&mut line).await;
    read.expect("it answers");
    line.trim_end().to_owned()
}

/// The flag with the secret of webhooks.
fn secret(folder: &Folder) -> String {
    let file = folder.write_secret("webhook.secret", &"0123456789abcdef".repeat(2), 0o600);
    format!("--webhook-secret-file={}", file.display())
}

#[tokio::test]
async fn webhooks_that_the_provider_signed_are_received() {
    let folder = Folder::new();
    let secret = secret(&folder);
    let receiver = TcpListener::bind(ANY_PORT).await.expect("a free port");
    let address = receiver.local_addr().expect("it is bound");
    let url = format!("--webhook-url=http://{address}/webhooks");
    let simulator = PaymentSimulator::start_with(&folder, ANY_PORT, &[&url, &secret]);

    let webhooks = free_address().to_string();
    let provider = format!("--payment-provider=http://{}", simulator.address);
    let webhook_addr = format!("--webhook-addr={webhooks}");
    let arguments = ["serve", "transactions", &provider, &secret, &webhook_addr];
    let process = TestProcess::start(&folder, &arguments);
    assert_eq!(pay(&process).await.expect("it is paid").status, "SUCCESS");
    let (stream, _) = receiver.accept().await.expect("it listens");
    let request = receive_request(stream).await;
    let connect = async || TcpStream::connect(&webhooks).await.expect("it listens");
    assert_eq!(
        forward(connect().await, &request).await,
        "HTTP/1.1 204 No Content"
    );
    let mut changed = request;
    let end = changed.len() - 2;
    changed[end] ^= 1;
    assert_eq!(
        forward(connect().await, &changed).await,
        "HTTP/1.1 400 Bad Request"
    );
    process.stop().await;
}

#[tokio::test]
async fn provider_and_webhooks_are_reached_by_tls() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let foreign = Certificates::make(&folder, "foreign");
    let secret = secret(&folder);
    let receiver = TcpListener::bind(ANY_PORT).await.expect("a free port");
    let port = receiver.local_addr().expect("it is bound").port();
    let webhook_url = format!("--webhook-url=https://localhost:{port}/webhooks");
    let start = |authority: &Certificates| {
        let tls_dir = format!("--tls-dir={}/transactions", authority.folder());
        let simulator =
            PaymentSimulator::start_with(&folder, ANY_PORT, &[&tls_dir, &webhook_url, &secret]);
        let (_, port) = simulator.address.split_once(':').expect("a port");
        let provider = format!("--payment-provider=https://localhost:{port}");
        (simulator, provider)
    };

    let (simulator, provider) = start(&certificates);
    let webhooks = free_address();
    let webhook_addr = format!("--webhook-addr={webhooks}");
    let arguments = ["serve", "transactions", &provider, &secret, &webhook_addr];
    let process = TestProcess::with_certificates(&folder, &certificates, &arguments);
    assert_eq!(pay(&process).await.expect("it is paid").status, "SUCCESS");
    let (stream, _) = receiver.accept().await.expect("it listens");
    let stream = certificates.acceptor("transactions").accept(stream).await;
    let request = receive_request(stream.expect("a handshake")).await;
    let stream = TcpStream::connect(webhooks).await.expect("it listens");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = certificates.connector(None).connect(name, stream).await;
    assert_eq!(
        forward(stream.expect("a handshake"), &request).await,
        "HTTP/1.1 204 No Content"
    );
    process.stop().await;
    drop(simulator);

    let (_simulator, provider) = start(&foreign);
    let arguments = ["serve", "transactions", &provider];
    let process = TestProcess::with_certificates(&folder, &certificates, &arguments);
    let refused = pay(&process).await.expect_err("it has another authority");
    assert_eq!(refused.code(), Code::Unavailable);
    process.stop().await;
}

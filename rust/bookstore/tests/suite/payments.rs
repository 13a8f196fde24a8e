//! Payments with the payment simulator in its own process.

use contract::payment::{
    PaymentRequest, PaymentResponse, payment_service_client::PaymentServiceClient,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tonic::{Code, Status};

use crate::test_process::{Folder, PaymentSimulator, TestProcess};

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

/// Accepts a connection, and returns the request that arrives on it.
async fn receive_request(listener: &TcpListener) -> Vec<u8> {
    let (stream, _) = listener.accept().await.expect("it listens");
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
async fn forward(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(request).await.expect("it reads");
    let mut line = String::new();
    let read = BufReader::new(stream).read_line(&mut line).await;
    read.expect("it answers");
    line.trim_end().to_owned()
}

#[tokio::test]
async fn webhooks_that_the_provider_signed_are_received() {
    let folder = Folder::new();
    let secret = folder.write_secret("webhook.secret", &"0123456789abcdef".repeat(2), 0o600);
    let secret = format!("--webhook-secret-file={}", secret.display());
    let receiver = TcpListener::bind(ANY_PORT).await.expect("a free port");
    let address = receiver.local_addr().expect("it is bound");
    let url = format!("--webhook-url=http://{address}/webhooks");
    let simulator = PaymentSimulator::start_with(&folder, ANY_PORT, &[&url, &secret]);

    let free = TcpListener::bind(ANY_PORT).await.expect("a free port");
    let webhooks = free.local_addr().expect("it is bound").to_string();
    drop(free);
    let provider = format!("--payment-provider=http://{}", simulator.address);
    let webhook_addr = format!("--webhook-addr={webhooks}");
    let arguments = ["serve", "transactions", &provider, &secret, &webhook_addr];
    let process = TestProcess::start(&folder, &arguments);
    assert_eq!(pay(&process).await.expect("it is paid").status, "SUCCESS");
    let request = receive_request(&receiver).await;
    assert_eq!(
        forward(&webhooks, &request).await,
        "HTTP/1.1 204 No Content"
    );
    let mut changed = request;
    let end = changed.len() - 2;
    changed[end] ^= 1;
    assert_eq!(
        forward(&webhooks, &changed).await,
        "HTTP/1.1 400 Bad Request"
    );
    process.stop().await;
}

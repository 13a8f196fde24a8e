//! Payments with the payment simulator in its own process.

use contract::payment::{
    PaymentRequest, PaymentResponse, payment_service_client::PaymentServiceClient,
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

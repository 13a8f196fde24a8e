//! Tests of the second tutorial's service through its generated client and the layers of
//! `rpc`.

use std::sync::{Arc, Mutex};

use contract::payment::{
    PaymentRequest, PaymentResponse, payment_service_client::PaymentServiceClient,
};
use proptest::prelude::*;
use prost::Message;
use rpc::{Channel, Router};
use tonic::{Code, Status};
use tonic_types::pb;
use uuid::Uuid;

use crate::{ChargeError, ChargeReceipt, Payment, PaymentGateway, StubGateway, legacy};

fn serve(gateway: impl PaymentGateway) -> Channel {
    let router = Router::new(rpc::Options::default());
    router.add(legacy(gateway)).in_process()
}

async fn process(channel: &Channel, request: PaymentRequest) -> Result<PaymentResponse, Status> {
    let mut client = PaymentServiceClient::new(channel.clone());
    Ok(client.process_payment(request).await?.into_inner())
}

/// The request of the tutorial.
fn request() -> PaymentRequest {
    PaymentRequest {
        order_id: "order123".to_owned(),
        amount: 99.99,
        currency: "USD".to_owned(),
        user_id: "user456".to_owned(),
    }
}

/// Records the payments and returns the configured error, or success if there is none.
#[derive(Clone, Default)]
struct FakeGateway {
    payments: Arc<Mutex<Vec<Payment>>>,
    error: Option<fn() -> ChargeError>,
}

impl FakeGateway {
    fn payments(&self) -> Vec<Payment> {
        self.payments.lock().expect("no test panics here").clone()
    }
}

impl PaymentGateway for FakeGateway {
    async fn charge(&self, payment: &Payment) -> Result<ChargeReceipt, ChargeError> {
        let mut payments = self.payments.lock().expect("no test panics here");
        payments.push(payment.clone());
        match self.error {
            None => Ok(ChargeReceipt {
                payment_id: Uuid::nil(),
            }),
            Some(error) => Err(error()),
        }
    }
}

#[test]
fn request_is_encoded_as_in_the_original() {
    let bytes = request().encode_to_vec();
    assert_eq!(PaymentRequest::decode(&*bytes), Ok(request()));
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex,
        "0a086f72646572313233118fc2f5285cff58401a03555344220775736572343536"
    );
}

#[tokio::test]
async fn each_payment_succeeds_with_a_new_id() {
    let channel = serve(StubGateway);
    let first = process(&channel, request()).await.expect("it is accepted");
    let second = process(&channel, request()).await.expect("it is accepted");
    assert_eq!((&*first.status, &*second.status), ("SUCCESS", "SUCCESS"));
    assert_ne!(first.payment_id, second.payment_id);
    let id = Uuid::parse_str(&first.payment_id).expect("the id is a UUID");
    assert_eq!(id.get_version_num(), 7);
}

#[tokio::test]
async fn gateway_gets_the_requested_payment() {
    let gateway = FakeGateway::default();
    let channel = serve(gateway.clone());
    process(&channel, request()).await.expect("it is accepted");
    let [payment] = &gateway.payments()[..] else {
        panic!("there is one charge")
    };
    assert_eq!(payment.order_id.as_str(), "order123");
    assert_eq!(payment.user_id.as_str(), "user456");
    let amount = payment.amount;
    assert_eq!((amount.minor(), amount.currency_code()), (9999, "USD"));
}

#[tokio::test]
async fn declined_payment_has_the_status_failed_and_an_id() {
    let gateway = FakeGateway {
        error: Some(|| ChargeError::Declined {
            payment_id: Uuid::max(),
        }),
        ..FakeGateway::default()
    };
    let response = process(&serve(gateway), request()).await;
    let expected = PaymentResponse {
        payment_id: Uuid::max().to_string(),
        status: "FAILED".to_owned(),
    };
    assert_eq!(
        response.expect("a declined payment is not an error"),
        expected
    );
}

#[tokio::test]
async fn internal_error_is_not_sent_to_the_client() {
    let gateway = FakeGateway {
        error: Some(|| ChargeError::Failed("the secret of the bank".into())),
        ..FakeGateway::default()
    };
    let status = process(&serve(gateway), request()).await;
    let status = status.expect_err("the payment was not processed");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "internal error")
    );
}

#[tokio::test]
async fn invalid_request_is_refused_and_not_charged() {
    let amount = |amount| PaymentRequest {
        amount,
        ..request()
    };
    let currency = |currency: &str| PaymentRequest {
        currency: currency.to_owned(),
        ..request()
    };
    let order = |order_id: &str| PaymentRequest {
        order_id: order_id.to_owned(),
        ..request()
    };
    let user = |user_id: &str| PaymentRequest {
        user_id: user_id.to_owned(),
        ..request()
    };
    let cases = [
        (PaymentRequest::default(), "order_id", "ORDER_ID_UNSET"),
        (order(""), "order_id", "ORDER_ID_UNSET"),
        (order("  "), "order_id", "ORDER_ID_UNSET"),
        (user(""), "user_id", "USER_ID_UNSET"),
        (amount(0.0), "amount", "AMOUNT_INVALID"),
        (amount(-5.0), "amount", "AMOUNT_INVALID"),
        (amount(f64::NAN), "amount", "AMOUNT_INVALID"),
        (amount(f64::INFINITY), "amount", "AMOUNT_INVALID"),
        (amount(f64::NEG_INFINITY), "amount", "AMOUNT_INVALID"),
        (amount(0.001), "amount", "AMOUNT_INVALID"),
        (amount(1e300), "amount", "AMOUNT_INVALID"),
        (currency(""), "currency", "CURRENCY_UNKNOWN"),
        (currency("usd"), "currency", "CURRENCY_UNKNOWN"),
        (currency("ZZZ"), "currency", "CURRENCY_UNKNOWN"),
    ];
    let gateway = FakeGateway::default();
    let channel = serve(gateway.clone());
    for (request, field, reason) in cases {
        let shown = format!("{request:?}");
        let refused = process(&channel, request).await.expect_err(&shown);
        assert_eq!(refused.code(), Code::InvalidArgument, "{shown}");
        assert!(refused.message().starts_with(field), "{refused:?}");
        let inner = pb::Status::decode(refused.details()).expect("details decode");
        let info = pb::ErrorInfo::decode(&*inner.details[0].value).expect("the info decodes");
        assert_eq!((&*info.reason, &*info.metadata["field"]), (reason, field));
    }
    assert_eq!(gateway.payments(), []);
}

proptest! {
    #[test]
    fn only_positive_finite_amounts_are_charged(
        amount in prop_oneof![any::<u64>().prop_map(f64::from_bits), -1e3..1e9],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let gateway = FakeGateway::default();
        let response = runtime.expect("a runtime starts").block_on(process(
            &serve(gateway.clone()),
            PaymentRequest { amount, ..request() },
        ));
        let charged = gateway.payments();
        match response {
            Ok(_) => {
                prop_assert!(amount.is_finite() && amount > 0.0);
                prop_assert_eq!(charged.len(), 1);
                prop_assert!(charged[0].amount.minor() > 0);
            }
            Err(refused) => {
                prop_assert_eq!(refused.code(), Code::InvalidArgument);
                prop_assert_eq!(charged.len(), 0);
            }
        }
    }
}

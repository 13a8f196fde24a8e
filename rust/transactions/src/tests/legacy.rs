//! The second tutorial's service through its generated client and the layers of `rpc`.

use contract::payment::{
    PaymentRequest, PaymentResponse, payment_service_client::PaymentServiceClient,
};
use proptest::prelude::*;
use prost::Message;
use rpc::{Channel, Router};
use store::testing::TestDb;
use tonic::{Code, Status};
use tonic_types::pb;
use uuid::Uuid;

use super::{TestTransactions, fake_provider::Fault};
use crate::{ChargeOutcome, DeclineReason, TransactionId, legacy::charge_request};

store::both_engines! {
    crate::SCHEMA =>
    each_payment_is_a_new_charge,
    declined_payment_has_the_status_failed_and_an_id,
    silent_provider_is_unavailable,
    invalid_request_is_refused_and_not_charged,
}

struct Served {
    service: TestTransactions,
    channel: Channel,
    /// Kept because the channel works only while its router exists.
    _router: Router,
}

fn serve(database: &TestDb) -> Served {
    let service = TestTransactions::open(database);
    let router = Router::new(rpc::Options::default()).add(service.transactions.legacy_server());
    Served {
        service,
        channel: router.in_process(),
        _router: router,
    }
}

async fn process(served: &Served, request: PaymentRequest) -> Result<PaymentResponse, Status> {
    let mut client = PaymentServiceClient::new(served.channel.clone());
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

async fn each_payment_is_a_new_charge(database: TestDb) {
    let served = serve(&database);
    for charges in 1..=2 {
        let response = process(&served, request()).await.expect("it is accepted");
        assert_eq!(response.status, "SUCCESS");
        let id = Uuid::parse_str(&response.payment_id).expect("the id is a UUID");
        let transaction = served.service.read(TransactionId(id)).await;
        assert_eq!(transaction.amount, super::usd(9_999));
        assert_eq!(transaction.reference, "order123");
        assert_eq!(served.service.provider.charges(), charges);
    }
    served.service.assert_balanced().await;
}

async fn declined_payment_has_the_status_failed_and_an_id(database: TestDb) {
    let served = serve(&database);
    let declined = ChargeOutcome::Declined {
        reason: DeclineReason::Refused,
        method_label: "Visa".to_owned(),
    };
    served.service.provider.fail_with([Fault::Answer(declined)]);
    let response = process(&served, request()).await;
    let response = response.expect("a declined payment is not an error");
    assert_eq!(response.status, "FAILED");
    let id = Uuid::parse_str(&response.payment_id).expect("the id is a UUID");
    served.service.read(TransactionId(id)).await;
}

async fn silent_provider_is_unavailable(database: TestDb) {
    let served = serve(&database);
    served.service.provider.fail_with([Fault::AnswerLost]);
    let status = process(&served, request()).await;
    let status = status.expect_err("it is unknown whether the money was taken");
    assert_eq!(status.code(), Code::Unavailable);
}

async fn invalid_request_is_refused_and_not_charged(database: TestDb) {
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
    let served = serve(&database);
    for (request, field, reason) in cases {
        let shown = format!("{request:?}");
        let refused = process(&served, request).await.expect_err(&shown);
        assert_eq!(refused.code(), Code::InvalidArgument, "{shown}");
        assert!(refused.message().starts_with(field), "{refused:?}");
        let inner = pb::Status::decode(refused.details()).expect("details decode");
        let info = pb::ErrorInfo::decode(&*inner.details[0].value).expect("the info decodes");
        assert_eq!((&*info.reason, &*info.metadata["field"]), (reason, field));
    }
    assert_eq!(served.service.provider.calls(), 0);
}

proptest! {
    #[test]
    fn only_positive_finite_amounts_are_accepted(
        amount in prop_oneof![any::<u64>().prop_map(f64::from_bits), -1e3..1e9],
    ) {
        if let Ok(charge) = charge_request(PaymentRequest { amount, ..request() }) {
            prop_assert!(amount.is_finite() && amount > 0.0);
            prop_assert!(charge.amount.amount_minor > 0);
        }
    }
}

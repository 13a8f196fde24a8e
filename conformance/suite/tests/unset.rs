//! One snapshot per method that shows what users get when they leave a field unset.

use std::{fmt::Write, time::Duration};

use proofread::{
    case::{Case, Phase},
    cases::{Deriver, Fixtures},
    contract::{Contract, Method},
    judge::{code_of, details},
    oracle::Oracle,
    outcome::Outcome,
    probe::{Metadata, Probe, Target, request_body},
};
use serde_json::Value;
use suite::{AccountHelper, Bookstore, SERVICE_SECRET, root};
use uuid::Uuid;

/// The services that the bookstore implements. The contracts of the two tutorials have no
/// validation rules, so only the snapshots document what an unset field does there.
const IMPLEMENTED: [&str; 11] = [
    "Recommendations",
    "bookstore.accounts.v1.AccountService",
    "bookstore.accounts.v1.SessionService",
    "bookstore.cart.v1.CartService",
    "bookstore.cart.v1.CheckoutService",
    "bookstore.faults.v1.FaultService",
    "bookstore.inventory.v1.InventoryService",
    "bookstore.recommendations.v1.RecommendationService",
    "bookstore.reviews.v1.ReviewService",
    "bookstore.transactions.v1.TransactionService",
    "payment.PaymentService",
];

#[tokio::test(flavor = "multi_thread")]
async fn responses_to_unset_fields_match_the_snapshots() -> anyhow::Result<()> {
    let bookstore = Bookstore::start()?;
    let helper = AccountHelper {
        grpc_url: &bookstore.grpc,
        data: &bookstore.data(),
    };
    let session = helper.open("ada@example.org").await?.session_token;
    let ended_session = helper.open("bob@example.org").await?.session_token;
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let service = |name: &str| ("bindery-service", format!("{name} {SERVICE_SECRET}"));
    let metadata = [
        (
            bearer(&bookstore.operator_token()?),
            "bookstore.{inventory,faults}.v1.*/*",
        ),
        (
            bearer(&bookstore.operator_token()?),
            "*/{ShipOrder,ListAllOrders,ListPayments,GetLedger}",
        ),
        (
            bearer(&bookstore.operator_token()?),
            "*/{HideReview,ShowReview,ListAllReviews}",
        ),
        (
            bearer(&bookstore.operator_token()?),
            "*/{GetOperatorOrder,ResolveParked*,GetPayment,*OutboxMessage*}",
        ),
        (
            bearer(&session),
            "bookstore.accounts.v1.AccountService/{*Account,*Password*,SignUp,VerifyEmail}",
        ),
        (
            bearer(&session),
            "bookstore.accounts.v1.SessionService/*Session*",
        ),
        (bearer(&ended_session), "*/SignOut"),
        (
            bearer(&session),
            "*/{PlaceOrder,GetOrder,ListOrders,WatchOrder,CancelOrder}",
        ),
        (
            bearer(&session),
            "*/{GetTransaction,ListTransactions,ResendReceipt}",
        ),
        (bearer(&session), "*/{PutReview,GetReview,DeleteReview}"),
        (
            service("cart"),
            "*/{CommitReservation,ReleaseReservation,Charge,Refund}",
        ),
        (service("reviews"), "*/CheckPurchases"),
        (
            service("recommendations"),
            "*/{ListPurchases,ListReaderRatings}",
        ),
        (service("accounts"), "*/{Export,Delete}AccountData"),
        (
            ("bindery-account", Uuid::new_v4().to_string()),
            "*/{Export,Delete}AccountData",
        ),
    ];
    let metadata = metadata.map(|((key, value), methods)| Metadata {
        key: key.to_owned(),
        value: value.into_bytes(),
        methods: Some(methods.to_owned()),
        ..Metadata::default()
    });
    let probe = Probe::connect(&Target {
        metadata: metadata.into(),
        ..Target::new(&bookstore.grpc)
    })
    .await?;
    let contract = Contract::open(root().join("gen/contract.binpb"))?;
    let fixtures = Fixtures {
        fields: fixtures().into(),
    };
    let mut deriver = Deriver::new(&contract, &Oracle::new(&contract), &fixtures);
    let services = contract.services();
    for service in services.filter(|service| IMPLEMENTED.contains(&service.full_name.as_str())) {
        for method in &service.methods {
            let cases = deriver.derive(method).cases;
            let unset = cases.iter().filter(|case| case.phase == Phase::Unset);
            let table = responses(&probe, method, unset).await;
            insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(method.full_name.as_str(), table);
            });
        }
    }
    Ok(())
}

/// Values that the server knows, for fields whose valid values do not follow from the rules.
fn fixtures() -> [(String, Vec<Value>); 11] {
    [
        // A book that is in stock and that no other case changes.
        (
            "bookstore.inventory.v1.ReservationLine.book_id",
            Value::from(2),
        ),
        ("*.password", "correct horse battery".into()),
        (
            "bookstore.accounts.v1.UpdateAccountRequest.update_mask",
            "displayName".into(),
        ),
        ("bookstore.type.v1.Money.currency_code", "USD".into()),
        ("bookstore.type.v1.Money.amount_minor", 500.into()),
        (
            "bookstore.transactions.v1.PaymentMethod.token",
            "tok_visa".into(),
        ),
        ("*.cart_id", "6f1c9a52-3a53-4d1c-9d65-0c2f2a0b7e11".into()),
        ("payment.PaymentRequest.order_id", "order123".into()),
        ("payment.PaymentRequest.user_id", "user456".into()),
        ("payment.PaymentRequest.amount", 49.52.into()),
        ("payment.PaymentRequest.currency", "USD".into()),
    ]
    .map(|(field, value)| (field.to_owned(), vec![value]))
}

/// Sends the cases one after the other. Returns a table that is sorted by request and that
/// is the same in every run.
async fn responses<'c>(
    probe: &Probe,
    method: &Method,
    cases: impl Iterator<Item = &'c Case>,
) -> String {
    let mut rows = Vec::new();
    for case in cases {
        let response = probe.call(
            &method.path,
            &[],
            request_body(&case.send),
            Duration::from_secs(5),
        );
        rows.push(row(case, &response.await));
    }
    rows.sort();
    rows.concat()
}

/// One row of the table: what was sent, the status code, the reason of a domain error, and
/// each violation.
fn row(case: &Case, outcome: &Outcome) -> String {
    let code = code_of(outcome).map_or("no gRPC answer".to_owned(), |code| code.to_string());
    let mut row = format!("{}: {code}", case.intent);
    if let Outcome::Answered(answer) = outcome
        && let Ok(Some(read)) = details::parse(answer)
    {
        if let Some(reason) = read.reason {
            write!(row, " {reason}").expect("writing to a string");
        }
        for due in read.violations.unwrap_or_default() {
            write!(row, "\n    {}: {}", due.path, due.rule).expect("writing to a string");
        }
    }
    row + "\n"
}

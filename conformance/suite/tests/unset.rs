//! What users of the API experience when they leave a field unset: one snapshot a
//! method.

use std::{fmt::Write, time::Duration};

use proofread::{
    case::{Case, Phase},
    cases::{Deriver, Fixtures},
    contract::{Contract, Method},
    judge::{code_of, details},
    oracle::Oracle,
    outcome::Outcome,
    probe::{Metadata, Probe, Target, body_of},
};
use serde_json::Value;
use suite::{Bookstore, root};

/// The services that the bookstore implements. The contracts of the two tutorials have no
/// rules: what an unset field does there, only the snapshots say.
const SERVED: [&str; 4] = [
    "Recommendations",
    "bookstore.inventory.v1.InventoryService",
    "bookstore.recommendations.v1.RecommendationService",
    "payment.PaymentService",
];

#[tokio::test(flavor = "multi_thread")]
async fn unset_fields_are_answered_as_reviewed() -> anyhow::Result<()> {
    let bookstore = Bookstore::start()?;
    let probe = Probe::connect(&Target {
        metadata: vec![Metadata {
            key: "authorization".to_owned(),
            value: format!("Bearer {}", bookstore.operator_token()?).into_bytes(),
            methods: None,
        }],
        ..Target::new(&bookstore.grpc)
    })
    .await?;
    let contract = Contract::open(root().join("gen/contract.binpb"))?;
    let fixtures = Fixtures {
        fields: fixtures().into(),
    };
    let mut deriver = Deriver::new(&contract, &Oracle::new(&contract), &fixtures);
    let services = contract.services();
    for service in services.filter(|service| SERVED.contains(&service.full_name.as_str())) {
        for method in &service.methods {
            let cases = deriver.derive(method).cases;
            let unset = cases.iter().filter(|case| case.phase == Phase::Unset);
            let table = observe(&probe, method, unset).await;
            insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(method.full_name.as_str(), table);
            });
        }
    }
    Ok(())
}

/// What must exist, or what no rule says, for a request to be carried out.
fn fixtures() -> [(String, Vec<Value>); 5] {
    [
        // A book that is in stock, and that no other case changes.
        (
            "bookstore.inventory.v1.ReservationLine.book_id",
            Value::from(2),
        ),
        ("payment.PaymentRequest.order_id", "order123".into()),
        ("payment.PaymentRequest.user_id", "user456".into()),
        ("payment.PaymentRequest.amount", 49.52.into()),
        ("payment.PaymentRequest.currency", "USD".into()),
    ]
    .map(|(field, value)| (field.to_owned(), vec![value]))
}

/// Sends the cases one after the other. The table is sorted by what was sent, and holds
/// nothing that changes from run to run.
async fn observe<'c>(
    probe: &Probe,
    method: &Method,
    cases: impl Iterator<Item = &'c Case>,
) -> String {
    let mut rows = Vec::new();
    for case in cases {
        let sent = probe.call(
            &method.path,
            &[],
            body_of(&case.send),
            Duration::from_secs(5),
        );
        rows.push(row(case, &sent.await));
    }
    rows.sort();
    rows.concat()
}

/// What was sent; then the code, the reason of a domain error, and each violation.
fn row(case: &Case, outcome: &Outcome) -> String {
    let code = code_of(outcome).map_or("no gRPC answer".to_owned(), |code| code.to_string());
    let mut row = format!("{}: {code}", case.intent);
    if let Outcome::Answered(answer) = outcome
        && let Ok(Some(read)) = details::read(answer)
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

//! Replays, where `(proofread.v1.idempotency_key)` names the field that makes calls one
//! call: the same body gets the same answer, another body ALREADY_EXISTS.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use rand::random;

use super::{Claim, Context, Observed, Served, response};
use crate::{
    contract::{Code, Method},
    judge::{code_of, describe},
};

const ALREADY_EXISTS: Code = Code(6);

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let method = served.method;
    if method.client_streaming || method.server_streaming {
        return;
    }
    let Some(name) = &method.idempotency_key else {
        return;
    };
    let Some(key) = method.descriptor.input().get_field_by_name(name) else {
        observed.untried(&method.path, format!("its replay key {name:?} is no field"));
        return;
    };
    let mut untried = "no valid request with a new replay key is known".to_owned();
    for valid in &served.valid {
        let Some(request) = fresh(context, valid, &key) else {
            continue;
        };
        let first = context.call(method, &request).await;
        let Some(answer) = response(method, &first) else {
            untried = format!(
                "no request was accepted the first time ({}); a fixture may help",
                describe(&first)
            );
            continue;
        };
        same(context, method, &request, &answer, observed).await;
        other(context, served, &request, &key, observed).await;
        return;
    }
    observed.untried(&method.path, untried);
}

async fn same(
    context: &Context<'_>,
    method: &Method,
    request: &DynamicMessage,
    answer: &DynamicMessage,
    observed: &mut Observed,
) {
    let second = context.call(method, request).await;
    let claim = Claim::of(
        method,
        "replay/same-body",
        "an accepted request once more, with the same replay key",
        request,
    );
    let wrong = match response(method, &second) {
        Some(repeated) if repeated == *answer => None,
        Some(_) => Some("OK with another answer".to_owned()),
        None => Some(describe(&second)),
    };
    let expected = "the answer of the first call, by (proofread.v1.idempotency_key)";
    observed.claim(claim, wrong.map(|wrong| (expected.to_owned(), wrong)));
}

/// Another valid request under the same key.
async fn other(
    context: &Context<'_>,
    served: &Served<'_>,
    request: &DynamicMessage,
    key: &FieldDescriptor,
    observed: &mut Observed,
) {
    let method = served.method;
    let used = request.get_field(key).into_owned();
    let another = served.valid.iter().find_map(|valid| {
        let mut another = valid.clone();
        another.set_field(key, used.clone());
        let valid = context
            .oracle
            .violations(&another)
            .is_ok_and(|due| due.is_empty());
        (valid && another != *request).then_some(another)
    });
    let Some(another) = another else {
        observed.untried(&method.path, "no second valid request is known to replay");
        return;
    };
    let outcome = context.call(method, &another).await;
    let claim = Claim::of(
        method,
        "replay/other-body",
        "another valid request under a replay key that was used",
        &another,
    );
    let fine = code_of(&outcome) == Some(ALREADY_EXISTS)
        && context.undeclared(method, &another, &outcome).is_none();
    let wrong = (!fine).then(|| {
        let expected = "ALREADY_EXISTS, as declared, by (proofread.v1.idempotency_key)".to_owned();
        (expected, describe(&outcome))
    });
    observed.claim(claim, wrong);
}

/// The request with a key that nobody has used: from chance, not from the seed, or
/// the second run against a server would meet the keys of the first.
fn fresh(
    context: &Context<'_>,
    valid: &DynamicMessage,
    key: &FieldDescriptor,
) -> Option<DynamicMessage> {
    let chance: u128 = random();
    let candidates = match key.kind() {
        Kind::String => vec![
            Value::String(
                uuid::Builder::from_random_bytes(chance.to_be_bytes())
                    .into_uuid()
                    .to_string(),
            ),
            Value::String(format!("proofread-{:016x}", chance as u64)),
            Value::String(format!("proofread{}", chance as u32)),
        ],
        Kind::Bytes => vec![Value::Bytes(chance.to_be_bytes().to_vec().into())],
        Kind::Uint64 | Kind::Fixed64 => vec![Value::U64(chance as u64)],
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => vec![Value::I64((chance >> 65) as i64)],
        _ => Vec::new(),
    };
    candidates.into_iter().find_map(|candidate| {
        let mut request = valid.clone();
        request.set_field(key, candidate);
        let kept = context
            .oracle
            .violations(&request)
            .is_ok_and(|due| due.is_empty());
        kept.then_some(request)
    })
}

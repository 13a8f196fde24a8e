//! Idempotency keys, where `(proofread.v1.idempotency_key)` names the field of the request
//! that carries one: a repeated call with the same key and the same body must get the
//! first answer, one with another body ALREADY_EXISTS.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use rand::random;

use super::{Claim, Context, ScenarioResults, ServedMethod, response};
use crate::{
    contract::{Code, Method},
    judge::{code_of, describe_outcome},
};

const ALREADY_EXISTS: Code = Code(6);

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    if method.client_streaming || method.server_streaming {
        return;
    }
    let Some(name) = &method.idempotency_key else {
        return;
    };
    let Some(key) = method.descriptor.input().get_field_by_name(name) else {
        results.skipped(
            &method.path,
            format!("its idempotency key {name:?} is not a field of the request"),
        );
        return;
    };
    let mut reason = "no valid request with an unused idempotency key could be made".to_owned();
    for valid in &served.valid {
        let Some(request) = with_unused_key(context, valid, &key) else {
            continue;
        };
        let first = context.call(method, &request).await;
        let Some(answer) = response(method, &first) else {
            reason = format!(
                "no request was accepted ({}); a fixture may help",
                describe_outcome(&first)
            );
            continue;
        };
        check_same_body(context, method, &request, &answer, results).await;
        check_other_body(context, served, &request, &key, results).await;
        return;
    }
    results.skipped(&method.path, reason);
}

async fn check_same_body(
    context: &Context<'_>,
    method: &Method,
    request: &DynamicMessage,
    answer: &DynamicMessage,
    results: &mut ScenarioResults,
) {
    let second = context.call(method, request).await;
    let claim = Claim::of(
        method,
        "idempotency-key/same-body",
        "an accepted request again, with the same idempotency key",
        request,
    );
    let mismatch = match response(method, &second) {
        Some(repeated) if repeated == *answer => None,
        Some(_) => Some("OK with another answer".to_owned()),
        None => Some(describe_outcome(&second)),
    };
    let expected = "the answer of the first call, by (proofread.v1.idempotency_key)";
    results.claim(
        claim,
        mismatch.map(|observed| (expected.to_owned(), observed)),
    );
}

/// Sends another valid request with the same key.
async fn check_other_body(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    request: &DynamicMessage,
    key: &FieldDescriptor,
    results: &mut ScenarioResults,
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
        results.skipped(
            &method.path,
            "no second valid request is known that could reuse the idempotency key",
        );
        return;
    };
    let outcome = context.call(method, &another).await;
    let claim = Claim::of(
        method,
        "idempotency-key/other-body",
        "another valid request with a idempotency key that was used before",
        &another,
    );
    let fine = code_of(&outcome) == Some(ALREADY_EXISTS)
        && context.unacceptable(method, &another, &outcome).is_none();
    let mismatch = (!fine).then(|| {
        let expected = "ALREADY_EXISTS, as declared, by (proofread.v1.idempotency_key)".to_owned();
        (expected, describe_outcome(&outcome))
    });
    results.claim(claim, mismatch);
}

/// The request with a key that was never used. The key is random and does not depend on
/// the seed: otherwise the second run against a server would reuse the keys of the first.
pub(crate) fn with_unused_key(
    context: &Context<'_>,
    valid: &DynamicMessage,
    key: &FieldDescriptor,
) -> Option<DynamicMessage> {
    let random_key: u128 = random();
    let candidates = match key.kind() {
        Kind::String => vec![
            Value::String(
                uuid::Builder::from_random_bytes(random_key.to_be_bytes())
                    .into_uuid()
                    .to_string(),
            ),
            Value::String(format!("proofread-{:016x}", random_key as u64)),
            Value::String(format!("proofread{}", random_key as u32)),
        ],
        Kind::Bytes => vec![Value::Bytes(random_key.to_be_bytes().to_vec().into())],
        Kind::Uint64 | Kind::Fixed64 => vec![Value::U64(random_key as u64)],
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => vec![Value::I64((random_key >> 65) as i64)],
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

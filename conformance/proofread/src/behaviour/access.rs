//! Credentials, where `(proofread.v1.access)` requires one: a call with a missing or
//! wrong credential must be refused by UNAUTHENTICATED or PERMISSION_DENIED, before its
//! message is validated. Otherwise anonymous callers could probe the validation.

use prost_reflect::DynamicMessage;

use super::{Claim, Context, ScenarioResults, ServedMethod};
use crate::{
    contract::Code,
    judge::{code_of, describe_outcome, details},
    outcome::Outcome,
};

const PERMISSION_DENIED: Code = Code(7);
const UNAUTHENTICATED: Code = Code(16);

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let Some(access) = &method.access else {
        return;
    };
    let key = access.metadata_key.to_lowercase();
    if key.is_empty() || key.ends_with("-bin") {
        results.skipped(
            &method.path,
            format!("no wrong credential can be made for the metadata key {key:?}"),
        );
        return;
    }
    let empty = DynamicMessage::new(method.descriptor.input());
    // The empty message breaks rules, unless the request has none. A server that
    // validates first answers INVALID_ARGUMENT to it.
    let invalid = context
        .oracle
        .violations(&empty)
        .is_ok_and(|due| !due.is_empty());
    let mut requests = vec![("valid", served.valid.first())];
    if invalid {
        requests.push(("invalid", Some(&empty)));
    }
    for (id, request) in requests {
        let Some(request) = request else {
            continue;
        };
        let without = [(key.as_str(), b"".as_slice())];
        let wrong = [(key.as_str(), b"Bearer proofread-knows-no-token".as_slice())];
        for (what, header, codes) in [
            ("missing", without, &[UNAUTHENTICATED][..]),
            ("wrong", wrong, &[UNAUTHENTICATED, PERMISSION_DENIED][..]),
        ] {
            let outcome = context.call_with(method, request, &header).await;
            let intent = format!(
                "a request that is {id}, with the credential {:?} {what}",
                access.credential
            );
            let id = format!("access/{what}/{id}");
            let claim = Claim::of(method, &id, &intent, request);
            let mismatch = (!is_declared_refusal(context, served, &outcome, codes)).then(|| {
                let names: Vec<String> = codes.iter().map(Code::to_string).collect();
                let expected = format!(
                    "{}, as declared: the method requires the credential {:?}, and credentials are checked before messages",
                    names.join(" or "),
                    access.credential
                );
                (expected, describe_outcome(&outcome))
            });
            results.claim(claim, mismatch);
        }
    }
}

/// Whether the call was refused by one of `codes`, and as declared where the method
/// declares any of them.
fn is_declared_refusal(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    outcome: &Outcome,
    codes: &[Code],
) -> bool {
    let Some(code) = code_of(outcome).filter(|code| codes.contains(code)) else {
        return false;
    };
    let Some(contract) = context.judge.method_contract(&served.method.path) else {
        return true;
    };
    let declared = contract.errors().any(|error| codes.contains(&error.code));
    let Outcome::Answered(answer) = outcome else {
        return !declared;
    };
    let status_details = details::parse(answer).ok().flatten();
    let reason = status_details.and_then(|status_details| status_details.reason);
    !declared || contract.may_return(code, reason.as_deref())
}

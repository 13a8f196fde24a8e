//! Who may call a method, by `(proofread.v1.access)`. A call without an accepted credential
//! must be refused by UNAUTHENTICATED or PERMISSION_DENIED, before its message is
//! validated. Otherwise anonymous callers could probe the validation. Where the contract
//! opens a method to anybody for some requests, those must not be refused.
//!
//! A certificate proves its credential for a whole connection, so each attempt with another
//! certificate has a connection of its own. The server may refuse the connection too.

mod attempts;

use prost_reflect::DynamicMessage;

use super::{Claim, Context, ScenarioResults, ServedMethod};
use crate::{
    case::Expect,
    contract::{Access, Code},
    judge::{code_of, describe_outcome, details},
    outcome::Outcome,
};
use attempts::{Attempt, Attempts, Reaction};

const PERMISSION_DENIED: Code = Code(7);
const UNAUTHENTICATED: Code = Code(16);

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let Some(access) = method.access_text(|name| format!("{name:?}")) else {
        return;
    };
    let attempts = Attempts::of(context, method);
    if let Some(why) = &attempts.left_out {
        results.skipped(&method.path, why.clone());
    }
    let empty = DynamicMessage::new(method.descriptor.input());
    // The empty message breaks rules, unless the request has none. A server that
    // validates first answers INVALID_ARGUMENT to it. Messages without a required field are
    // not sent: many stacks parse a request before anything else.
    let breaks_rules = matches!(context.oracle.expectation([&empty]), Ok(Expect::Refused(_)));
    let closed = |request: &&DynamicMessage| !method.is_open_to_anybody_for(request);
    let valid = served.valid.iter().find(closed);
    let invalid = Some(&empty).filter(|_| breaks_rules).filter(closed);
    for (kind, request) in [("valid", valid), ("invalid", invalid)] {
        let Some(request) = request else {
            continue;
        };
        for attempt in attempts.all() {
            let reaction = attempt.make(context, method, request).await;
            let id = format!("access/{}/{kind}", attempt.id);
            let intent = format!("a request that is {kind}, with {}", attempt.description);
            let observed = match reaction {
                Reaction::ConnectionRefused => None,
                Reaction::Unreachable(cause) => Some(cause),
                Reaction::Outcome(outcome) => {
                    let refused = is_declared_refusal(context, served, &outcome, attempt.codes);
                    (!refused).then(|| describe_outcome(&outcome))
                }
            };
            let mismatch = observed.map(|observed| {
                let names: Vec<String> = attempt.codes.iter().map(Code::to_string).collect();
                let expected = format!(
                    "{}, as declared: access is for {access}, and is checked before messages",
                    names.join(" or "),
                );
                (expected, observed)
            });
            results.claim(Claim::of(method, &id, &intent, request), mismatch);
        }
    }
    if method.access.iter().any(Access::is_open) {
        open_request(context, served, (&access, &attempts.by_metadata), results).await;
    }
}

/// A request that anybody may make is not refused, whatever credential it has.
async fn open_request(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    (access, attempts): (&str, &[Attempt]),
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let mut valid = served.valid.iter();
    let Some(request) = valid.find(|request| method.is_open_to_anybody_for(request)) else {
        results.skipped(&method.path, "no valid request is open to anybody");
        return;
    };
    for attempt in attempts {
        let outcome = context.call_with(method, request, &attempt.headers()).await;
        let refused = code_of(&outcome)
            .is_none_or(|code| [UNAUTHENTICATED, PERMISSION_DENIED].contains(&code));
        let id = format!("access/{}/open", attempt.id);
        let intent = format!(
            "a request that anybody may make, with {}",
            attempt.description
        );
        let mismatch = refused.then(|| {
            let expected =
                format!("neither UNAUTHENTICATED nor PERMISSION_DENIED: access is for {access}");
            (expected, describe_outcome(&outcome))
        });
        results.claim(Claim::of(method, &id, &intent, request), mismatch);
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

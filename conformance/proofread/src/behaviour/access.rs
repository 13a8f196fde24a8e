//! Credentials, where `(proofread.v1.access)` asks for one: without it, and with a
//! wrong one, a call is refused as declared, and before its message is looked at: a
//! stranger learns nothing about validation.

use prost_reflect::DynamicMessage;

use super::{Claim, Context, Observed, Served};
use crate::{
    contract::Code,
    judge::{code_of, describe, details},
    outcome::Outcome,
};

const PERMISSION_DENIED: Code = Code(7);
const UNAUTHENTICATED: Code = Code(16);

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let method = served.method;
    let Some(access) = &method.access else {
        return;
    };
    let key = access.metadata_key.to_lowercase();
    if key.is_empty() || key.ends_with("-bin") {
        observed.untried(
            &method.path,
            format!("no wrong credential is known for the key {key:?}"),
        );
        return;
    }
    let empty = DynamicMessage::new(method.descriptor.input());
    // A message that breaks rules: were it validated first, the answer would tell.
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
            let wrong = (!refused(context, served, &outcome, codes)).then(|| {
                let names: Vec<String> = codes.iter().map(Code::to_string).collect();
                let expected = format!(
                    "{}, as declared: the method asks for the credential {:?}, and validation comes after it",
                    names.join(" or "),
                    access.credential
                );
                (expected, describe(&outcome))
            });
            observed.claim(claim, wrong);
        }
    }
}

/// By one of the codes; where the method declares any of them, as it does.
fn refused(context: &Context<'_>, served: &Served<'_>, outcome: &Outcome, codes: &[Code]) -> bool {
    let Some(code) = code_of(outcome).filter(|code| codes.contains(code)) else {
        return false;
    };
    let Some(known) = context.judge.known(&served.method.path) else {
        return true;
    };
    let declared = known.errors().any(|error| codes.contains(&error.code));
    let Outcome::Answered(answer) = outcome else {
        return !declared;
    };
    let read = details::read(answer).ok().flatten();
    let reason = read.and_then(|read| read.reason);
    !declared || known.may_return(code, reason.as_deref())
}

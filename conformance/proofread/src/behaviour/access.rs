//! Who may call a method, by `(proofread.v1.access)`. A call without an accepted credential
//! must be refused by UNAUTHENTICATED or PERMISSION_DENIED, before its message is
//! validated. Otherwise anonymous callers could probe the validation. Where the contract
//! opens a method to anybody for some requests, those must not be refused.

use prost_reflect::DynamicMessage;

use super::{Claim, Context, ScenarioResults, ServedMethod};
use crate::{
    case::Expect,
    contract::{Access, Code, Method},
    judge::{code_of, describe_outcome, details},
    outcome::Outcome,
};

const PERMISSION_DENIED: Code = Code(7);
const UNAUTHENTICATED: Code = Code(16);

const WRONG_CREDENTIAL: &[u8] = b"Bearer proofread-knows-no-token";

/// A way to call a method that it must not accept, except for requests that are open.
struct Attempt {
    /// `missing`, `wrong`, or `other-NAME`.
    id: String,
    /// The credential in words.
    description: String,
    headers: Vec<(String, Vec<u8>)>,
    /// The codes that refuse it.
    codes: &'static [Code],
}

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let Some(access) = method.access_text(|name| format!("{name:?}")) else {
        return;
    };
    let keys = metadata_keys([method]);
    if keys.is_empty() {
        let why = "no text metadata carries its credentials, so no wrong one can be made";
        results.skipped(&method.path, why);
        return;
    }
    let attempts = attempts(context, method, &keys);
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
        for attempt in &attempts {
            let outcome = context.call_with(method, request, &attempt.headers()).await;
            let id = format!("access/{}/{kind}", attempt.id);
            let intent = format!("a request that is {kind}, with {}", attempt.description);
            let refused = is_declared_refusal(context, served, &outcome, attempt.codes);
            let mismatch = (!refused).then(|| {
                let names: Vec<String> = attempt.codes.iter().map(Code::to_string).collect();
                let expected = format!(
                    "{}, as declared: access is for {access}, and is checked before messages",
                    names.join(" or "),
                );
                (expected, describe_outcome(&outcome))
            });
            results.claim(Claim::of(method, &id, &intent, request), mismatch);
        }
    }
    if method.access.iter().any(Access::is_open) {
        open_request(context, served, (&access, &attempts), results).await;
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

/// The metadata keys of all credentials that the methods accept, each once, in lower case.
/// Binary ones are left out, because they carry no `Bearer TOKEN`.
fn metadata_keys<'c>(methods: impl IntoIterator<Item = &'c Method>) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for access in methods.into_iter().flat_map(|method| &method.access) {
        let key = access.metadata_key.to_lowercase();
        if !key.is_empty() && !key.ends_with("-bin") && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn attempts(context: &Context<'_>, method: &Method, keys: &[String]) -> Vec<Attempt> {
    // Metadata of all calls may carry a credential for other methods. An empty value
    // removes a header.
    let all = metadata_keys(context.contract.methods()).into_iter();
    let without: Vec<(String, Vec<u8>)> = all.map(|key| (key, Vec::new())).collect();
    let with = |key: &str, value: &[u8]| {
        let mut headers = without.clone();
        headers.retain(|(other, _)| other != key);
        headers.push((key.to_owned(), value.to_vec()));
        headers
    };
    let mut attempts = vec![Attempt {
        id: "missing".to_owned(),
        description: "no credential".to_owned(),
        headers: without.clone(),
        codes: &[UNAUTHENTICATED],
    }];
    for (index, key) in keys.iter().enumerate() {
        let id = match index {
            0 => "wrong".to_owned(),
            _ => format!("wrong-{key}"),
        };
        attempts.push(Attempt {
            id,
            description: format!("a wrong credential in the metadata {key:?}"),
            headers: with(key, WRONG_CREDENTIAL),
            codes: &[UNAUTHENTICATED, PERMISSION_DENIED],
        });
    }
    for other in context.probe.credentials_not_for(method) {
        let name = &other.name;
        attempts.push(Attempt {
            id: format!("other-{name}"),
            description: format!("the credential {name:?}, which the method does not accept"),
            headers: with(&other.key, &other.value),
            codes: &[UNAUTHENTICATED, PERMISSION_DENIED],
        });
    }
    attempts
}

impl Attempt {
    fn headers(&self) -> Vec<(&str, &[u8])> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect()
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

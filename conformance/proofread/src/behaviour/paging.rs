//! Paging, where `(proofread.v1.paging)` declares it: pages of any size join to the
//! same list, none is larger than asked for, the walk ends, and a token that nobody
//! gave is refused.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::{Claim, Context, Observed, Served, ok, response};
use crate::{
    contract::{Code, Method, Paging},
    judge::{code_of, describe},
};

const INVALID_ARGUMENT: Code = Code(3);

/// The sizes of pages that are joined; the first that the rules allow is the big one.
const BIG: [i64; 7] = [1000, 500, 200, 100, 50, 20, 10];
const SMALL: [i64; 4] = [1, 2, 3, 7];

/// How many pages a walk takes at most: a catalogue may be long.
const STEPS: usize = 12;

/// How many requests are tried for one that lists enough.
const REQUESTS: usize = 8;

/// The four fields.
struct Fields {
    size: FieldDescriptor,
    token: FieldDescriptor,
    items: FieldDescriptor,
    next: FieldDescriptor,
}

/// The items of a few pages.
struct Walk {
    items: Vec<Value>,
    /// Whether the last page was reached.
    complete: bool,
}

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let method = served.method;
    let Some(paging) = &method.paging else {
        return;
    };
    if method.client_streaming || method.server_streaming {
        return;
    }
    let Some(fields) = Fields::of(method, paging) else {
        observed.untried(
            &method.path,
            "its (proofread.v1.paging) names fields that it does not have",
        );
        return;
    };
    bad_token(context, served, &fields, observed).await;
    let Some((request, big)) = richest(context, served, &fields).await else {
        observed.untried(
            &method.path,
            "no valid request lists two items or more; a fixture may help",
        );
        return;
    };
    let whole = match walk(context, method, &request, &fields, big).await {
        Ok(whole) => whole,
        Err(wrong) => {
            let intent = format!("a walk over pages of {big}");
            let claim = Claim::of(method, "paging/big", &intent, &request);
            observed.claim(claim, Some(wrong));
            return;
        }
    };
    distinct(method, &request, &whole, observed);
    for size in SMALL {
        if !is_valid(context, &sized(&request, &fields, size)) {
            continue;
        }
        let walked = walk(context, method, &request, &fields, size).await;
        let wrong = match walked {
            Ok(small) => join(&whole, &small, size),
            Err(wrong) => Some(wrong),
        };
        let id = format!("paging/size-{size}");
        let intent = format!("pages of {size}, joined, beside pages of {big}");
        observed.claim(Claim::of(method, &id, &intent, &request), wrong);
    }
}

impl Fields {
    fn of(method: &Method, paging: &Paging) -> Option<Self> {
        let of = |message: MessageDescriptor, name: &str| message.get_field_by_name(name);
        let (input, output) = (method.descriptor.input(), method.descriptor.output());
        Some(Self {
            size: of(input.clone(), &paging.size_field)?,
            token: of(input, &paging.token_field)?,
            items: of(output.clone(), &paging.items_field).filter(FieldDescriptor::is_list)?,
            next: of(output, &paging.next_token_field)?,
        })
    }

    fn items(&self, page: &DynamicMessage) -> Vec<Value> {
        let items = page.get_field(&self.items);
        items.as_list().unwrap_or_default().to_vec()
    }
}

/// The valid request that lists the most, with the greatest page that the rules
/// allow.
async fn richest(
    context: &Context<'_>,
    served: &Served<'_>,
    fields: &Fields,
) -> Option<(DynamicMessage, i64)> {
    let mut best: Option<(usize, DynamicMessage, i64)> = None;
    for valid in served.valid.iter().take(REQUESTS) {
        let mut request = valid.clone();
        request.clear_field(&fields.token);
        let fitting = BIG
            .into_iter()
            .find(|size| is_valid(context, &sized(&request, fields, *size)));
        let Some(big) = fitting else {
            continue;
        };
        let outcome = context
            .call(served.method, &sized(&request, fields, big))
            .await;
        let Some(page) = response(served.method, &outcome) else {
            continue;
        };
        let count = fields.items(&page).len();
        if count > best.as_ref().map_or(1, |(most, ..)| *most) {
            best = Some((count, request, big));
        }
    }
    best.map(|(_, request, big)| (request, big))
}

/// Follows the tokens from the first page; an error is what is wrong on the way.
async fn walk(
    context: &Context<'_>,
    method: &Method,
    request: &DynamicMessage,
    fields: &Fields,
    size: i64,
) -> Result<Walk, (String, String)> {
    let mut walk = Walk {
        items: Vec::new(),
        complete: false,
    };
    let mut request = sized(request, fields, size);
    for step in 1..=STEPS {
        let outcome = context.call(method, &request).await;
        let Some(page) = response(method, &outcome) else {
            let expected = format!("OK for page {step}, by the token of the page before");
            return Err((expected, describe(&outcome)));
        };
        let items = fields.items(&page);
        if usize::try_from(size).is_ok_and(|size| items.len() > size) {
            let expected = format!("at most {size} items, as {} asks", fields.size.name());
            return Err((expected, format!("{} items on page {step}", items.len())));
        }
        walk.items.extend(items);
        let next = page.get_field(&fields.next).into_owned();
        if next.is_default(&fields.next.kind()) {
            walk.complete = true;
            return Ok(walk);
        }
        if next == *request.get_field(&fields.token) {
            let expected = "a token that leads on".to_owned();
            return Err((
                expected,
                format!("page {step} names its own token as the next"),
            ));
        }
        request.set_field(&fields.token, next);
    }
    Ok(walk)
}

/// The shorter list must be the beginning of the longer one; the same where both
/// are complete.
fn join(whole: &Walk, small: &Walk, size: i64) -> Option<(String, String)> {
    let expected =
        || "the items of the big pages, in their order, by (proofread.v1.paging)".to_owned();
    let common = whole.items.len().min(small.items.len());
    let differing = (0..common).find(|at| whole.items[*at] != small.items[*at]);
    if let Some(at) = differing {
        let twice = small.items[..at].contains(&small.items[at]);
        let how = match twice {
            true => "was there already",
            false => "is another one",
        };
        let observed = format!("item {} of the pages of {size} {how}", at + 1);
        return Some((expected(), observed));
    }
    let ends_early = |one: &Walk, other: &Walk| one.complete && one.items.len() < other.items.len();
    (ends_early(whole, small) || ends_early(small, whole)).then(|| {
        let observed = format!(
            "{} items in pages of {size}, {} in big pages",
            small.items.len(),
            whole.items.len()
        );
        (expected(), observed)
    })
}

/// No message is there twice. Numbers and texts may be.
fn distinct(method: &Method, request: &DynamicMessage, whole: &Walk, observed: &mut Observed) {
    let messages = whole.items.iter().all(|item| item.as_message().is_some());
    let twice = whole
        .items
        .iter()
        .enumerate()
        .find(|(at, item)| messages && whole.items[..*at].contains(item));
    let wrong = twice.map(|(at, _)| {
        let expected = "every item once, by (proofread.v1.paging)".to_owned();
        (expected, format!("item {} was there already", at + 1))
    });
    let claim = Claim::of(method, "paging/distinct", "a walk over big pages", request);
    observed.claim(claim, wrong);
}

/// Where the method declares INVALID_ARGUMENT, this is when.
async fn bad_token(
    context: &Context<'_>,
    served: &Served<'_>,
    fields: &Fields,
    observed: &mut Observed,
) {
    let method = served.method;
    let known = context.judge.known(&method.path);
    let declared = known.is_some_and(|known| known.errors().any(|it| it.code == INVALID_ARGUMENT));
    if !declared || !matches!(fields.token.kind(), Kind::String) {
        return;
    }
    let mut request = served.valid[0].clone();
    let token = Value::String("proofread-was-never-given-this".to_owned());
    request.set_field(&fields.token, token);
    if !is_valid(context, &request) {
        return;
    }
    let outcome = context.call(method, &request).await;
    let fine = code_of(&outcome) == Some(INVALID_ARGUMENT)
        && context.undeclared(method, &request, &outcome).is_none();
    let wrong = (!fine && (ok(&outcome).is_some() || is_invalid(&outcome))).then(|| {
        let expected = "INVALID_ARGUMENT with its reason, as declared".to_owned();
        (expected, describe(&outcome))
    });
    let intent = "a page token that the method never gave";
    observed.claim(
        Claim::of(method, "paging/bad-token", intent, &request),
        wrong,
    );
}

fn is_invalid(outcome: &crate::outcome::Outcome) -> bool {
    code_of(outcome) == Some(INVALID_ARGUMENT)
}

fn sized(request: &DynamicMessage, fields: &Fields, size: i64) -> DynamicMessage {
    let value = match fields.size.kind() {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(size),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(size).unwrap_or(u32::MAX)),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(size.unsigned_abs()),
        _ => Value::I32(i32::try_from(size).unwrap_or(i32::MAX)),
    };
    let mut request = request.clone();
    // A size of another kind leaves the request as it is.
    let _ = request.try_set_field(&fields.size, value);
    request
}

fn is_valid(context: &Context<'_>, request: &DynamicMessage) -> bool {
    context
        .oracle
        .violations(request)
        .is_ok_and(|due| due.is_empty())
}

//! Paging, where `(proofread.v1.paging)` declares it: pages of every size must add up to
//! the same list, no page may be larger than requested, the list must end, and a page
//! token that the server never returned must be refused.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::{Claim, Context, ScenarioResults, ServedMethod, ok, response};
use crate::{
    contract::{Code, Method, Paging},
    judge::{code_of, describe_outcome},
};

const INVALID_ARGUMENT: Code = Code(3);

/// The candidates for the large page size; the first one that the rules allow is used.
const LARGE_SIZES: [i64; 7] = [1000, 500, 200, 100, 50, 20, 10];
/// The small page sizes whose pages are compared with the large ones.
const SMALL_SIZES: [i64; 4] = [1, 2, 3, 7];

/// How many pages are read at most: lists may be very long.
const MAX_PAGES: usize = 12;

/// How often a list is read again that others change while its small pages are read.
const MAX_CHANGES: usize = 3;

/// How many valid requests are tried to find one that lists at least two items.
const MAX_REQUESTS: usize = 8;

/// The four fields that the option names.
pub(crate) struct Fields {
    pub(crate) size: FieldDescriptor,
    pub(crate) token: FieldDescriptor,
    pub(crate) items: FieldDescriptor,
    pub(crate) next: FieldDescriptor,
}

/// The items of consecutive pages, from the first page on.
struct Walk {
    items: Vec<Value>,
    /// Whether the last page was reached.
    complete: bool,
}

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let Some(paging) = &method.paging else {
        return;
    };
    if method.client_streaming || method.server_streaming {
        return;
    }
    let Some(fields) = Fields::of(method, paging) else {
        results.skipped(
            &method.path,
            "its (proofread.v1.paging) names fields that do not exist",
        );
        return;
    };
    check_unknown_token(context, served, &fields, results).await;
    let Some((request, big)) = longest_listing(context, served, &fields).await else {
        results.skipped(
            &method.path,
            "no valid request lists at least two items; a fixture may help",
        );
        return;
    };
    let mut large_pages = match walk(context, method, &request, &fields, big).await {
        Ok(large_pages) => large_pages,
        Err(wrong) => {
            let intent = format!("all pages of size {big}");
            let claim = Claim::of(method, "paging/big", &intent, &request);
            results.claim(claim, Some(wrong));
            return;
        }
    };
    check_distinct(method, &request, &large_pages, results);
    for size in SMALL_SIZES {
        if !is_valid(context, &with_page_size(&request, &fields, size)) {
            continue;
        }
        let mut mismatch = None;
        for _ in 0..=MAX_CHANGES {
            mismatch = match walk(context, method, &request, &fields, size).await {
                Ok(small_pages) => compare_walks(&large_pages, &small_pages, size),
                Err(wrong) => Some(wrong),
            };
            if mismatch.is_none() {
                break;
            }
            // If the large pages have changed as well, others have changed the list meanwhile.
            match walk(context, method, &request, &fields, big).await {
                Ok(again) if again.items != large_pages.items => large_pages = again,
                _ => break,
            }
        }
        let id = format!("paging/size-{size}");
        let intent = format!("all pages of size {size}, compared with pages of size {big}");
        results.claim(Claim::of(method, &id, &intent, &request), mismatch);
    }
}

impl Fields {
    pub(crate) fn of(method: &Method, paging: &Paging) -> Option<Self> {
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

/// The valid request that lists the most items, and the largest page size that the rules
/// allow for it.
async fn longest_listing(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    fields: &Fields,
) -> Option<(DynamicMessage, i64)> {
    let mut best: Option<(usize, DynamicMessage, i64)> = None;
    for valid in served.valid.iter().take(MAX_REQUESTS) {
        let mut request = valid.clone();
        request.clear_field(&fields.token);
        let fitting = LARGE_SIZES
            .into_iter()
            .find(|size| is_valid(context, &with_page_size(&request, fields, *size)));
        let Some(big) = fitting else {
            continue;
        };
        let outcome = context
            .call(served.method, &with_page_size(&request, fields, big))
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

/// Reads pages by following the page tokens. The error is what was expected and what
/// was observed.
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
    let mut request = with_page_size(request, fields, size);
    for step in 1..=MAX_PAGES {
        let outcome = context.call(method, &request).await;
        let Some(page) = response(method, &outcome) else {
            let expected = format!("OK for page {step}, requested by the token of the page before");
            return Err((expected, describe_outcome(&outcome)));
        };
        let items = fields.items(&page);
        if usize::try_from(size).is_ok_and(|size| items.len() > size) {
            let expected = format!("at most {size} items, as {} requests", fields.size.name());
            return Err((expected, format!("{} items on page {step}", items.len())));
        }
        walk.items.extend(items);
        let next = page.get_field(&fields.next).into_owned();
        if next.is_default(&fields.next.kind()) {
            walk.complete = true;
            return Ok(walk);
        }
        if next == *request.get_field(&fields.token) {
            let expected = "the token of the following page".to_owned();
            return Err((
                expected,
                format!("page {step} returns its own token as the next one"),
            ));
        }
        request.set_field(&fields.token, next);
    }
    Ok(walk)
}

/// Checks that the shorter list is the beginning of the longer one, and that both are
/// equal where both are complete.
fn compare_walks(large_pages: &Walk, small_pages: &Walk, size: i64) -> Option<(String, String)> {
    let expected =
        || "the items of the large pages, in their order, by (proofread.v1.paging)".to_owned();
    let common = large_pages.items.len().min(small_pages.items.len());
    let differing = (0..common).find(|at| large_pages.items[*at] != small_pages.items[*at]);
    if let Some(at) = differing {
        let twice = small_pages.items[..at].contains(&small_pages.items[at]);
        let how = if twice {
            "was listed before"
        } else {
            "is another one"
        };
        let observed = format!("item {} of the pages of {size} {how}", at + 1);
        return Some((expected(), observed));
    }
    let ends_early = |one: &Walk, other: &Walk| one.complete && one.items.len() < other.items.len();
    (ends_early(large_pages, small_pages) || ends_early(small_pages, large_pages)).then(|| {
        let observed = format!(
            "{} items in pages of {size}, {} in large pages",
            small_pages.items.len(),
            large_pages.items.len()
        );
        (expected(), observed)
    })
}

/// Checks that no message is listed twice. Numbers and strings may be.
fn check_distinct(
    method: &Method,
    request: &DynamicMessage,
    large_pages: &Walk,
    results: &mut ScenarioResults,
) {
    let messages = large_pages
        .items
        .iter()
        .all(|item| item.as_message().is_some());
    let twice = large_pages
        .items
        .iter()
        .enumerate()
        .find(|(at, item)| messages && large_pages.items[..*at].contains(item));
    let mismatch = twice.map(|(at, _)| {
        let expected = "every item once, by (proofread.v1.paging)".to_owned();
        (expected, format!("item {} was listed before", at + 1))
    });
    let claim = Claim::of(method, "paging/distinct", "all large pages", request);
    results.claim(claim, mismatch);
}

/// Checks that an unknown page token is refused, where the method declares
/// INVALID_ARGUMENT.
async fn check_unknown_token(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    fields: &Fields,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let contract = context.judge.method_contract(&method.path);
    let declared =
        contract.is_some_and(|contract| contract.errors().any(|it| it.code == INVALID_ARGUMENT));
    if !declared || !matches!(fields.token.kind(), Kind::String) {
        return;
    }
    let mut request = served.valid[0].clone();
    let token = Value::String("proofread-unknown-page-token".to_owned());
    request.set_field(&fields.token, token);
    if !is_valid(context, &request) {
        return;
    }
    let outcome = context.call(method, &request).await;
    let fine = code_of(&outcome) == Some(INVALID_ARGUMENT)
        && context.unacceptable(method, &request, &outcome).is_none();
    let mismatch =
        (!fine && (ok(&outcome).is_some() || is_invalid_argument(&outcome))).then(|| {
            let expected = "INVALID_ARGUMENT with its reason, as declared".to_owned();
            (expected, describe_outcome(&outcome))
        });
    let intent = "a page token that the method never returned";
    results.claim(
        Claim::of(method, "paging/bad-token", intent, &request),
        mismatch,
    );
}

fn is_invalid_argument(outcome: &crate::outcome::Outcome) -> bool {
    code_of(outcome) == Some(INVALID_ARGUMENT)
}

fn with_page_size(request: &DynamicMessage, fields: &Fields, size: i64) -> DynamicMessage {
    let value = match fields.size.kind() {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(size),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(size).unwrap_or(u32::MAX)),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(size.unsigned_abs()),
        _ => Value::I32(i32::try_from(size).unwrap_or(i32::MAX)),
    };
    let mut request = request.clone();
    // A size field of another type leaves the request unchanged.
    let _ = request.try_set_field(&fields.size, value);
    request
}

fn is_valid(context: &Context<'_>, request: &DynamicMessage) -> bool {
    context
        .oracle
        .violations(request)
        .is_ok_and(|due| due.is_empty())
}

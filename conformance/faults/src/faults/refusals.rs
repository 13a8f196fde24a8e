//! Faults in the status of refused requests.

use proofread::{
    case::Phase::{Behaviour, Boundary, Unset},
    finding::FindingKind::{
        Protocol, TrailerTooBig, ValidRefused, WrongCode, WrongDetails, WrongViolations,
    },
};
use prost_protovalidate_types::{Violations, field_path_element::Subscript};
use tonic::{Code, Status};
use tonic_types::pb::{BadRequest, bad_request::FieldViolation};

use super::{
    Fault, FaultyResponse,
    fault_behaviour::{ChangeRefusal, ChangeReply, RespondInstead},
};
use crate::{
    call::{Call, Reply},
    refusal::{Detail, Refusal},
};

const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const IMPORT: &str = "/bookstore.inventory.v1.InventoryService/ImportBooks";
const INT32: &str = "/rules.v1.NumberService/CheckInt32";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const MAPS: &str = "/rules.v1.StructureService/CheckMaps";
const NESTED: &str = "/rules.v1.StructureService/CheckNested";
const NAMES: &str = "/rules.v1.StringService/CheckNames";

fn code(code: Code) -> ChangeRefusal<impl Fn(&mut Refusal)> {
    ChangeRefusal(move |refusal: &mut Refusal| {
        refusal.code = code;
        refusal.inner_code = code;
    })
}

fn order(details: &'static [Detail]) -> ChangeRefusal<impl Fn(&mut Refusal)> {
    ChangeRefusal(move |refusal: &mut Refusal| refusal.order = details.to_vec())
}

/// Changes the field paths in both details.
fn paths(
    change: impl Fn(&mut prost_protovalidate_types::FieldPath) + Send + Sync,
) -> impl Fn(&mut Refusal) + Send + Sync {
    move |refusal: &mut Refusal| {
        let violations = refusal.violations.violations.iter_mut();
        for (violation, field_violation) in
            violations.zip(&mut refusal.bad_request.field_violations)
        {
            if let Some(path) = &mut violation.field {
                change(path);
                field_violation.field = path_text(path);
            }
        }
    }
}

/// Formats a field path. Map keys are not supported, since no fault needs them.
fn path_text(path: &prost_protovalidate_types::FieldPath) -> String {
    let elements = path.elements.iter().map(|element| match element.subscript {
        Some(Subscript::Index(index)) => format!("{}[{index}]", element.field_name()),
        _ => element.field_name().to_owned(),
    });
    elements.collect::<Vec<_>>().join(".")
}

fn rules(change: impl Fn(&str) -> String + Send + Sync) -> ChangeRefusal<impl Fn(&mut Refusal)> {
    ChangeRefusal(move |refusal: &mut Refusal| {
        let violations = refusal.violations.violations.iter_mut();
        for (violation, field_violation) in
            violations.zip(&mut refusal.bad_request.field_violations)
        {
            let rule = change(violation.rule_id());
            field_violation.reason = rule.replace('.', "_").to_uppercase();
            violation.rule_id = Some(rule);
        }
    })
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let wrong_code = (Unset, WrongCode);
    let violations = (Unset, WrongViolations);
    let details = (Unset, WrongDetails);
    let mut faults = vec![
        Fault::new("refusals/unknown", "refuses with UNKNOWN, like an uncaught exception", RECOMMEND, wrong_code, code(Code::Unknown)),
        Fault::new("refusals/internal", "refuses with INTERNAL", INT32, wrong_code, code(Code::Internal)),
        Fault::new("refusals/failed-precondition", "refuses with FAILED_PRECONDITION", NAMES, wrong_code, code(Code::FailedPrecondition)),
        Fault::new("refusals/out-of-range", "refuses numbers with OUT_OF_RANGE", INT32, wrong_code, code(Code::OutOfRange)),
        Fault::new("refusals/path-in-camel-case", "writes field names in camel case, as in JSON", INT32, violations,
            ChangeRefusal(paths(|path| path.elements.iter_mut().for_each(|it| it.field_name = Some(camel(it.field_name())))))),
        Fault::new("refusals/path-without-parents", "omits the parent messages from the field path", NESTED, violations,
            ChangeRefusal(paths(|path| { path.elements.drain(..path.elements.len().saturating_sub(1)); }))),
        Fault::new("refusals/path-of-parent", "reports the parent message instead of the field", NESTED, violations,
            ChangeRefusal(paths(|path| if path.elements.len() > 1 { path.elements.pop(); }))),
        Fault::new("refusals/path-without-index", "reports the list instead of the item", LISTS, (Boundary, WrongViolations),
            ChangeRefusal(paths(|path| path.elements.iter_mut().for_each(|it| it.subscript = None)))),
        Fault::new("refusals/path-index-from-one", "counts list items from one", LISTS, (Boundary, WrongViolations),
            ChangeRefusal(paths(|path| for element in &mut path.elements {
                if let Some(Subscript::Index(index)) = &mut element.subscript { *index += 1; }
            }))),
        Fault::new("refusals/path-without-key", "reports the map instead of the entry", MAPS, (Boundary, WrongViolations),
            ChangeRefusal(paths(|path| path.elements.iter_mut().for_each(|it| it.subscript = None)))),
        Fault::new("refusals/path-missing", "reports no field path", INT32, violations,
            ChangeRefusal(|refusal: &mut Refusal| {
                refusal.violations.violations.iter_mut().for_each(|it| it.field = None);
                refusal.bad_request.field_violations.iter_mut().for_each(|it| it.field.clear());
            })),
        Fault::new("refusals/rule-missing", "reports no rule id", RECOMMEND, violations,
            ChangeRefusal(|refusal: &mut Refusal| refusal.violations.violations.iter_mut().for_each(|it| it.rule_id = None))),
        Fault::new("refusals/rule-general", "reports the same rule id for every violation", INT32, violations, rules(|_| "invalid".to_owned())),
        Fault::new("refusals/rule-without-type", "omits the type from the rule id", INT32, violations,
            rules(|rule| rule.rsplit('.').next().unwrap_or_default().to_owned())),
        Fault::new("refusals/range-as-half", "reports one bound of a rule that has two", RECOMMEND, violations,
            rules(|rule| rule.replace("gte_lte", "gte"))),
        Fault::new("refusals/empty-as-format", "does not distinguish an empty string from one with a wrong format", NAMES, violations,
            rules(|rule| rule.trim_end_matches("_empty").to_owned())),
        Fault::new("refusals/first-only", "reports only the first violation", RECOMMEND, (Unset, WrongViolations),
            ChangeRefusal(|refusal: &mut Refusal| {
                refusal.violations.violations.truncate(1);
                refusal.bad_request.field_violations.truncate(1);
            })),
        Fault::new("refusals/one-more", "reports a violation that does not exist", RECOMMEND, violations,
            ChangeRefusal(|refusal: &mut Refusal| {
                let other = Refusal::of("user_id", "string.uuid");
                refusal.violations.violations.extend(other.violations.violations);
                refusal.bad_request.field_violations.extend(other.bad_request.field_violations);
            })),
        Fault::new("refusals/no-details", "sends no details", RECOMMEND, details, order(&[])),
        Fault::new("refusals/no-violations", "omits buf.validate.Violations", RECOMMEND, details, order(&[Detail::BadRequest])),
        Fault::new("refusals/no-bad-request", "omits google.rpc.BadRequest", RECOMMEND, details, order(&[Detail::Violations])),
        Fault::new("refusals/details-reversed", "sends the details in reverse order", RECOMMEND, details, order(&[Detail::BadRequest, Detail::Violations])),
        Fault::new("refusals/details-garbage", "sends violations that can't be decoded", RECOMMEND, details, order(&[Detail::Garbage, Detail::BadRequest])),
        Fault::new("refusals/details-contradict", "reports different fields in the two details", RECOMMEND, details,
            ChangeRefusal(|refusal: &mut Refusal| refusal.bad_request.field_violations.iter_mut().for_each(|it| it.field = "user_id".to_owned()))),
        Fault::new("refusals/bad-request-shorter", "omits a violation from google.rpc.BadRequest", INT32, details,
            ChangeRefusal(|refusal: &mut Refusal| { refusal.bad_request.field_violations.pop(); })),
        Fault::new("refusals/inner-code", "sends different codes in grpc-status and google.rpc.Status", RECOMMEND, details,
            ChangeRefusal(|refusal: &mut Refusal| refusal.inner_code = Code::Unknown)),
        Fault::new("refusals/inner-message", "sends different messages in grpc-message and google.rpc.Status", RECOMMEND, details,
            ChangeRefusal(|refusal: &mut Refusal| refusal.inner_message = "something else".to_owned())),
    ];
    faults.extend(whole_status());
    faults
}

/// Faults that concern the whole status.
#[rustfmt::skip]
fn whole_status() -> Vec<Fault> {
    let empty = || Refusal { violations: Violations { violations: vec![Default::default()] },
        bad_request: BadRequest { field_violations: vec![FieldViolation::default()] }, ..Refusal::of("", "") };
    vec![
        Fault::new("refusals/one-empty-violation", "sends one empty violation for every invalid request", RECOMMEND, (Unset, WrongViolations),
            ChangeRefusal(move |refusal: &mut Refusal| *refusal = empty())),
        Fault::new("refusals/everything", "refuses every request with INVALID_ARGUMENT and an empty violation", RECOMMEND, (proofread::case::Phase::Baseline, ValidRefused),
            RespondInstead(move |_: &Call| Some(FaultyResponse::Reply(Reply::status(empty().status()))))),
        Fault::new("refusals/everything-bare", "refuses every request with INVALID_ARGUMENT and no details", INT32, (proofread::case::Phase::Baseline, ValidRefused),
            RespondInstead(|_: &Call| Some(FaultyResponse::Reply(Reply::status(Status::invalid_argument("no")))))),
        Fault::new("refusals/base64-broken", "sends details that are not valid base64", RECOMMEND, (Unset, WrongDetails),
            ChangeReply(|reply: &mut Reply, _: &Call| {
                if reply.refusal().is_some() {
                    reply.status_fields_mut().insert("grpc-status-details-bin", http::HeaderValue::from_static("%%%"));
                }
            })),
        Fault::new("refusals/message-not-encoded", "sends a message that is not percent-encoded", RECOMMEND, (Unset, Protocol),
            ChangeReply(|reply: &mut Reply, _: &Call| {
                if reply.refusal().is_some()
                    && let Ok(message) = http::HeaderValue::from_bytes("catégorie: 100% wrong".as_bytes())
                {
                    reply.status_fields_mut().insert("grpc-message", message);
                }
            })),
        Fault::new("refusals/trailer-too-big", "sends all violations, however large the trailers become", IMPORT, (Behaviour, TrailerTooBig),
            ChangeRefusal(|refusal: &mut Refusal| {
                if refusal.violations.violations.len() > 3 {
                    for _ in 0..3 {
                        refusal.violations.violations.extend_from_within(..);
                        refusal.bad_request.field_violations.extend_from_within(..);
                    }
                }
            })),
        Fault::new("refusals/status-twice", "sends the status in the headers and in the trailers", RECOMMEND, (Unset, Protocol),
            ChangeReply(|reply: &mut Reply, _: &Call| {
                if reply.refusal().is_some() {
                    reply.trailers = Some(reply.headers.clone());
                }
            })),
    ]
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |done, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        done + &head.to_uppercase() + tail
    })
}

//! Faults of a server that does refuse, and says it wrongly.

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
    Answer, Fault,
    wrong::{Answering, Instead, Refusing},
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
const NAMES: &str = "/rules.v1.TextService/CheckNames";

fn code(code: Code) -> Refusing<impl Fn(&mut Refusal)> {
    Refusing(move |refusal: &mut Refusal| {
        refusal.code = code;
        refusal.inner_code = code;
    })
}

fn order(details: &'static [Detail]) -> Refusing<impl Fn(&mut Refusal)> {
    Refusing(move |refusal: &mut Refusal| refusal.order = details.to_vec())
}

/// Does something to the names of a path, in both details.
fn paths(
    change: impl Fn(&mut prost_protovalidate_types::FieldPath) + Send + Sync,
) -> impl Fn(&mut Refusal) + Send + Sync {
    move |refusal: &mut Refusal| {
        let listed = refusal.violations.violations.iter_mut();
        for (violation, other) in listed.zip(&mut refusal.bad_request.field_violations) {
            if let Some(path) = &mut violation.field {
                change(path);
                other.field = written(path);
            }
        }
    }
}

/// A path as text. Only as much of it as the faults need: no keys of maps.
fn written(path: &prost_protovalidate_types::FieldPath) -> String {
    let elements = path.elements.iter().map(|element| match element.subscript {
        Some(Subscript::Index(index)) => format!("{}[{index}]", element.field_name()),
        _ => element.field_name().to_owned(),
    });
    elements.collect::<Vec<_>>().join(".")
}

fn rules(change: impl Fn(&str) -> String + Send + Sync) -> Refusing<impl Fn(&mut Refusal)> {
    Refusing(move |refusal: &mut Refusal| {
        let listed = refusal.violations.violations.iter_mut();
        for (violation, other) in listed.zip(&mut refusal.bad_request.field_violations) {
            let rule = change(violation.rule_id());
            other.reason = rule.replace('.', "_").to_uppercase();
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
        Fault::new("refusals/unknown", "refuses with UNKNOWN, as an exception that nobody caught", RECOMMEND, wrong_code, code(Code::Unknown)),
        Fault::new("refusals/internal", "refuses with INTERNAL", INT32, wrong_code, code(Code::Internal)),
        Fault::new("refusals/failed-precondition", "refuses with FAILED_PRECONDITION", NAMES, wrong_code, code(Code::FailedPrecondition)),
        Fault::new("refusals/out-of-range", "refuses numbers with OUT_OF_RANGE", INT32, wrong_code, code(Code::OutOfRange)),
        Fault::new("refusals/path-in-camel-case", "names fields as JSON does", INT32, violations,
            Refusing(paths(|path| path.elements.iter_mut().for_each(|it| it.field_name = Some(camel(it.field_name())))))),
        Fault::new("refusals/path-without-parents", "names the field without the messages that it is in", NESTED, violations,
            Refusing(paths(|path| { path.elements.drain(..path.elements.len().saturating_sub(1)); }))),
        Fault::new("refusals/path-of-parent", "names the message and not the field in it", NESTED, violations,
            Refusing(paths(|path| if path.elements.len() > 1 { path.elements.pop(); }))),
        Fault::new("refusals/path-without-index", "names the list and not the item", LISTS, (Boundary, WrongViolations),
            Refusing(paths(|path| path.elements.iter_mut().for_each(|it| it.subscript = None)))),
        Fault::new("refusals/path-index-from-one", "counts items from one", LISTS, (Boundary, WrongViolations),
            Refusing(paths(|path| for element in &mut path.elements {
                if let Some(Subscript::Index(index)) = &mut element.subscript { *index += 1; }
            }))),
        Fault::new("refusals/path-without-key", "names the map and not the pair", MAPS, (Boundary, WrongViolations),
            Refusing(paths(|path| path.elements.iter_mut().for_each(|it| it.subscript = None)))),
        Fault::new("refusals/path-missing", "names no field", INT32, violations,
            Refusing(|refusal: &mut Refusal| {
                refusal.violations.violations.iter_mut().for_each(|it| it.field = None);
                refusal.bad_request.field_violations.iter_mut().for_each(|it| it.field.clear());
            })),
        Fault::new("refusals/rule-missing", "names no rule", RECOMMEND, violations,
            Refusing(|refusal: &mut Refusal| refusal.violations.violations.iter_mut().for_each(|it| it.rule_id = None))),
        Fault::new("refusals/rule-general", "names one rule for everything", INT32, violations, rules(|_| "invalid".to_owned())),
        Fault::new("refusals/rule-without-type", "names the rule without its type", INT32, violations,
            rules(|rule| rule.rsplit('.').next().unwrap_or_default().to_owned())),
        Fault::new("refusals/range-as-half", "names one bound where the rule has two", RECOMMEND, violations,
            rules(|rule| rule.replace("gte_lte", "gte"))),
        Fault::new("refusals/empty-as-format", "does not tell an empty text from one in the wrong format", NAMES, violations,
            rules(|rule| rule.trim_end_matches("_empty").to_owned())),
        Fault::new("refusals/first-only", "names only the first violation", RECOMMEND, (Unset, WrongViolations),
            Refusing(|refusal: &mut Refusal| {
                refusal.violations.violations.truncate(1);
                refusal.bad_request.field_violations.truncate(1);
            })),
        Fault::new("refusals/one-more", "names a violation that is none", RECOMMEND, violations,
            Refusing(|refusal: &mut Refusal| {
                let other = Refusal::of("user_id", "string.uuid");
                refusal.violations.violations.extend(other.violations.violations);
                refusal.bad_request.field_violations.extend(other.bad_request.field_violations);
            })),
        Fault::new("refusals/no-details", "sends no details", RECOMMEND, details, order(&[])),
        Fault::new("refusals/no-violations", "leaves buf.validate.Violations out", RECOMMEND, details, order(&[Detail::BadRequest])),
        Fault::new("refusals/no-bad-request", "leaves google.rpc.BadRequest out", RECOMMEND, details, order(&[Detail::Violations])),
        Fault::new("refusals/details-reversed", "sends the details in the other order", RECOMMEND, details, order(&[Detail::BadRequest, Detail::Violations])),
        Fault::new("refusals/details-garbage", "sends violations that do not decode", RECOMMEND, details, order(&[Detail::Garbage, Detail::BadRequest])),
        Fault::new("refusals/details-contradict", "names other fields in the one detail than in the other", RECOMMEND, details,
            Refusing(|refusal: &mut Refusal| refusal.bad_request.field_violations.iter_mut().for_each(|it| it.field = "user_id".to_owned()))),
        Fault::new("refusals/bad-request-shorter", "leaves a violation out of google.rpc.BadRequest", INT32, details,
            Refusing(|refusal: &mut Refusal| { refusal.bad_request.field_violations.pop(); })),
        Fault::new("refusals/inner-code", "says another code inside than outside", RECOMMEND, details,
            Refusing(|refusal: &mut Refusal| refusal.inner_code = Code::Unknown)),
        Fault::new("refusals/inner-message", "says another message inside than outside", RECOMMEND, details,
            Refusing(|refusal: &mut Refusal| refusal.inner_message = "something else".to_owned())),
    ];
    faults.extend(whole());
    faults
}

/// Faults of the status as a whole.
#[rustfmt::skip]
fn whole() -> Vec<Fault> {
    let empty = || Refusal { violations: Violations { violations: vec![Default::default()] },
        bad_request: BadRequest { field_violations: vec![FieldViolation::default()] }, ..Refusal::of("", "") };
    vec![
        Fault::new("refusals/one-empty-violation", "sends one empty violation, whatever is wrong", RECOMMEND, (Unset, WrongViolations),
            Refusing(move |refusal: &mut Refusal| *refusal = empty())),
        Fault::new("refusals/everything", "refuses everything with INVALID_ARGUMENT and an empty violation", RECOMMEND, (proofread::case::Phase::Baseline, ValidRefused),
            Instead(move |_: &Call| Some(Answer::Reply(Reply::status(empty().status()))))),
        Fault::new("refusals/everything-bare", "refuses everything with INVALID_ARGUMENT and no details", INT32, (proofread::case::Phase::Baseline, ValidRefused),
            Instead(|_: &Call| Some(Answer::Reply(Reply::status(Status::invalid_argument("no")))))),
        Fault::new("refusals/base64-broken", "sends details that are no base64", RECOMMEND, (Unset, WrongDetails),
            Answering(|reply: &mut Reply, _: &Call| {
                if reply.refusal().is_some() {
                    reply.end().insert("grpc-status-details-bin", http::HeaderValue::from_static("%%%"));
                }
            })),
        Fault::new("refusals/message-not-encoded", "sends a message that is not percent-encoded", RECOMMEND, (Unset, Protocol),
            Answering(|reply: &mut Reply, _: &Call| {
                if reply.refusal().is_some()
                    && let Ok(message) = http::HeaderValue::from_bytes("catégorie: 100% wrong".as_bytes())
                {
                    reply.end().insert("grpc-message", message);
                }
            })),
        Fault::new("refusals/trailer-too-big", "sends as many violations as there are, whatever the trailer holds", IMPORT, (Behaviour, TrailerTooBig),
            Refusing(|refusal: &mut Refusal| {
                if refusal.violations.violations.len() > 3 {
                    for _ in 0..3 {
                        refusal.violations.violations.extend_from_within(..);
                        refusal.bad_request.field_violations.extend_from_within(..);
                    }
                }
            })),
        Fault::new("refusals/status-twice", "sends the status in the headers and in the trailers", RECOMMEND, (Unset, Protocol),
            Answering(|reply: &mut Reply, _: &Call| {
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

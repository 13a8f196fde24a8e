//! Faults about fields that are unset, or set to zero where that is another thing.

use proofread::{
    case::Phase::Unset,
    finding::FindingKind::{RuleNotChecked, ValidRefused, WrongViolations},
};
use prost_reflect::{DynamicMessage, Value};

use super::{
    Fault,
    wrong::{Forgiving, Refuse, Refusing},
};
use crate::{
    refusal::{Named, Refusal},
    values,
};

const OPTIONAL: &str = "/rules.v1.StructureService/CheckOptional";
const REQUIRED: &str = "/rules.v1.StructureService/CheckRequired";
const NESTED: &str = "/rules.v1.StructureService/CheckNested";
const ONEOFS: &str = "/rules.v1.StructureService/CheckOneofs";
const ONE_OF_FIELDS: &str = "/rules.v1.StructureService/CheckOneOfFields";
const RECOMMEND: &str = "/bookstore.recommendations.v1.RecommendationService/Recommend";
const SET_STOCK: &str = "/bookstore.inventory.v1.InventoryService/SetStock";
const IMPORT: &str = "/bookstore.inventory.v1.InventoryService/ImportBooks";
const BATCH: &str = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
const RESERVE: &str = "/bookstore.inventory.v1.InventoryService/ReserveStock";

/// Accepts that a field of the request is unset, and only that: other values are
/// held to its rules.
fn accepts_unset(path: &'static str) -> Forgiving<impl Fn(&Named, &[DynamicMessage]) -> bool> {
    Forgiving(move |named: &Named, messages: &[DynamicMessage]| {
        let within = named.path == path || named.path.starts_with(&format!("{path}."));
        within
            && messages
                .iter()
                .any(|message| values::is_unset(message, path))
    })
}

/// Refuses where the field of the request is as `when` says.
fn refuses<F: Fn(Option<&Value>) -> bool + Send + Sync>(
    path: &'static str,
    rule: &'static str,
    when: F,
) -> Refuse<impl Fn(&DynamicMessage) -> bool> {
    Refuse {
        path,
        rule,
        when: move |message: &DynamicMessage| when(values::present(message, path).as_ref()),
    }
}

fn is_zero(value: Option<&Value>) -> bool {
    value.is_some_and(values::is_zero)
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let accepted = (Unset, RuleNotChecked);
    let refused = (Unset, ValidRefused);
    vec![
        Fault::new("unset/category-accepted", "accepts the enum that a client forgot", RECOMMEND, accepted, accepts_unset("category")),
        Fault::new("unset/max-results-accepted", "takes the forgotten number as zero and answers no books", RECOMMEND, accepted, accepts_unset("max_results")),
        Fault::new("unset/said-number-accepted", "accepts that a required optional number is absent", SET_STOCK, accepted, accepts_unset("on_hand")),
        Fault::new("unset/nested-message-accepted", "accepts that a message in a list has no book", IMPORT, accepted,
            Forgiving(|named: &Named, _: &[DynamicMessage]| named.path == "books[].book" && named.rule == "required")),
        Fault::new("unset/nested-text-accepted", "accepts a book without a title, two messages deep", IMPORT, accepted,
            Forgiving(|named: &Named, _: &[DynamicMessage]| named.path == "books[].book.title" && named.rule == "string.min_len")),
        Fault::new("unset/list-accepted", "accepts a list without items", BATCH, accepted, accepts_unset("book_ids")),
        Fault::new("unset/id-accepted", "accepts the empty text as an id", RESERVE, accepted, accepts_unset("request_id")),
        Fault::new("unset/text-accepted", "accepts the empty text where one is required", REQUIRED, accepted, accepts_unset("text")),
        Fault::new("unset/bytes-accepted", "accepts no bytes where some are required", REQUIRED, accepted, accepts_unset("blob")),
        Fault::new("unset/map-accepted", "accepts a map without pairs", REQUIRED, accepted, accepts_unset("pairs")),
        Fault::new("unset/flag-accepted", "accepts that a required optional flag is absent", REQUIRED, accepted, accepts_unset("said_flag")),
        Fault::new("unset/message-accepted", "accepts that a required message is absent", REQUIRED, accepted, accepts_unset("part")),
        Fault::new("unset/oneof-accepted", "accepts that no member of a required oneof is set", ONEOFS, accepted,
            Forgiving(|named: &Named, _: &[DynamicMessage]| named.path == "key")),
        Fault::new("unset/one-of-fields-accepted", "accepts that none of two fields is set, of which the message wants one", ONE_OF_FIELDS, accepted,
            Forgiving(|named: &Named, messages: &[DynamicMessage]| named.rule == "message.oneof"
                && messages.iter().any(|it| values::is_unset(it, "email") && values::is_unset(it, "phone")))),
        Fault::new("unset/wrapper-accepted", "accepts that a required wrapper is absent", "/rules.v1.StructureService/CheckWrappers", accepted, accepts_unset("int64_value")),
        Fault::new("unset/duration-accepted", "accepts that a required duration is absent", "/rules.v1.StructureService/CheckDurations", accepted, accepts_unset("exact")),
        Fault::new("unset/zero-accepted", "takes an optional number that is zero as absent, and so accepts it", OPTIONAL, accepted,
            Forgiving(|named: &Named, messages: &[DynamicMessage]| named.path == "discount"
                && messages.iter().any(|it| is_zero(values::present(it, "discount").as_ref())))),
        Fault::new("unset/empty-text-accepted", "takes an optional text that is empty as absent, and so accepts it", OPTIONAL, accepted,
            Forgiving(|named: &Named, messages: &[DynamicMessage]| named.path == "note"
                && messages.iter().any(|it| is_zero(values::present(it, "note").as_ref())))),
        Fault::new("unset/empty-message-accepted", "does not look into a message that is there and empty", REQUIRED, accepted,
            Forgiving(|named: &Named, messages: &[DynamicMessage]| named.path == "part.name"
                && messages.iter().any(|it| values::present(it, "part").is_some_and(|part| values::is_zero(&part))))),
        Fault::new("unset/zero-refused", "refuses zero where only absent is meant to be something else", OPTIONAL, refused,
            refuses("copies", "uint32.gte", is_zero)),
        Fault::new("unset/said-zero-refused", "refuses zero though it is said", REQUIRED, refused,
            refuses("said_number", "required", is_zero)),
        Fault::new("unset/said-empty-refused", "refuses the empty text though it is said", REQUIRED, refused,
            refuses("said_text", "required", is_zero)),
        Fault::new("unset/said-no-refused", "refuses no where yes or no may be said", REQUIRED, refused,
            refuses("said_flag", "required", is_zero)),
        Fault::new("unset/said-stock-refused", "refuses to set the stock to zero", SET_STOCK, refused,
            refuses("on_hand", "required", is_zero)),
        Fault::new("unset/absent-refused", "refuses that an optional number is absent: reads it as zero", OPTIONAL, refused,
            refuses("discount", "int32.gte_lte", |value| value.is_none())),
        Fault::new("unset/absent-message-refused", "refuses that a message is absent which may be", NESTED, refused,
            refuses("spare", "required", |value| value.is_none())),
        Fault::new("unset/absent-duration-refused", "refuses that a duration is absent which has a default", RESERVE, refused,
            refuses("hold", "duration.gte_lte", |value| value.is_none())),
        Fault::new("unset/ignored-zero-refused", "holds the empty text to its format, which is to be ignored if empty", OPTIONAL, refused,
            refuses("email", "string.email_empty", |value| value.is_none_or(values::is_zero))),
        Fault::new("unset/ignored-visitor-refused", "refuses a visitor who is not signed in", RECOMMEND, refused,
            refuses("user_id", "string.uuid_empty", |value| value.is_none_or(values::is_zero))),
        Fault::new("unset/empty-member-refused", "refuses the empty message as a member of a oneof", ONEOFS, refused,
            Refuse { path: "key", rule: "required", when: |message: &DynamicMessage| is_zero(values::present(message, "shelf").as_ref()) }),
        Fault::new("unset/zero-member-is-none", "takes a member of a oneof that is zero as none at all", ONEOFS, (Unset, WrongViolations),
            Refusing(|refusal: &mut Refusal| {
                if refusal.names("book_id", "int32.gt") {
                    *refusal = Refusal::of("key", "required");
                }
            })),
        Fault::new("unset/empty-message-is-absent", "says of an empty message that it is absent", REQUIRED, (Unset, WrongViolations),
            Refusing(|refusal: &mut Refusal| {
                if refusal.names("part.name", "string.min_len") {
                    *refusal = Refusal::of("part", "required");
                }
            })),
    ]
}

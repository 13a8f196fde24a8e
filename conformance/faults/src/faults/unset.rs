//! Faults in the handling of unset fields, and of explicit zero values.

use proofread::{
    case::Phase::Unset,
    finding::FindingKind::{RuleNotChecked, ValidRefused, WrongViolations},
};
use prost_reflect::{DynamicMessage, Value};

use super::{
    Fault,
    fault_behaviour::{ChangeRefusal, IgnoreViolations, RefuseValid},
};
use crate::{
    field_values,
    refusal::{Refusal, ViolationId},
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

/// Accepts requests in which the field is unset; other values are validated.
fn accepts_unset(
    path: &'static str,
) -> IgnoreViolations<impl Fn(&ViolationId, &[DynamicMessage]) -> bool> {
    IgnoreViolations(
        move |violation: &ViolationId, messages: &[DynamicMessage]| {
            let within = violation.path == path || violation.path.starts_with(&format!("{path}."));
            within
                && messages
                    .iter()
                    .any(|message| field_values::is_unset(message, path))
        },
    )
}

/// Refuses requests if `when` is true for the value of the field.
fn refuses<F: Fn(Option<&Value>) -> bool + Send + Sync>(
    path: &'static str,
    rule: &'static str,
    when: F,
) -> RefuseValid<impl Fn(&DynamicMessage) -> bool> {
    RefuseValid {
        path,
        rule,
        when: move |message: &DynamicMessage| {
            when(field_values::value_if_present(message, path).as_ref())
        },
    }
}

fn is_zero(value: Option<&Value>) -> bool {
    value.is_some_and(field_values::is_zero)
}

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let accepted = (Unset, RuleNotChecked);
    let refused = (Unset, ValidRefused);
    vec![
        Fault::new("unset/category-accepted", "accepts a request without the required enum", RECOMMEND, accepted, accepts_unset("category")),
        Fault::new("unset/max-results-accepted", "treats the missing number as zero and returns no books", RECOMMEND, accepted, accepts_unset("max_results")),
        Fault::new("unset/explicit-number-missing-accepted", "accepts a request without the required optional number", SET_STOCK, accepted, accepts_unset("on_hand")),
        Fault::new("unset/nested-message-accepted", "accepts a list item without its required message", IMPORT, accepted,
            IgnoreViolations(|violation: &ViolationId, _: &[DynamicMessage]| violation.path == "books[].book" && violation.rule == "required")),
        Fault::new("unset/nested-text-accepted", "accepts a book without a title, two messages deep", IMPORT, accepted,
            IgnoreViolations(|violation: &ViolationId, _: &[DynamicMessage]| violation.path == "books[].book.title" && violation.rule == "string.min_len")),
        Fault::new("unset/list-accepted", "accepts an empty list", BATCH, accepted, accepts_unset("book_ids")),
        Fault::new("unset/id-accepted", "accepts an empty string as id", RESERVE, accepted, accepts_unset("request_id")),
        Fault::new("unset/text-accepted", "accepts an empty string where one is required", REQUIRED, accepted, accepts_unset("text")),
        Fault::new("unset/bytes-accepted", "accepts empty bytes where some are required", REQUIRED, accepted, accepts_unset("data")),
        Fault::new("unset/map-accepted", "accepts an empty map", REQUIRED, accepted, accepts_unset("pairs")),
        Fault::new("unset/flag-accepted", "accepts a request without the required optional bool", REQUIRED, accepted, accepts_unset("explicit_flag")),
        Fault::new("unset/message-accepted", "accepts a request without the required message", REQUIRED, accepted, accepts_unset("part")),
        Fault::new("unset/oneof-accepted", "accepts a request in which no member of a required oneof is set", ONEOFS, accepted,
            IgnoreViolations(|violation: &ViolationId, _: &[DynamicMessage]| violation.path == "key")),
        Fault::new("unset/one-of-fields-accepted", "accepts a request with neither of two fields, one of which the message requires", ONE_OF_FIELDS, accepted,
            IgnoreViolations(|violation: &ViolationId, messages: &[DynamicMessage]| violation.rule == "message.oneof"
                && messages.iter().any(|it| field_values::is_unset(it, "email") && field_values::is_unset(it, "phone")))),
        Fault::new("unset/wrapper-accepted", "accepts a request without the required wrapper", "/rules.v1.StructureService/CheckWrappers", accepted, accepts_unset("int64_value")),
        Fault::new("unset/duration-accepted", "accepts a request without the required duration", "/rules.v1.StructureService/CheckDurations", accepted, accepts_unset("exact")),
        Fault::new("unset/zero-accepted", "treats a zero optional number as absent and accepts it", OPTIONAL, accepted,
            IgnoreViolations(|violation: &ViolationId, messages: &[DynamicMessage]| violation.path == "discount"
                && messages.iter().any(|it| is_zero(field_values::value_if_present(it, "discount").as_ref())))),
        Fault::new("unset/empty-text-accepted", "treats an empty optional string as absent and accepts it", OPTIONAL, accepted,
            IgnoreViolations(|violation: &ViolationId, messages: &[DynamicMessage]| violation.path == "note"
                && messages.iter().any(|it| is_zero(field_values::value_if_present(it, "note").as_ref())))),
        Fault::new("unset/empty-message-accepted", "does not validate a message that is present and empty", REQUIRED, accepted,
            IgnoreViolations(|violation: &ViolationId, messages: &[DynamicMessage]| violation.path == "part.name"
                && messages.iter().any(|it| field_values::value_if_present(it, "part").is_some_and(|part| field_values::is_zero(&part))))),
        Fault::new("unset/zero-refused", "refuses zero, although zero and absent both are valid", OPTIONAL, refused,
            refuses("copies", "uint32.gte", is_zero)),
        Fault::new("unset/explicit-zero-refused", "refuses an explicit zero as if the number were missing", REQUIRED, refused,
            refuses("explicit_number", "required", is_zero)),
        Fault::new("unset/explicit-empty-text-refused", "refuses an explicit empty string as if it were missing", REQUIRED, refused,
            refuses("explicit_text", "required", is_zero)),
        Fault::new("unset/explicit-false-refused", "refuses an explicit false as if the bool were missing", REQUIRED, refused,
            refuses("explicit_flag", "required", is_zero)),
        Fault::new("unset/explicit-zero-stock-refused", "refuses to set the stock to zero", SET_STOCK, refused,
            refuses("on_hand", "required", is_zero)),
        Fault::new("unset/absent-refused", "treats an absent optional number as zero and refuses it", OPTIONAL, refused,
            refuses("discount", "int32.gte_lte", |value| value.is_none())),
        Fault::new("unset/absent-message-refused", "refuses a request without an optional message", NESTED, refused,
            refuses("spare", "required", |value| value.is_none())),
        Fault::new("unset/absent-duration-refused", "refuses a request without a duration that has a default", RESERVE, refused,
            refuses("hold", "duration.gte_lte", |value| value.is_none())),
        Fault::new("unset/ignored-zero-refused", "validates the format of an empty string, which the contract ignores", OPTIONAL, refused,
            refuses("email", "string.email_empty", |value| value.is_none_or(field_values::is_zero))),
        Fault::new("unset/anonymous-user-refused", "refuses a request without a user id, although anonymous users are allowed", RECOMMEND, refused,
            refuses("user_id", "string.uuid_empty", |value| value.is_none_or(field_values::is_zero))),
        Fault::new("unset/empty-member-refused", "refuses an empty message as member of a oneof", ONEOFS, refused,
            RefuseValid { path: "key", rule: "required", when: |message: &DynamicMessage| is_zero(field_values::value_if_present(message, "shelf").as_ref()) }),
        Fault::new("unset/zero-member-is-none", "treats a zero oneof member as if no member were set", ONEOFS, (Unset, WrongViolations),
            ChangeRefusal(|refusal: &mut Refusal| {
                if refusal.has_violation("book_id", "int32.gt") {
                    *refusal = Refusal::of("key", "required");
                }
            })),
        Fault::new("unset/empty-message-is-absent", "reports an empty message as missing", REQUIRED, (Unset, WrongViolations),
            ChangeRefusal(|refusal: &mut Refusal| {
                if refusal.has_violation("part.name", "string.min_len") {
                    *refusal = Refusal::of("part", "required");
                }
            })),
    ]
}

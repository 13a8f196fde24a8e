//! Every request field either refuses the unset value or declares what it means.

use proofread::unset::{UnsetAnalysis, UnsetBehaviour};

use super::*;

/// Request fields that have neither a rule that refuses the unset value nor a declared
/// meaning.
fn undeclared(checked: &CheckedContract<'_>) -> Vec<String> {
    let unset = UnsetAnalysis::new(checked.contract);
    let offenders = checked.fields().filter_map(|field| match unset.of(field)? {
        UnsetBehaviour::Undeclared => Some(field_location(field)),
        UnsetBehaviour::InvalidRules { cause } => {
            Some(format!("{}: {cause}", field_location(field)))
        }
        UnsetBehaviour::Refused { .. }
        | UnsetBehaviour::RequiredByType
        | UnsetBehaviour::RefusedUnlessOther { .. }
        | UnsetBehaviour::Means(_) => None,
    });
    offenders.collect()
}

/// Request fields that declare a meaning for the unset value, although a rule refuses it.
fn contradictory(checked: &CheckedContract<'_>) -> Vec<String> {
    let unset = UnsetAnalysis::new(checked.contract);
    let offenders = checked.fields().filter_map(|field| {
        let meaning = field.unset.as_ref()?;
        match unset.of(field)? {
            UnsetBehaviour::Refused { rules } => {
                let rules = rules.join(", ");
                Some(format!(
                    "{}: {meaning:?}, but {rules} refuses it",
                    field_location(field)
                ))
            }
            _ => None,
        }
    });
    offenders.collect()
}

const BAD: &str = r#"
    service Shop { rpc Ask(Request) returns (Answer); }
    message Request {
      int32 good = 1 [(proofread.v1.unset) = "all"];
      int32 undeclared = 2;
      repeated Item items = 3 [(buf.validate.field).repeated.min_items = 1];
      string both = 4 [(proofread.v1.unset) = "all", (buf.validate.field).string.min_len = 1];
      optional int32 absent = 5 [(buf.validate.field).int32.gt = 0];
    }
    message Item { string deep = 1; }
    message Answer { int32 answered = 1; }
"#;

#[test]
fn every_request_field_declares_what_unset_means() {
    let contract = bookstore_contract();
    assert_no_offenders(
        "every request field has a rule that refuses the unset value or declares what it means",
        &undeclared(&CheckedContract::new(&contract)),
    );
}

#[test]
fn undeclared_fields_are_found_at_every_depth() {
    let contract = invalid_contract(BAD);
    assert_offenders(
        &undeclared(&CheckedContract::new(&contract)),
        &[
            "shop/v1/shop.proto: shop.v1.Request.undeclared",
            "Request.absent",
            "Item.deep",
        ],
    );
}

#[test]
fn no_request_field_declares_a_meaning_for_a_refused_value() {
    let contract = bookstore_contract();
    assert_no_offenders(
        "no request field declares a meaning for a value that its rules refuse",
        &contradictory(&CheckedContract::new(&contract)),
    );
}

#[test]
fn meanings_of_refused_values_are_found() {
    let contract = invalid_contract(BAD);
    let offenders = contradictory(&CheckedContract::new(&contract));
    assert_offenders(
        &offenders,
        &["Request.both: \"all\", but string.min_len refuses it"],
    );
}

//! Every request field says what unset means, once.

use proofread::unset::{Unset, UnsetFields};

use super::*;

/// Request fields without a rule that refuses the unset value and without words
/// for what it means.
fn silent(held: &Held<'_>) -> Vec<String> {
    let unset = UnsetFields::decide(held.contract);
    let offenders = held.fields().filter_map(|field| match unset.of(field)? {
        Unset::Silent => Some(place(field)),
        Unset::Broken { cause } => Some(format!("{}: {cause}", place(field))),
        Unset::Refused { .. } | Unset::RefusedAlone { .. } | Unset::Means(_) => None,
    });
    offenders.collect()
}

/// Request fields whose rules refuse the unset value of which they say what it
/// means.
fn contradictory(held: &Held<'_>) -> Vec<String> {
    let unset = UnsetFields::decide(held.contract);
    let offenders = held.fields().filter_map(|field| {
        let meaning = field.unset.as_ref()?;
        match unset.of(field)? {
            Unset::Refused { rules } => {
                let rules = rules.join(", ");
                Some(format!(
                    "{}: {meaning:?}, but {rules} refuses it",
                    place(field)
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
      int32 silent = 2;
      repeated Item items = 3 [(buf.validate.field).repeated.min_items = 1];
      string both = 4 [(proofread.v1.unset) = "all", (buf.validate.field).string.min_len = 1];
      optional int32 absent = 5 [(buf.validate.field).int32.gt = 0];
    }
    message Item { string deep = 1; }
    message Answer { int32 answered = 1; }
"#;

#[test]
fn every_request_field_says_what_unset_means() {
    let contract = ours();
    expect_none(
        "every request field has a rule that refuses the unset value or says what it means",
        &silent(&Held::of(&contract)),
    );
}

#[test]
fn silent_fields_are_found_at_every_depth() {
    let contract = bad(BAD);
    expect_found(
        &silent(&Held::of(&contract)),
        &[
            "shop/v1/shop.proto: shop.v1.Request.silent",
            "Request.absent",
            "Item.deep",
        ],
    );
}

#[test]
fn no_request_field_has_a_meaning_that_its_rules_refuse() {
    let contract = ours();
    expect_none(
        "every meaning of an unset field can come true",
        &contradictory(&Held::of(&contract)),
    );
}

#[test]
fn meanings_that_can_not_come_true_are_found() {
    let contract = bad(BAD);
    let offenders = contradictory(&Held::of(&contract));
    expect_found(
        &offenders,
        &["Request.both: \"all\", but string.min_len refuses it"],
    );
}

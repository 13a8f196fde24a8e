//! Cases for a contract that uses every rule of protovalidate.

use std::collections::BTreeSet;

use prost_reflect::Value;

use super::check;
use crate::{
    cases::{Deriver, Fixtures},
    contract::Contract,
    coverage::{Coverage, RuleCoverage},
    oracle::Oracle,
    testing::image,
};

const EVERY_RULE: &str = include_str!("every_rule.proto");
const PREDEFINED: &str = include_str!("predefined.proto");

const INTEGER_TYPES: [&str; 10] = [
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64",
];

/// The rules of numbers, which are the same for every type.
const NUMBERS: [(&str, &str); 15] = [
    ("const", "const: 5"),
    ("gt", "gt: 5"),
    ("gte", "gte: 5"),
    ("lt", "lt: 5"),
    ("lte", "lte: 5"),
    ("gt_lt", "gt: 1, lt: 9"),
    ("gt_lte", "gt: 1, lte: 9"),
    ("gte_lt", "gte: 1, lt: 9"),
    ("gte_lte", "gte: 1, lte: 9"),
    ("gt_lt_exclusive", "gt: 9, lt: 1"),
    ("gt_lte_exclusive", "gt: 9, lte: 1"),
    ("gte_lt_exclusive", "gte: 9, lt: 1"),
    ("gte_lte_exclusive", "gte: 9, lte: 1"),
    ("in", "in: [3, 7, 9]"),
    ("not_in", "not_in: [3, 4]"),
];

/// A proto file with a message for each number type, with all rules of numbers, and a
/// method for each message.
fn numbers() -> String {
    let mut methods = String::new();
    let mut messages = String::new();
    for kind in INTEGER_TYPES.into_iter().chain(["float", "double"]) {
        let name = format!("Of{kind}Request");
        methods += &format!("rpc Of{kind}({name}) returns ({name});\n");
        messages += &format!("message {name} {{\n");
        for (at, (field, rule)) in NUMBERS.iter().enumerate() {
            let number = at + 1;
            messages +=
                &format!("{kind} {field} = {number} [(buf.validate.field).{kind} = {{{rule}}}];\n");
        }
        if !INTEGER_TYPES.contains(&kind) {
            messages +=
                &format!("{kind} finite = 30 [(buf.validate.field).{kind}.finite = true];\n");
            messages += &format!(
                "{kind} finite_above = 31 [(buf.validate.field).{kind} = {{finite: true, gte: 0}}];\n"
            );
        }
        messages += "}\n";
    }
    format!(
        "syntax = \"proto3\"; package rules.v1; import \"buf/validate/validate.proto\";\n\
         service Numbers {{\n{methods}}}\n{messages}"
    )
}

pub(super) fn contract() -> Contract {
    let numbers = numbers();
    let files = [
        ("rules/v1/every_rule.proto", EVERY_RULE),
        ("rules/v1/numbers.proto", numbers.as_str()),
        ("rules/v1/predefined.proto", PREDEFINED),
    ];
    Contract::decode(&image(&files)).expect("the contract is sound")
}

/// The ids of all rules that protovalidate's proto file defines in CEL, and of those that
/// are implemented without CEL.
fn ids_of_protovalidate() -> BTreeSet<String> {
    let pool = prost_protovalidate_types::DESCRIPTOR_POOL.clone();
    let predefined = pool
        .get_extension_by_name("buf.validate.predefined")
        .expect("it is defined");
    let fields = pool
        .all_messages()
        .flat_map(|message| message.fields().collect::<Vec<_>>());
    let mut ids = BTreeSet::new();
    for field in fields {
        let options = field.options();
        let rules = options.get_extension(&predefined);
        let cels = rules
            .as_message()
            .and_then(|rules| rules.get_field_by_name("cel"));
        let cels = cels.as_deref().and_then(Value::as_list).unwrap_or_default();
        for cel in cels {
            let id = cel.as_message().and_then(|cel| cel.get_field_by_name("id"));
            ids.extend(id.as_deref().and_then(Value::as_str).map(str::to_owned));
        }
    }
    let others = [
        "any.in",
        "any.not_in",
        "enum.defined_only",
        "required",
        "message.oneof",
    ];
    ids.extend(others.map(str::to_owned));
    // The `example` rules never fail.
    ids.retain(|id| !id.ends_with(".example"));
    ids
}

fn derived() -> (Vec<RuleCoverage>, usize) {
    let contract = contract();
    let oracle = Oracle::new(&contract);
    let fixtures = Fixtures::default();
    let mut deriver = Deriver::new(&contract, &oracle, &fixtures);
    let mut coverage = Coverage::of(&contract, contract.methods());
    let mut count = 0;
    for method in contract.methods() {
        let generated = deriver.derive(method);
        check(method, &generated, &oracle);
        count += generated.cases.len();
        generated
            .cases
            .iter()
            .for_each(|case| coverage.record(case));
        coverage.record_gaps(&generated.uncovered);
    }
    (coverage.report(), count)
}

#[test]
fn every_rule_of_protovalidate_is_exercised_from_both_sides() {
    let (report, count) = derived();
    assert!(count > 2500, "only {count} cases");
    let one_sided: Vec<String> = report
        .iter()
        .filter(|rule| rule.kept == 0 || rule.broken == 0)
        .map(|rule| {
            let reason = rule
                .kept_reason
                .as_deref()
                .or(rule.broken_reason.as_deref());
            let side = if rule.kept == 0 { "kept" } else { "broken" };
            format!(
                "{} {} not {side}: {}",
                rule.field,
                rule.rule,
                reason.unwrap_or("no reason")
            )
        })
        .collect();
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}

#[test]
fn the_contract_uses_every_rule_of_protovalidate() {
    let (report, _) = derived();
    let levels = ["repeated.items.", "map.keys.", "map.values."];
    let known: BTreeSet<&str> = report
        .iter()
        .map(|rule| {
            let id = rule.rule.as_str();
            levels
                .iter()
                .find_map(|level| id.strip_prefix(level))
                .unwrap_or(id)
        })
        .collect();
    let missing: Vec<String> = ids_of_protovalidate()
        .into_iter()
        .filter(|id| !known.contains(id.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

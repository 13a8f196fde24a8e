use super::check;

#[test]
fn ranges_of_all_number_types_are_described() {
    let kinds = [
        "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
        "sfixed64", "float", "double",
    ];
    for kind in kinds {
        let rules = format!("{kind}: {{gte: 1, lte: 100}}");
        check(&[(kind, &rules, "1 to 100")]);
    }
}

#[test]
fn number_bounds_are_described() {
    check(&[
        ("int32", "int32: {gt: 0}", "more than 0"),
        ("int32", "int32: {gte: 1}", "at least 1"),
        ("int32", "int32: {lt: 10}", "less than 10"),
        ("int32", "int32: {lte: 10}", "at most 10"),
        (
            "int32",
            "int32: {gt: 0, lt: 10}",
            "more than 0 and less than 10",
        ),
        (
            "int32",
            "int32: {gte: 1, lt: 10}",
            "at least 1 and less than 10",
        ),
        ("int32", "int32: {gte: -3000, lte: 2100}", "-3000 to 2100"),
        ("int32", "int32: {gte: 5, lte: 5}", "exactly 5"),
        (
            "int32",
            "int32: {gt: 10, lt: 5}",
            "less than 5 or more than 10",
        ),
        (
            "int32",
            "int32: {gte: 10, lte: 5}",
            "at most 5 or at least 10",
        ),
        ("int64", "int64: {const: 7}", "exactly 7"),
        ("uint32", "uint32: {in: [1, 2, 3]}", "one of 1, 2, 3"),
        ("uint64", "uint64: {in: [4]}", "exactly 4"),
        ("sint32", "sint32: {not_in: [0]}", "not 0"),
        (
            "sint64",
            "sint64: {not_in: [1, 2], gte: 0}",
            "at least 0, none of 1, 2",
        ),
        ("float", "float: {finite: true}", "a finite number"),
        (
            "double",
            "double: {finite: true, gt: 0.5, lte: 1}",
            "a finite number, more than 0.5 and at most 1",
        ),
        ("int32", "int32: {example: [5, 7]}", "for example 5, 7"),
        ("int32", "int32: {}", ""),
    ]);
}

#[test]
fn bool_and_enum_rules_are_described() {
    check(&[
        ("bool", "bool: {const: true}", "exactly `true`"),
        ("bool", "bool: {example: [false]}", "for example `false`"),
        (
            "Kind",
            "enum: {defined_only: true}",
            "one of the defined values",
        ),
        (
            "Kind",
            "enum: {defined_only: true, not_in: [0]}",
            "one of the defined values, not 0",
        ),
        ("Kind", "enum: {const: 1}", "exactly 1"),
        (
            "Kind",
            "enum: {defined_only: true, in: [1, 2]}",
            "one of 1, 2",
        ),
    ]);
}

use super::check;

#[test]
fn list_and_map_rules_are_described_with_their_items() {
    check(&[
        (
            "repeated Item",
            "repeated: {max_items: 100}",
            "at most 100 items",
        ),
        ("repeated Item", "repeated: {min_items: 1}", "not empty"),
        (
            "repeated Item",
            "repeated: {min_items: 2, max_items: 2}",
            "exactly 2 items",
        ),
        (
            "repeated int32",
            "repeated: {min_items: 1, max_items: 100, unique: true, items: {int32: {gte: 1, lte: 999999999}}}",
            "1 to 100 items, no duplicates; each: 1 to 999999999",
        ),
        (
            "map<string, int32>",
            "map: {max_pairs: 10, keys: {string: {max_len: 5}}, values: {int32: {gt: 0}}}",
            "at most 10 entries; each key: at most 5 characters; each value: more than 0",
        ),
        (
            "map<string, Item>",
            "map: {min_pairs: 1, max_pairs: 1}",
            "exactly 1 entry",
        ),
        (
            "repeated string",
            "repeated: {items: {ignore: IGNORE_IF_ZERO_VALUE, string: {uuid: true}}}",
            "each: if set: a UUID",
        ),
    ]);
}

#[test]
fn messages_of_protobuf_are_said() {
    check(&[
        (
            "google.protobuf.Any",
            "any: {in: [\"a/b\", \"a/c\"]}",
            "one of the types `a/b`, `a/c`",
        ),
        (
            "google.protobuf.Any",
            "any: {in: [\"a/b\"]}",
            "of the type `a/b`",
        ),
        (
            "google.protobuf.Any",
            "any: {not_in: [\"a/b\"]}",
            "not of the type `a/b`",
        ),
        (
            "google.protobuf.FieldMask",
            "field_mask: {in: [\"a\", \"b.c\"]}",
            "only `a`, `b.c` and subfields",
        ),
        (
            "google.protobuf.FieldMask",
            "field_mask: {not_in: [\"a\"]}",
            "not `a` or subfields",
        ),
        (
            "google.protobuf.FieldMask",
            "field_mask: {const: {paths: [\"a\", \"b\"]}}",
            "exactly `a,b`",
        ),
        (
            "google.protobuf.Int32Value",
            "int32: {gte: 1, lte: 9}",
            "1 to 9",
        ),
        (
            "google.protobuf.Duration",
            "duration: {gte: {seconds: 1}, lte: {seconds: 3600}}",
            "1 s to 1 h",
        ),
        (
            "google.protobuf.Duration",
            "duration: {gt: {}, lt: {seconds: 172800}}",
            "more than 0 s and less than 2 d",
        ),
        (
            "google.protobuf.Duration",
            "duration: {const: {seconds: 90}}",
            "exactly 90 s",
        ),
        (
            "google.protobuf.Duration",
            "duration: {in: [{nanos: 250000000}, {seconds: 300}]}",
            "one of 250 ms, 5 min",
        ),
        (
            "google.protobuf.Duration",
            "duration: {not_in: [{seconds: -1}], lte: {seconds: 1, nanos: 1}}",
            "at most 1000000001 ns, not -1 s",
        ),
        (
            "google.protobuf.Timestamp",
            "timestamp: {gt_now: true}",
            "in the future",
        ),
        (
            "google.protobuf.Timestamp",
            "timestamp: {lt_now: true, within: {seconds: 3600}}",
            "in the past, within 1 h of now",
        ),
        (
            "google.protobuf.Timestamp",
            "timestamp: {gte: {seconds: 0}, lt: {seconds: 86400}}",
            "at least `1970-01-01T00:00:00Z` and before `1970-01-02T00:00:00Z`",
        ),
        (
            "google.protobuf.Timestamp",
            "timestamp: {gt: {seconds: 0}}",
            "after `1970-01-01T00:00:00Z`",
        ),
        (
            "google.protobuf.Timestamp",
            "timestamp: {const: {seconds: 0}}",
            "exactly `1970-01-01T00:00:00Z`",
        ),
    ]);
}

use super::check;

#[test]
fn string_rules_are_described() {
    check(&[
        (
            "string",
            "string: {min_len: 1, max_len: 300}",
            "1 to 300 characters",
        ),
        ("string", "string: {max_len: 300}", "at most 300 characters"),
        ("string", "string: {min_len: 1}", "not empty"),
        ("string", "string: {min_len: 3}", "at least 3 characters"),
        ("string", "string: {len: 1}", "exactly 1 character"),
        ("string", "string: {max_len: 0}", "empty"),
        (
            "string",
            "string: {min_len: 3, max_len: 3}",
            "exactly 3 characters",
        ),
        ("string", "string: {len_bytes: 4}", "exactly 4 bytes"),
        (
            "string",
            "string: {min_bytes: 2, max_bytes: 8}",
            "2 to 8 bytes",
        ),
        ("string", "string: {const: \"\"}", "exactly `\"\"`"),
        ("string", "string: {pattern: \"^a|b$\"}", "matches `^a|b$`"),
        ("string", "string: {pattern: \"`\"}", "matches `` ` ``"),
        ("string", "string: {pattern: \"a\\n\"}", "matches `a\\n`"),
        (
            "string",
            "string: {prefix: \"a\", suffix: \"b\"}",
            "begins with `\"a\"`, ends with `\"b\"`",
        ),
        (
            "string",
            "string: {contains: \"@\", not_contains: \" \"}",
            "contains `\"@\"`, does not contain `\" \"`",
        ),
        (
            "string",
            "string: {in: [\"a\", \"b\"]}",
            "one of `\"a\"`, `\"b\"`",
        ),
        ("string", "string: {not_in: [\"x\"]}", "not `\"x\"`"),
        (
            "string",
            "string: {example: \"abc\"}",
            "for example `\"abc\"`",
        ),
    ]);
}

#[test]
fn well_known_string_formats_are_described() {
    check(&[
        ("string", "string: {email: true}", "an email address"),
        ("string", "string: {hostname: true}", "a host name"),
        ("string", "string: {ip: true}", "an IP address"),
        ("string", "string: {ipv4: true}", "an IPv4 address"),
        ("string", "string: {ipv6: true}", "an IPv6 address"),
        ("string", "string: {uri: true}", "a URI"),
        (
            "string",
            "string: {uri_ref: true}",
            "a URI or a relative reference",
        ),
        (
            "string",
            "string: {address: true}",
            "a host name or an IP address",
        ),
        ("string", "string: {uuid: true}", "a UUID"),
        ("string", "string: {tuuid: true}", "a UUID without dashes"),
        (
            "string",
            "string: {ip_with_prefixlen: true}",
            "an IP address with a prefix length",
        ),
        (
            "string",
            "string: {ipv4_with_prefixlen: true}",
            "an IPv4 address with a prefix length",
        ),
        (
            "string",
            "string: {ipv6_with_prefixlen: true}",
            "an IPv6 address with a prefix length",
        ),
        ("string", "string: {ip_prefix: true}", "an IP network"),
        ("string", "string: {ipv4_prefix: true}", "an IPv4 network"),
        ("string", "string: {ipv6_prefix: true}", "an IPv6 network"),
        (
            "string",
            "string: {host_and_port: true}",
            "a host and a port",
        ),
        ("string", "string: {ulid: true}", "a ULID"),
        (
            "string",
            "string: {protobuf_fqn: true}",
            "a fully qualified protobuf name",
        ),
        (
            "string",
            "string: {protobuf_dot_fqn: true}",
            "a fully qualified protobuf name with a leading dot",
        ),
        (
            "string",
            "string: {well_known_regex: KNOWN_REGEX_HTTP_HEADER_NAME}",
            "an HTTP header name",
        ),
        (
            "string",
            "string: {well_known_regex: KNOWN_REGEX_HTTP_HEADER_VALUE, strict: false}",
            "an HTTP header value (not strict)",
        ),
        ("string", "string: {uuid: false}", ""),
        (
            "string",
            "string: {email: true, max_len: 254}",
            "an email address, at most 254 characters",
        ),
    ]);
}

#[test]
fn bytes_rules_are_described() {
    check(&[
        ("bytes", "bytes: {len: 16}", "exactly 16 bytes"),
        ("bytes", "bytes: {min_len: 1, max_len: 64}", "1 to 64 bytes"),
        (
            "bytes",
            "bytes: {const: \"\\x00a\"}",
            "exactly `\"\\x00a\"`",
        ),
        ("bytes", "bytes: {pattern: \"^a\"}", "matches `^a`"),
        (
            "bytes",
            "bytes: {prefix: \"a\", suffix: \"b\", contains: \"c\"}",
            "begins with `\"a\"`, ends with `\"b\"`, contains `\"c\"`",
        ),
        (
            "bytes",
            "bytes: {in: [\"a\", \"b\"], not_in: [\"c\"]}",
            "one of `\"a\"`, `\"b\"`, not `\"c\"`",
        ),
        (
            "bytes",
            "bytes: {ip: true}",
            "an IP address in 4 or 16 bytes",
        ),
        ("bytes", "bytes: {ipv4: true}", "an IPv4 address in 4 bytes"),
        (
            "bytes",
            "bytes: {ipv6: true}",
            "an IPv6 address in 16 bytes",
        ),
        ("bytes", "bytes: {uuid: true}", "a UUID in 16 bytes"),
    ]);
}

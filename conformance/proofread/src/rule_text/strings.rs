//! Describes rules of strings and bytes.

use prost_protovalidate_types::{BytesRules, KnownRegex, StringRules, bytes_rules, string_rules};

use super::text::{byte_literal, code, count, examples, none_of, one_of, quoted, size_range};

pub(super) fn string(rules: &StringRules) -> Vec<String> {
    let exactly = |number, one, many| format!("exactly {}", count(number, one, many));
    let literal = |value: &String| quoted(value);
    let words = [
        rules
            .r#const
            .as_ref()
            .map(|value| format!("exactly {}", quoted(value))),
        rules
            .well_known
            .and_then(|format| string_format(format, rules.strict.unwrap_or(true))),
        rules
            .len
            .map(|length| exactly(length, "character", "characters")),
        size_range(rules.min_len, rules.max_len, "character", "characters"),
        rules
            .len_bytes
            .map(|length| exactly(length, "byte", "bytes")),
        size_range(rules.min_bytes, rules.max_bytes, "byte", "bytes"),
        rules
            .pattern
            .as_ref()
            .map(|pattern| format!("matches {}", code(pattern))),
        rules
            .prefix
            .as_ref()
            .map(|prefix| format!("begins with {}", quoted(prefix))),
        rules
            .suffix
            .as_ref()
            .map(|suffix| format!("ends with {}", quoted(suffix))),
        rules
            .contains
            .as_ref()
            .map(|part| format!("contains {}", quoted(part))),
        rules
            .not_contains
            .as_ref()
            .map(|part| format!("does not contain {}", quoted(part))),
        one_of(&rules.r#in, literal),
        none_of(&rules.not_in, literal),
        examples(&rules.example, literal),
    ];
    words.into_iter().flatten().collect()
}

fn string_format(format: string_rules::WellKnown, strict: bool) -> Option<String> {
    use string_rules::WellKnown as Format;
    let (on, words) = match format {
        Format::Email(on) => (on, "an email address"),
        Format::Hostname(on) => (on, "a host name"),
        Format::Ip(on) => (on, "an IP address"),
        Format::Ipv4(on) => (on, "an IPv4 address"),
        Format::Ipv6(on) => (on, "an IPv6 address"),
        Format::Uri(on) => (on, "a URI"),
        Format::UriRef(on) => (on, "a URI or a relative reference"),
        Format::Address(on) => (on, "a host name or an IP address"),
        Format::Uuid(on) => (on, "a UUID"),
        Format::Tuuid(on) => (on, "a UUID without dashes"),
        Format::IpWithPrefixlen(on) => (on, "an IP address with a prefix length"),
        Format::Ipv4WithPrefixlen(on) => (on, "an IPv4 address with a prefix length"),
        Format::Ipv6WithPrefixlen(on) => (on, "an IPv6 address with a prefix length"),
        Format::IpPrefix(on) => (on, "an IP network"),
        Format::Ipv4Prefix(on) => (on, "an IPv4 network"),
        Format::Ipv6Prefix(on) => (on, "an IPv6 network"),
        Format::HostAndPort(on) => (on, "a host and a port"),
        Format::Ulid(on) => (on, "a ULID"),
        Format::ProtobufFqn(on) => (on, "a fully qualified protobuf name"),
        Format::ProtobufDotFqn(on) => (on, "a fully qualified protobuf name with a leading dot"),
        Format::WellKnownRegex(number) => return http_header(number, strict),
    };
    on.then(|| words.to_owned())
}

/// `strict` defaults to true; if it is false, protovalidate accepts everything except
/// line breaks and NUL.
fn http_header(number: i32, strict: bool) -> Option<String> {
    let words = match KnownRegex::try_from(number) {
        Ok(KnownRegex::HttpHeaderName) => "an HTTP header name",
        Ok(KnownRegex::HttpHeaderValue) => "an HTTP header value",
        Ok(KnownRegex::Unspecified) | Err(_) => return None,
    };
    let suffix = if strict { "" } else { " (not strict)" };
    Some(format!("{words}{suffix}"))
}

pub(super) fn bytes(rules: &BytesRules) -> Vec<String> {
    let literal = |value: &Vec<u8>| byte_literal(value);
    let words = [
        rules
            .r#const
            .as_ref()
            .map(|value| format!("exactly {}", literal(value))),
        rules.well_known.and_then(bytes_format),
        rules
            .len
            .map(|length| format!("exactly {}", count(length, "byte", "bytes"))),
        size_range(rules.min_len, rules.max_len, "byte", "bytes"),
        rules
            .pattern
            .as_ref()
            .map(|pattern| format!("matches {}", code(pattern))),
        rules
            .prefix
            .as_ref()
            .map(|prefix| format!("begins with {}", literal(prefix))),
        rules
            .suffix
            .as_ref()
            .map(|suffix| format!("ends with {}", literal(suffix))),
        rules
            .contains
            .as_ref()
            .map(|part| format!("contains {}", literal(part))),
        one_of(&rules.r#in, literal),
        none_of(&rules.not_in, literal),
        examples(&rules.example, literal),
    ];
    words.into_iter().flatten().collect()
}

fn bytes_format(format: bytes_rules::WellKnown) -> Option<String> {
    use bytes_rules::WellKnown as Format;
    let (on, words) = match format {
        Format::Ip(on) => (on, "an IP address in 4 or 16 bytes"),
        Format::Ipv4(on) => (on, "an IPv4 address in 4 bytes"),
        Format::Ipv6(on) => (on, "an IPv6 address in 16 bytes"),
        Format::Uuid(on) => (on, "a UUID in 16 bytes"),
    };
    on.then(|| words.to_owned())
}

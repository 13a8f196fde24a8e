//! The well-known formats of strings: valid values, nearly valid values, and values of a
//! given length. All implementations of protovalidate agree on these values.

mod networks;

use prost_protovalidate_types::{KnownRegex, string_rules::WellKnown};
use rand::{RngExt, rngs::StdRng};

use networks::{
    IP, IP_PREFIX, IP_WITH_PREFIXLEN, IPV4, IPV4_PREFIX, IPV4_WITH_PREFIXLEN, IPV6, IPV6_PREFIX,
    IPV6_WITH_PREFIXLEN,
};

/// A well-known format.
pub(crate) struct Format {
    /// The id of its rule, without `string.`.
    pub(crate) id: &'static str,
    /// The id of the rule for the empty string, if the format has one.
    pub(crate) empty: Option<&'static str>,
    /// Values of the format.
    pub(crate) valid: &'static [&'static str],
    /// Values that nearly have the format, each after a description of the error.
    pub(crate) invalid: &'static [(&'static str, &'static str)],
    /// A valid value with this many characters, if there is one.
    pub(crate) of_length: fn(usize) -> Option<String>,
}

/// The format that a rule requires; `None` if the rule is not set to true.
pub(crate) fn format(rule: Option<&WellKnown>, strict: bool) -> Option<&'static Format> {
    let (set, format) = match rule? {
        WellKnown::Email(set) => (*set, &EMAIL),
        WellKnown::Hostname(set) => (*set, &HOSTNAME),
        WellKnown::Ip(set) => (*set, &IP),
        WellKnown::Ipv4(set) => (*set, &IPV4),
        WellKnown::Ipv6(set) => (*set, &IPV6),
        WellKnown::Uri(set) => (*set, &URI),
        WellKnown::UriRef(set) => (*set, &URI_REF),
        WellKnown::Address(set) => (*set, &ADDRESS),
        WellKnown::Uuid(set) => (*set, &UUID),
        WellKnown::Tuuid(set) => (*set, &TUUID),
        WellKnown::IpWithPrefixlen(set) => (*set, &IP_WITH_PREFIXLEN),
        WellKnown::Ipv4WithPrefixlen(set) => (*set, &IPV4_WITH_PREFIXLEN),
        WellKnown::Ipv6WithPrefixlen(set) => (*set, &IPV6_WITH_PREFIXLEN),
        WellKnown::IpPrefix(set) => (*set, &IP_PREFIX),
        WellKnown::Ipv4Prefix(set) => (*set, &IPV4_PREFIX),
        WellKnown::Ipv6Prefix(set) => (*set, &IPV6_PREFIX),
        WellKnown::HostAndPort(set) => (*set, &HOST_AND_PORT),
        WellKnown::Ulid(set) => (*set, &ULID),
        WellKnown::ProtobufFqn(set) => (*set, &PROTOBUF_FQN),
        WellKnown::ProtobufDotFqn(set) => (*set, &PROTOBUF_DOT_FQN),
        WellKnown::WellKnownRegex(number) => match (KnownRegex::try_from(*number).ok()?, strict) {
            (KnownRegex::HttpHeaderName, true) => (true, &HEADER_NAME),
            (KnownRegex::HttpHeaderName, false) => (true, &HEADER_NAME_LOOSE),
            (KnownRegex::HttpHeaderValue, true) => (true, &HEADER_VALUE),
            (KnownRegex::HttpHeaderValue, false) => (true, &HEADER_VALUE_LOOSE),
            (KnownRegex::Unspecified, _) => return None,
        },
    };
    set.then_some(format)
}

impl Format {
    /// A random value of the format.
    pub(crate) fn random(&self, rng: &mut StdRng) -> String {
        let mut hex = |count: usize| -> String {
            let digits = (0..count).map(|_| char::from_digit(rng.random_range(0..16), 16));
            digits.flatten().collect()
        };
        match self.id {
            "uuid" => {
                let groups = [8, 4, 4, 4, 12].map(&mut hex);
                groups.join("-")
            }
            "tuuid" => hex(32),
            _ => {
                let length = rng.random_range(1..60);
                match (self.of_length)(length).filter(|_| rng.random_bool(0.5)) {
                    Some(stretched) => stretched,
                    None => self.valid[rng.random_range(0..self.valid.len())].to_owned(),
                }
            }
        }
    }
}

fn unavailable(_: usize) -> Option<String> {
    None
}

/// A string of the given length that starts with `before` and ends with `after`.
fn padded(before: &str, after: &str, length: usize) -> Option<String> {
    let missing = length.checked_sub(before.len() + after.len())?;
    Some(format!("{before}{}{after}", "a".repeat(missing)))
}

/// A host name of labels of up to 63 letters.
fn host(length: usize) -> Option<String> {
    if !(1..=253).contains(&length) {
        return None;
    }
    let mut name: Vec<u8> = (1..=length)
        .map(|at| if at % 64 == 0 { b'.' } else { b'a' })
        .collect();
    if name.last() == Some(&b'.') {
        // A name may not end with a dot: move it forward by one.
        let last = length - 1;
        name.swap(last, last - 1);
    }
    String::from_utf8(name).ok()
}

fn at_least_one(length: usize) -> Option<String> {
    (length > 0).then(|| "a".repeat(length))
}

const EMAIL: Format = Format {
    id: "email",
    empty: Some("email_empty"),
    valid: &[
        "a@b.co",
        "first.last+tag@shop.example.com",
        "x_1@127.example",
    ],
    invalid: &[
        ("no at sign", "plain.example.com"),
        ("nothing before the at sign", "@b.co"),
        ("nothing after the at sign", "a@"),
        ("a blank", "a b@c.de"),
        ("two dots in the domain", "a@b..co"),
        ("two at signs", "a@b@c.de"),
    ],
    of_length: |length| padded("", "@b.co", length).filter(|_| length > 5),
};

const HOSTNAME: Format = Format {
    id: "hostname",
    empty: Some("hostname_empty"),
    valid: &["a", "example.com", "a-b.example", "A1.example"],
    invalid: &[
        ("a hyphen in front", "-a.example.com"),
        ("an underscore", "a_b.example.com"),
        ("an empty label", "a..example.com"),
        ("a blank", "a b.example.com"),
        (
            "a label of 64 letters",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com",
        ),
    ],
    of_length: host,
};

const URI: Format = Format {
    id: "uri",
    empty: Some("uri_empty"),
    valid: &[
        "https://example.com/a?b=c#d",
        "urn:isbn:0451450523",
        "mailto:a@b.co",
    ],
    invalid: &[
        ("no scheme", "/relative/path"),
        ("blanks", "https://example.com/a b"),
        ("an escape that is none", "https://example.com/%zz"),
        ("only words", "not a uri"),
    ],
    of_length: |length| padded("https://b.co/", "", length),
};

const URI_REF: Format = Format {
    id: "uri_ref",
    empty: None,
    valid: &["/a", "a?b#c", "https://example.com/a"],
    invalid: &[
        ("blanks", "/a b"),
        ("an escape that is none", "/%zz"),
        ("a control character", "/a\u{1}"),
    ],
    of_length: |length| padded("/", "", length),
};

const ADDRESS: Format = Format {
    id: "address",
    empty: Some("address_empty"),
    valid: &["a", "example.com", "127.0.0.1", "::1"],
    invalid: &[
        ("a hyphen in front", "-a.example.com"),
        ("a blank", "a b"),
        ("two gaps", "2001::db8::1"),
    ],
    of_length: host,
};

const UUID: Format = Format {
    id: "uuid",
    empty: Some("uuid_empty"),
    valid: &[
        "00000000-0000-0000-0000-000000000000",
        "0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0e",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    ],
    invalid: &[
        ("one digit too few", "0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0"),
        (
            "one digit too many",
            "0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0e1",
        ),
        (
            "a letter that is no digit",
            "0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0g",
        ),
        ("no hyphens", "0190a5c37b1e7c3a9d2f5e6a7b8c9d0e"),
        ("braces around it", "{0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0e}"),
    ],
    of_length: unavailable,
};

const TUUID: Format = Format {
    id: "tuuid",
    empty: Some("tuuid_empty"),
    valid: &[
        "0190a5c37b1e7c3a9d2f5e6a7b8c9d0e",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    ],
    invalid: &[
        ("one digit too few", "0190a5c37b1e7c3a9d2f5e6a7b8c9d0"),
        ("one digit too many", "0190a5c37b1e7c3a9d2f5e6a7b8c9d0e1"),
        ("hyphens", "0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0e"),
        (
            "a letter that is no digit",
            "0190a5c37b1e7c3a9d2f5e6a7b8c9d0g",
        ),
    ],
    of_length: unavailable,
};

const HOST_AND_PORT: Format = Format {
    id: "host_and_port",
    empty: Some("host_and_port_empty"),
    valid: &["a:0", "example.com:8080", "127.0.0.1:1", "[::1]:65535"],
    invalid: &[
        ("no port", "example.com"),
        ("a port above 65535", "example.com:65536"),
        ("nothing after the colon", "example.com:"),
        ("no host", ":80"),
        ("a port that is no number", "example.com:http"),
    ],
    of_length: |length| Some(format!("{}:80", host(length.checked_sub(3)?)?)),
};

const ULID: Format = Format {
    id: "ulid",
    empty: Some("ulid_empty"),
    valid: &[
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "00000000000000000000000000",
        "7zzzzzzzzzzzzzzzzzzzzzzzzz",
    ],
    invalid: &[
        (
            "a first digit that is too large",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
        ),
        ("a letter that is no digit", "01ARZ3NDEKTSV4RRFFQ69G5FAU"),
        ("one digit too few", "01ARZ3NDEKTSV4RRFFQ69G5FA"),
        ("one digit too many", "01ARZ3NDEKTSV4RRFFQ69G5FAV0"),
    ],
    of_length: unavailable,
};

const PROTOBUF_FQN: Format = Format {
    id: "protobuf_fqn",
    empty: Some("protobuf_fqn_empty"),
    valid: &["a", "shop.v1.Order_2", "_x._y"],
    invalid: &[
        ("a digit in front", "1a.b"),
        ("a dot in front", ".a.b"),
        ("a dot at the end", "a.b."),
        ("a hyphen", "a-b.c"),
    ],
    of_length: at_least_one,
};

const PROTOBUF_DOT_FQN: Format = Format {
    id: "protobuf_dot_fqn",
    empty: Some("protobuf_dot_fqn_empty"),
    valid: &[".a", ".shop.v1.Order_2"],
    invalid: &[
        ("no dot in front", "a.b"),
        ("two dots", "..a"),
        ("a dot at the end", ".a.b."),
        ("a digit in front", ".1a"),
    ],
    of_length: |length| padded(".", "", length).filter(|_| length > 1),
};

const HEADER_NAME: Format = Format {
    id: "well_known_regex.header_name",
    empty: Some("well_known_regex.header_name_empty"),
    valid: &["a", "x-request-id", ":path", "!#$%&'*+-.^_|~`0A"],
    invalid: &[
        ("a blank", "a b"),
        ("a colon behind", "name:"),
        ("a line break", "a\nb"),
        ("a letter beyond ASCII", "n\u{e9}"),
    ],
    of_length: at_least_one,
};

const HEADER_NAME_LOOSE: Format = Format {
    id: "well_known_regex.header_name",
    empty: Some("well_known_regex.header_name_empty"),
    valid: &["a", "a b", "name:"],
    invalid: &[
        ("a line break", "a\nb"),
        ("a carriage return", "a\rb"),
        ("a null", "a\0b"),
    ],
    of_length: at_least_one,
};

const HEADER_VALUE: Format = Format {
    id: "well_known_regex.header_value",
    empty: None,
    valid: &["", "text/html; q=0.9", "tab\there"],
    invalid: &[
        ("a line break", "a\nb"),
        ("a null", "a\0b"),
        ("a delete character", "a\u{7f}b"),
    ],
    of_length: |length| padded("", "", length),
};

const HEADER_VALUE_LOOSE: Format = Format {
    id: "well_known_regex.header_value",
    empty: None,
    valid: &["", "text", "a\u{7f}b"],
    invalid: &[
        ("a line break", "a\nb"),
        ("a carriage return", "a\rb"),
        ("a null", "a\0b"),
    ],
    of_length: |length| padded("", "", length),
};

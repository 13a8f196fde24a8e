//! The formats of IP addresses and networks.

use super::{Format, unavailable};

pub(super) const IP: Format = Format {
    id: "ip",
    empty: Some("ip_empty"),
    valid: &["::1", "127.0.0.1", "2001:db8::1", "255.255.255.255"],
    invalid: &[
        ("a number above 255", "256.0.0.1"),
        ("three numbers", "127.0.1"),
        ("a letter that is no digit", "2001:db8::g"),
        ("a name", "localhost"),
    ],
    of_length: unavailable,
};

pub(super) const IPV4: Format = Format {
    id: "ipv4",
    empty: Some("ipv4_empty"),
    valid: &["127.0.0.1", "0.0.0.0", "255.255.255.255"],
    invalid: &[
        ("an address of version 6", "::1"),
        ("a number above 255", "127.0.0.256"),
        ("five numbers", "127.0.0.0.1"),
    ],
    of_length: unavailable,
};

pub(super) const IPV6: Format = Format {
    id: "ipv6",
    empty: Some("ipv6_empty"),
    valid: &["::1", "::", "2001:db8:0:0:0:0:0:1"],
    invalid: &[
        ("an address of version 4", "127.0.0.1"),
        ("two gaps", "2001::db8::1"),
        ("nine groups", "1:2:3:4:5:6:7:8:9"),
    ],
    of_length: unavailable,
};

pub(super) const IP_WITH_PREFIXLEN: Format = Format {
    id: "ip_with_prefixlen",
    empty: Some("ip_with_prefixlen_empty"),
    valid: &["10.0.0.1/8", "2001:db8::1/32", "::/0"],
    invalid: &[
        ("no length", "10.0.0.1"),
        ("33 bits of 32", "10.0.0.1/33"),
        ("a length that is no number", "10.0.0.1/a"),
    ],
    of_length: unavailable,
};

pub(super) const IPV4_WITH_PREFIXLEN: Format = Format {
    id: "ipv4_with_prefixlen",
    empty: Some("ipv4_with_prefixlen_empty"),
    valid: &["10.0.0.1/8", "0.0.0.0/0", "255.255.255.255/32"],
    invalid: &[
        ("no length", "10.0.0.1"),
        ("33 bits of 32", "10.0.0.1/33"),
        ("an address of version 6", "2001:db8::1/32"),
    ],
    of_length: unavailable,
};

pub(super) const IPV6_WITH_PREFIXLEN: Format = Format {
    id: "ipv6_with_prefixlen",
    empty: Some("ipv6_with_prefixlen_empty"),
    valid: &["2001:db8::1/32", "::/0", "::1/128"],
    invalid: &[
        ("no length", "2001:db8::1"),
        ("129 bits of 128", "::1/129"),
        ("an address of version 4", "10.0.0.1/8"),
    ],
    of_length: unavailable,
};

pub(super) const IP_PREFIX: Format = Format {
    id: "ip_prefix",
    empty: Some("ip_prefix_empty"),
    valid: &["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"],
    invalid: &[
        ("bits behind the prefix", "10.0.0.1/8"),
        ("no length", "10.0.0.0"),
        ("33 bits of 32", "10.0.0.0/33"),
    ],
    of_length: unavailable,
};

pub(super) const IPV4_PREFIX: Format = Format {
    id: "ipv4_prefix",
    empty: Some("ipv4_prefix_empty"),
    valid: &["10.0.0.0/8", "0.0.0.0/0"],
    invalid: &[
        ("bits behind the prefix", "10.0.0.1/8"),
        ("no length", "10.0.0.0"),
        ("an address of version 6", "2001:db8::/32"),
    ],
    of_length: unavailable,
};

pub(super) const IPV6_PREFIX: Format = Format {
    id: "ipv6_prefix",
    empty: Some("ipv6_prefix_empty"),
    valid: &["2001:db8::/32", "::/0"],
    invalid: &[
        ("bits behind the prefix", "2001:db8::1/32"),
        ("no length", "2001:db8::"),
        ("an address of version 4", "10.0.0.0/8"),
    ],
    of_length: unavailable,
};

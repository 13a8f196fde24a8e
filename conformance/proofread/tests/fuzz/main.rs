//! Feeds mutations of real files and answers to everything that reads them. No input may cause
//! a panic. The mutations are the same in every run, and their number bounds the time;
//! `PROOFREAD_FUZZ_CASES` sets another number, for a longer search.
//!
//! Coverage-guided fuzzing with libFuzzer needs a nightly toolchain, so `targets` has plain
//! functions of bytes, which such a fuzzer can call as well.

mod mutation;
mod seeds;
mod targets;

use mutation::Fuzzer;

/// Tokens of protobuf's binary format: keys, lengths and numbers at the edges.
const BINARY: &[&[u8]] = &[
    &[0x00],
    &[0x7f],
    &[0x80, 0x01],
    &[0xff; 4],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x0a, 0x00],
    &[0x08, 0x01],
    b"\xf0\x80\x80",
    b".google.protobuf.Any",
    b"this.",
];

/// Tokens of TOML, YAML and JSON.
const TEXT: &[&[u8]] = &[
    b"\"",
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\n",
    b" = ",
    b": ",
    b"- ",
    b"*",
    b"**",
    b"{a,",
    b"${",
    b"$${",
    b"@",
    b"&a ",
    b"*a",
    b"<<: ",
    b"0",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80",
];

/// Tokens of protos.
const PROTO: &[&[u8]] = &[
    b"syntax = \"proto2\";",
    b"edition = \"2023\";",
    b"message ",
    b"repeated ",
    b"map<string, ",
    b"oneof x {",
    b"extend ",
    b"reserved 1 to max;",
    b"option (",
    b"[default = ",
    b"import \"",
    b"{",
    b"}",
    b"(",
    b")",
    b"<",
    b"/*",
    b"\\x",
    b"\\U0010ffff",
    b"0x",
    b"1e999",
    b"-",
    b";",
];

#[test]
fn images_do_not_cause_panics() {
    Fuzzer::new(150, BINARY).run(&seeds::images(), targets::image);
}

#[test]
fn folders_of_protos_do_not_cause_panics() {
    Fuzzer::new(150, PROTO).run(&seeds::protos(), targets::folder);
}

#[test]
fn configurations_do_not_cause_panics() {
    Fuzzer::new(800, TEXT).run(&seeds::toml_configurations(), |bytes| {
        targets::configuration("proofread.toml", bytes);
    });
    Fuzzer::new(800, TEXT).run(&seeds::yaml_configurations(), |bytes| {
        targets::configuration("proofread.yaml", bytes);
    });
}

#[test]
fn configurations_of_buf_do_not_cause_panics() {
    Fuzzer::new(150, TEXT).run(&seeds::buf_configurations(), targets::buf_configuration);
}

#[test]
fn recorded_failures_do_not_cause_panics() {
    Fuzzer::new(800, TEXT).run(&seeds::failures(), targets::failures);
}

#[test]
fn baselines_do_not_cause_panics() {
    Fuzzer::new(800, TEXT).run(&seeds::baselines(), targets::baseline);
}

#[test]
fn answers_do_not_cause_panics() {
    Fuzzer::new(1500, BINARY).run(&seeds::answers(), targets::answer);
}

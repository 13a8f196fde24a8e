//! Real inputs, from which the mutations start.

use std::path::Path;

use proofread::{
    case::{Expect, Phase, Violation},
    failures::{Failure, Failures},
    finding::{Finding, FindingKind, Reproduction},
    judge::details::{BadRequest, FieldViolation, Status},
};
use prost::Message;
use prost_types::Any;

#[path = "../../src/testing.rs"]
mod testing;

/// A small proto with rules of many kinds.
pub const SHOP: &str = r#"syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
import "proofread/v1/options.proto";
service Shop {
  option (proofread.v1.common_errors) = { code: CODE_UNAVAILABLE reason: "BUSY" when: "it is busy" };
  rpc Buy(BuyRequest) returns (BuyResponse) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(BuyRequest) returns (stream BuyResponse);
}
message BuyRequest {
  int32 count = 1 [(buf.validate.field).int32 = { gte: 1, lte: 9 }];
  string name = 2 [(buf.validate.field).string = { min_len: 1, max_len: 5, pattern: "^[a-z]+$" }];
  repeated Part parts = 3 [(buf.validate.field).repeated = { min_items: 1, max_items: 3 }];
  map<string, int64> prices = 4 [(buf.validate.field).map.values.int64.gt = 0];
  oneof payment { string card = 5 [(buf.validate.field).string.len = 4]; bool cash = 6; }
  google.protobuf.Duration wait = 7 [(buf.validate.field).duration.lte.seconds = 60];
  google.protobuf.Timestamp time = 8;
  optional double weight = 9 [(buf.validate.field).double.finite = true];
  bytes data = 10 [(buf.validate.field).bytes.max_len = 4];
  google.protobuf.Any extra = 11;
  string email = 12 [(buf.validate.field).string.email = true, (buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE];
}
message Part {
  option (buf.validate.message).cel = { id: "small" message: "too big" expression: "this.size < this.limit + 5" };
  int32 size = 1;
  int32 limit = 2;
  Colour colour = 3 [(buf.validate.field).enum.defined_only = true];
  Part inner = 4;
}
enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; }
message BuyResponse { string id = 1 [(buf.validate.field).string.min_len = 1]; repeated Part parts = 2; }
"#;

/// An image of [`SHOP`].
pub fn shop() -> Vec<u8> {
    testing::image(&[("shop/v1/shop.proto", SHOP)])
}

/// The images of small contracts. The file of the contract comes last, and only it is
/// mutated, because the rules of protovalidate are large: see [`super::targets::image`].
pub fn images() -> Vec<Vec<u8>> {
    let edition = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/editions");
        std::fs::read(folder.join(name)).expect("the file can be read")
    };
    let paged = "service Shop { rpc List(ListRequest) returns (ListResponse) { \
        option (proofread.v1.paging) = { size_field: \"size\" token_field: \"token\" \
        items_field: \"items\" next_token_field: \"next\" }; \
        option (proofread.v1.idempotency_key) = \"token\"; } } \
        message ListRequest { int32 size = 1 [(proofread.v1.unset) = \"ten\"]; string token = 2; } \
        message ListResponse { repeated string items = 1; string next = 2; }";
    vec![
        last_file(&shop()),
        last_file(&testing::shop(paged)),
        edition("library.binpb"),
        edition("archive.binpb"),
        edition("mixed.binpb"),
        edition("cases.binpb"),
    ]
}

/// The last file of an image, with its key and length.
fn last_file(image: &[u8]) -> Vec<u8> {
    let set = prost_types::FileDescriptorSet::decode(image).expect("it is an image");
    let names: Vec<&str> = set.file.iter().map(|file| file.name()).collect();
    assert_eq!(names.last(), Some(&"shop/v1/shop.proto"));
    let mut rest = image;
    loop {
        let mut after = &rest[1..];
        let length = prost::encoding::decode_varint(&mut after).expect("it has a length");
        let length = usize::try_from(length).expect("it fits");
        if after.len() == length {
            return rest.to_vec();
        }
        rest = &after[length..];
    }
}

/// Protos.
pub fn protos() -> Vec<Vec<u8>> {
    let proto2 = "syntax = \"proto2\"; package a; message M { required string a = 1 [default = \"x\\n\"]; \
        optional group G = 2 { optional int32 b = 1; } extensions 100 to max; } \
        extend M { optional int32 c = 100; } enum E { option allow_alias = true; A = 1; B = 1; } \
        service S { rpc Get(M) returns (stream M); }";
    vec![SHOP.as_bytes().to_vec(), proto2.as_bytes().to_vec()]
}

/// Configurations in TOML.
pub fn toml_configurations() -> Vec<Vec<u8>> {
    let all = r#"url = "http://127.0.0.1:50051"
contract = ["a.binpb", "b"]
import_paths = ["third_party"]
include = ["shop.v1.*", "{Buy,Watch}"]
exclude = ["Delete*"]
phases = ["baseline", "random"]
seed = 1
random_cases = 100
concurrency = 64
rate = 1000
budget = "2m30s"
timeout = "500ms"
profile = "strict"
details = "any"
trailer_limit = 8192
baseline = "proofread.baseline.toml"

[headers]
x-tenant = "acme"
authorization = "Bearer ${TOKEN}"

[methods."shop.v1.Shop/*".headers]
x-role = "admin"

[credentials.operator]
token = "@data/operator.token"

[credentials.account]
call = "shop.v1.Accounts/SignIn"
request = { email = "me@example.com", password = "$${PASSWORD}" }
field = "session.token"
header = "authorization: Bearer {token}"
methods = ["shop.v1.Cart/*"]

[tls]
ca = "ca.pem"
insecure = true

[fixtures]
"shop.v1.BuyRequest.count" = [1, 2]
"*.name" = ["a", "${NAME}", "@file"]

[fixtures."*.card"]
call = "shop.v1.Shop/Buy"
request = { request_id = "${uuid}", count = 1 }
field = "id"
count = 5
"#;
    vec![all.as_bytes().to_vec()]
}

/// Configurations in YAML.
pub fn yaml_configurations() -> Vec<Vec<u8>> {
    let all = "url: http://127.0.0.1:50051
contract: contract.binpb
include: [\"shop.v1.*\"]
budget: 2m
headers:
  x-tenant: acme
credentials:
  operator:
    token: \"@operator.token\"
fixtures:
  \"*.name\": [a, b]
  \"*.card\":
    call: shop.v1.Shop/Buy
    request: {count: 1}
    field: id
";
    vec![all.as_bytes().to_vec()]
}

/// Configurations of buf.
pub fn buf_configurations() -> Vec<Vec<u8>> {
    let all = "version: v2\nmodules:\n  - path: proto\n    excludes: [proto/old]\n  - path: .\n";
    vec![
        all.as_bytes().to_vec(),
        b"version: v1\ndirectories:\n  - proto\n".to_vec(),
    ]
}

/// Recorded failures.
pub fn failures() -> Vec<Vec<u8>> {
    let sent = [&[0, 0, 0, 0, 2][..], &[0x08, 0x01]].concat();
    let finding = |expect: Expect| Finding {
        method: "/shop.v1.Shop/Buy".to_owned(),
        phase: Phase::Unset,
        case: "unset/count/unset".to_owned(),
        kind: FindingKind::RuleNotChecked,
        intent: "count left unset".to_owned(),
        expected: "INVALID_ARGUMENT".to_owned(),
        observed: "OK".to_owned(),
        sent: sent.clone(),
        json: Some("{\"count\":1}".to_owned()),
        reproduction: Some(Reproduction {
            path: "/shop.v1.Shop/Buy".to_owned(),
            headers: vec![("x-a".to_owned(), b"b".to_vec())],
            reset: false,
            piece: 0,
            expect,
            exercises: Vec::new(),
        }),
        suspects: Vec::new(),
        sequence: None,
    };
    let violation = Violation {
        path: "parts[0].inner.size".to_owned(),
        rule: "int32.gte_lte".to_owned(),
    };
    let findings = [
        finding(Expect::Refused(vec![violation])),
        finding(Expect::Accepted),
    ];
    let recorded = Failures {
        format: Failures::FORMAT,
        proofread: "0.1.0".to_owned(),
        url: "http://127.0.0.1:50051".to_owned(),
        contract: vec!["contract.binpb".into()],
        import_paths: Vec::new(),
        profile: "strict".to_owned(),
        details: "any".to_owned(),
        trailer_limit: 8192,
        seed: 1,
        methods: vec!["/shop.v1.Shop/Buy".to_owned()],
        called: [("*.card".to_owned(), vec![serde_json::json!("1234")])].into(),
        left_out: 0,
        failures: Vec::<Failure>::from_iter(Failures::numbered(&findings)),
    };
    let text = serde_json::to_vec_pretty(&recorded).expect("it is JSON");
    vec![text]
}

/// Baselines.
pub fn baselines() -> Vec<Vec<u8>> {
    let text = r#"[[finding]]
id = "shop.v1.Shop/Buy rule-not-checked count int32.gte_lte"
reason = "see issue 7"
expires = 2027-02-26

[[finding]]
id = "crash"
reason = "\u00e9"
expires = 2027-02-26
"#;
    vec![text.as_bytes().to_vec()]
}

/// Responses and the details of refusals, encoded.
pub fn answers() -> Vec<Vec<u8>> {
    let violations = prost_protovalidate_types::Violations {
        violations: vec![prost_protovalidate_types::Violation {
            field: Some(prost_protovalidate_types::FieldPath {
                elements: vec![prost_protovalidate_types::FieldPathElement {
                    field_name: Some("count".to_owned()),
                    subscript: Some(
                        prost_protovalidate_types::field_path_element::Subscript::StringKey(
                            "a\"b".to_owned(),
                        ),
                    ),
                    ..Default::default()
                }],
            }),
            rule_id: Some("int32.gte_lte".to_owned()),
            ..Default::default()
        }],
    };
    let bad_request = BadRequest {
        field_violations: vec![FieldViolation {
            field: "count".to_owned(),
            description: "wrong".to_owned(),
            reason: "INT32_GTE_LTE".to_owned(),
        }],
    };
    let any = |name: &str, value: Vec<u8>| Any {
        type_url: format!("type.googleapis.com/{name}"),
        value,
    };
    let status = Status {
        code: 3,
        message: "count: wrong".to_owned(),
        details: vec![
            any("buf.validate.Violations", violations.encode_to_vec()),
            any("google.rpc.BadRequest", bad_request.encode_to_vec()),
        ],
    };
    let response = [&[0x0a, 2][..], b"id", &[0x12, 4, 0x08, 1, 0x22, 0]].concat();
    vec![
        status.encode_to_vec(),
        response,
        b"a%20b%C3%A9%".to_vec(),
        b"13".to_vec(),
    ]
}

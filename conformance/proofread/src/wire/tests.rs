//! Wire cases contain what they claim: those that must be accepted decode to the same
//! valid request, and those that are malformed do not decode.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::*;
use crate::{contract::Code, testing};

/// A contract with a field of every type that has its own encoding.
const SHOP: &str = r#"
    service Shop { rpc Put(PutRequest) returns (PutRequest); }
    service Streams { rpc Pour(stream PutRequest) returns (PutRequest); }
    enum Kind { KIND_UNSPECIFIED = 0; KIND_BOOK = 1; }
    message Price {
      string currency = 1 [(buf.validate.field).string.min_len = 1];
      int64 amount = 2 [(buf.validate.field).int64.gt = 0];
    }
    message PutRequest {
      reserved 15000, 15001;
      string name = 1 [(buf.validate.field).string.min_len = 1];
      int32 count = 2 [(buf.validate.field).int32.gt = 0];
      sint32 offset = 3 [(buf.validate.field).sint32.lt = 0];
      uint32 size = 4 [(buf.validate.field).uint32.gt = 0];
      fixed32 stamp = 5;
      sfixed64 moment = 6;
      double weight = 7;
      float height = 8;
      bool open = 9 [(buf.validate.field).bool.const = true];
      Kind kind = 10 [(buf.validate.field).enum = {defined_only: true not_in: [0]}];
      bytes data = 11;
      Price price = 12 [(buf.validate.field).required = true];
      repeated int32 ids = 13 [(buf.validate.field).repeated.min_items = 1];
      repeated sint64 offsets = 14;
      repeated double weights = 16;
      repeated Kind kinds = 17;
      repeated string names = 18;
      map<string, int32> stock = 19;
      optional int32 rank = 20;
    }
"#;

fn shop() -> Contract {
    Contract::decode(&testing::shop(SHOP)).expect("a contract")
}

fn baseline(contract: &Contract) -> DynamicMessage {
    let descriptor = |name| {
        let message = contract.message(name).expect("a message");
        message.descriptor.clone()
    };
    let mut price = DynamicMessage::new(descriptor("shop.v1.Price"));
    price.set_field_by_name("currency", Value::String("USD".to_owned()));
    price.set_field_by_name("amount", Value::I64(1 << 40));
    let list = |values: [Value; 2]| Value::List(values.into());
    let mut message = DynamicMessage::new(descriptor("shop.v1.PutRequest"));
    for (name, value) in [
        ("name", Value::String("Dune".to_owned())),
        ("count", Value::I32(300)),
        ("offset", Value::I32(-300)),
        ("size", Value::U32(u32::MAX)),
        ("stamp", Value::U32(7)),
        ("moment", Value::I64(-7)),
        ("weight", Value::F64(0.5)),
        ("height", Value::F32(0.5)),
        ("open", Value::Bool(true)),
        ("kind", Value::EnumNumber(1)),
        ("data", Value::Bytes(vec![0xff].into())),
        ("price", Value::Message(price)),
        ("ids", list([Value::I32(-1), Value::I32(1)])),
        ("offsets", list([Value::I64(-1), Value::I64(i64::MIN)])),
        ("weights", list([Value::F64(0.5), Value::F64(-0.5)])),
        ("kinds", list([Value::EnumNumber(1), Value::EnumNumber(0)])),
        ("rank", Value::I32(3)),
    ] {
        message.set_field_by_name(name, value);
    }
    message
}

fn cases_of(path: &str, profile: &str) -> (Contract, Vec<Case>) {
    let contract = shop();
    let oracle = Oracle::new(&contract);
    let request = baseline(&contract);
    let valid = oracle.violations(&request).expect("rules");
    assert!(valid.is_empty(), "{valid:?}");
    let profile = Profile::named(profile).expect("built in");
    let cases = {
        let method = contract.methods().find(|method| method.path == path);
        let method = method.expect("a method");
        cases(&contract, &oracle, method, &request, &profile)
    };
    (contract, cases)
}

fn call(case: &Case) -> &RawCall {
    match &case.send {
        Payload::Raw(call) => call,
        Payload::Messages(_) => panic!("wire cases are bytes"),
    }
}

#[test]
fn ids_are_unique_and_deterministic() {
    let ids = |cases: &[Case]| -> Vec<String> { cases.iter().map(|it| it.id.clone()).collect() };
    let (_, cases) = cases_of("/shop.v1.Shop/Put", "strict");
    let unique: BTreeSet<String> = ids(&cases).into_iter().collect();
    assert_eq!(unique.len(), cases.len());
    assert!(cases.iter().all(|case| case.id.starts_with("wire/")));
    let (_, repeated) = cases_of("/shop.v1.Shop/Put", "strict");
    assert_eq!(ids(&cases), ids(&repeated));
    assert!(cases.len() > 80, "{}", cases.len());
}

#[test]
fn accepted_cases_decode_to_the_same_valid_request() {
    let (contract, cases) = cases_of("/shop.v1.Shop/Put", "strict");
    let oracle = Oracle::new(&contract);
    let expected = baseline(&contract);
    let mut seen = 0;
    for case in &cases {
        let body = &call(case).body;
        let well_framed = body.len() >= 5 && body[0] == 0;
        if !matches!(case.expect, Expect::Accepted) || !well_framed {
            continue;
        }
        let decoded = DynamicMessage::decode(expected.descriptor(), &body[5..]);
        let decoded = decoded.unwrap_or_else(|error| panic!("{}: {error}", case.id));
        assert_eq!(
            oracle.violations(&decoded),
            Ok(BTreeSet::new()),
            "{}",
            case.id
        );
        let with_other_values = ["wire/last-wins/", "wire/pieces/", "wire/edge/"];
        if !with_other_values.iter().any(|it| case.id.starts_with(it)) {
            let same = expected
                .descriptor()
                .fields()
                .all(|field| decoded.get_field(&field) == expected.get_field(&field));
            assert!(same, "{}: {decoded:?}", case.id);
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn last_value_of_a_repeated_scalar_field_is_judged() {
    let (_, cases) = cases_of("/shop.v1.Shop/Put", "strict");
    let expect = |id: &str| {
        let case = cases.iter().find(|case| case.id == id);
        &case.unwrap_or_else(|| panic!("no case {id}")).expect
    };
    for field in ["name", "count", "offset", "size", "open", "kind"] {
        let zero = expect(&format!("wire/last-wins/{field}/zero"));
        let Expect::Refused(due) = zero else {
            panic!("{field}: {zero:?}");
        };
        assert_eq!(due[0].path, *field);
    }
    for field in ["stamp", "weight", "data", "rank"] {
        let zero = expect(&format!("wire/last-wins/{field}/zero"));
        assert!(matches!(zero, Expect::Accepted), "{field}: {zero:?}");
    }
}

/// The two pieces of a message differ from the whole message.
#[test]
fn message_with_a_single_field_is_split_too() {
    let contract = Contract::decode(&testing::shop(
        "service Shop { rpc Put(PutRequest) returns (PutRequest); }
         message PutRequest { Only name = 1; Only inner = 2; Only list = 3; Only lone = 4; Only none = 5; }
         message Only { string name = 1; Only inner = 2; repeated int32 ids = 3; }",
    ));
    let contract = contract.expect("a contract");
    let method = contract.methods().next().expect("a method");
    let request = serde_json::json!({
        "name": {"name": "a"},
        "inner": {"inner": {"name": "a", "ids": [1]}},
        "list": {"ids": [1, 2, 3]},
        "lone": {"ids": [1]},
        "none": {},
    });
    let request = DynamicMessage::deserialize(method.descriptor.input(), request);
    let request = request.expect("it is one");
    let oracle = Oracle::new(&contract);
    let cases = cases(&contract, &oracle, method, &request, &Profile::strict());
    let merged: Vec<&Case> = cases
        .iter()
        .filter(|case| case.id.starts_with("wire/merged/"))
        .collect();
    let ids: Vec<&str> = merged.iter().map(|case| case.id.as_str()).collect();
    let expected = ["name", "inner", "list", "lone"].map(|name| format!("wire/merged/{name}"));
    assert_eq!(ids, expected);
    for (case, number) in merged.iter().zip(1_u8..) {
        let body = &call(case).body[5..];
        let decoded = DynamicMessage::decode(request.descriptor(), body);
        assert_eq!(decoded.as_ref(), Ok(&request), "{}", case.id);
        // A parser that keeps only the last piece decodes another message.
        let key = number << 3 | 2;
        let (mut at, mut last) = (0, 0);
        while at < body.len() {
            if body[at] == key {
                last = at;
            }
            at += 2 + usize::from(body[at + 1]);
        }
        let alone = DynamicMessage::decode(request.descriptor(), &body[last..]);
        let alone = alone.expect("the last piece decodes");
        let field = request.descriptor().get_field(u32::from(number));
        let field = field.expect("the field");
        assert_ne!(
            alone.get_field(&field),
            request.get_field(&field),
            "{}",
            case.id
        );
    }
}

#[test]
fn malformed_cases_do_not_decode() {
    let (contract, cases) = cases_of("/shop.v1.Shop/Put", "strict");
    let descriptor = baseline(&contract).descriptor();
    let mut malformed = cases
        .iter()
        .filter(|case| case.id.starts_with("wire/malformed/"));
    assert!(malformed.clone().count() >= 12);
    assert!(malformed.all(|case| {
        let message = &call(case).body[5..];
        DynamicMessage::decode(descriptor.clone(), message).is_err()
    }));
}

#[test]
fn profile_decides_what_the_specification_leaves_open() {
    let expect = |profile: &str, id: &str| {
        let (_, cases) = cases_of("/shop.v1.Shop/Put", profile);
        let case = cases.into_iter().find(|case| case.id == id);
        case.expect("a case").expect
    };
    let two = "wire/two-messages";
    assert!(matches!(expect("tonic", two), Expect::Accepted));
    assert!(matches!(expect("strict", two), Expect::OneOf(codes) if codes == [Code(12)]));
    let none = "wire/content-type/none";
    assert!(matches!(expect("grpc-go", none), Expect::Http(statuses) if statuses == [415]));
}

#[test]
fn client_stream_has_no_cases_about_the_number_of_messages() {
    let (_, cases) = cases_of("/shop.v1.Streams/Pour", "strict");
    let cardinality = ["wire/no-message", "wire/two-messages"];
    assert!(
        !cases
            .iter()
            .any(|case| cardinality.contains(&case.id.as_str()))
    );
    assert!(cases.iter().any(|case| case.id == "wire/oversized"));
}

#[test]
fn request_without_fields_has_wire_cases() {
    let contract = Contract::decode(&testing::shop(
        "service Shop { rpc Ping(PingRequest) returns (PingRequest); } message PingRequest {}",
    ));
    let contract = contract.expect("a contract");
    let method = contract.methods().next().expect("a method");
    let request = DynamicMessage::new(method.descriptor.input());
    let oracle = Oracle::new(&contract);
    let cases = cases(&contract, &oracle, method, &request, &Profile::strict());
    assert!(cases.len() > 40, "{}", cases.len());
}

/// Each value in pieces is sent such that taking the wrong piece changes the verdict.
#[test]
fn value_in_pieces_is_judged_by_the_joined_value() {
    let contract = Contract::decode(&testing::shop(
        "service Shop { rpc Put(PutRequest) returns (PutRequest); }
         message PutRequest {
           oneof key {
             option (buf.validate.oneof).required = true;
             int32 id = 1 [(buf.validate.field).int32.gt = 0];
             string code = 2 [(buf.validate.field).string.len = 3];
           }
           map<string, int64> stock = 3 [(buf.validate.field).map.values.int64.gt = 0];
           Price price = 4 [(buf.validate.field).required = true];
           repeated int32 sizes = 5 [(buf.validate.field).repeated.max_items = 3];
         }
         message Price { int64 amount = 1 [(buf.validate.field).int64.gt = 0]; string note = 2; }",
    ));
    let contract = contract.expect("a contract");
    let method = contract.methods().next().expect("a method");
    let request = serde_json::json!({"id": 7, "price": {"amount": 1, "note": "a"}});
    let request = DynamicMessage::deserialize(method.descriptor.input(), request);
    let request = request.expect("it is one");
    let oracle = Oracle::new(&contract);
    let cases = cases(&contract, &oracle, method, &request, &Profile::strict());
    let pieces = cases
        .iter()
        .filter(|case| case.id.starts_with("wire/pieces/"));
    let verdicts: Vec<(&str, String)> = pieces
        .map(|case| {
            let rules = match &case.expect {
                Expect::Refused(due) => due.iter().map(|it| it.rule.clone()).collect(),
                _ => vec!["accepted".to_owned()],
            };
            (&case.id["wire/pieces/".len()..], rules.join(", "))
        })
        .collect();
    let expected = [
        ("oneof/id/valid-last", "accepted"),
        ("oneof/id/invalid-last", "int32.gt"),
        ("oneof/code/valid-last", "accepted"),
        ("oneof/code/invalid-last", "string.len"),
        ("map/stock/valid-last", "accepted"),
        ("map/stock/invalid-last", "int64.gt"),
        ("message/price.amount/zero-first", "accepted"),
        ("message/price.amount/zero-last", "int64.gt"),
        ("message/price.note/zero-first", "accepted"),
        ("message/price.note/zero-last", "accepted"),
        ("list/sizes/mixed", "accepted"),
        ("list/sizes/twice", "repeated.max_items"),
    ];
    let expected = expected.map(|(id, rules)| (id, rules.to_owned()));
    assert_eq!(verdicts, expected);
}

#[test]
fn values_at_the_edge_of_their_type_are_judged_by_the_rules() {
    let (_, cases) = cases_of("/shop.v1.Shop/Put", "strict");
    let expect = |id: &str| {
        let case = cases.iter().find(|case| case.id == id);
        &case.unwrap_or_else(|| panic!("no case {id}")).expect
    };
    for id in [
        "name/nul",
        "name/combining",
        "weight/nan-payload",
        "height/subnormal",
        "rank/least",
        "open/two",
    ] {
        assert_eq!(
            *expect(&format!("wire/edge/{id}")),
            Expect::Accepted,
            "{id}"
        );
    }
    for id in ["count/least", "kind/greatest", "offset/greatest"] {
        let expected = expect(&format!("wire/edge/{id}"));
        assert!(matches!(expected, Expect::Refused(_)), "{id}: {expected:?}");
    }
    for id in ["overlong", "surrogate", "cut-off"] {
        let expected = expect(&format!("wire/ill-formed/name/{id}"));
        assert_eq!(*expected, Expect::OneOf(vec![Code(13)]), "{id}");
    }
}

#[test]
fn transport_is_varied_for_one_method_of_a_service() {
    let (_, cases) = cases_of("/shop.v1.Shop/Put", "strict");
    let find = |id: &str| {
        let case = cases.iter().find(|case| case.id == id);
        case.unwrap_or_else(|| panic!("no case {id}"))
    };
    assert_eq!(call(find("wire/data-frames/single-bytes")).piece, 1);
    let repeated = call(find("wire/metadata/repeated"));
    assert_eq!(repeated.headers[0].0, repeated.headers[1].0);
    let compressed = call(find("wire/gzip/valid"));
    assert_eq!(compressed.body[5..7], [0x1f, 0x8b]);
    let refused = &find("wire/gzip/invalid").expect;
    assert_eq!(*refused, Expect::OneOf(vec![Code(3), Code(12)]));
    assert!(matches!(
        find("wire/timeout/refused").expect,
        Expect::Refused(_)
    ));
}

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use super::*;
use crate::testing::{image, shop};

const SHOP: &str = r#"
    // Sells things.
    service Shop {
      option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE, reason: "CLOSED", when: "at night"};

      // Lists things.
      //
      // In no order.
      rpc List(ListRequest) returns (stream ListResponse) {
        option idempotency_level = NO_SIDE_EFFECTS;
        option (proofread.v1.nondeterministic) = "a random sample";
        option (proofread.v1.idempotency_key) = "request_id";
        option (proofread.v1.access) = {credential: "operator"};
        option (proofread.v1.paging) = {
          size_field: "size", token_field: "token", items_field: "items", next_token_field: "next"
        };
        option (proofread.v1.errors) = {code: CODE_NOT_FOUND, reason: "GONE", when: "it is gone"};
        option (proofread.v1.errors) = {code: CODE_ABORTED, when: "by chance"};
      }
    }
    // Asks.
    message ListRequest {
      // The second field comes first.
      int32 size = 2 [
        (proofread.v1.unset) = "20",
        (buf.validate.field).int32 = {gte: 0, lte: 200}
      ];
      string token = 1;
      oneof key { string name = 3; }
      map<string, Kind> kinds = 4;
      optional Inner inner = 5;
      message Inner { google.protobuf.Timestamp time = 1; }
      enum Kind {
        // None.
        KIND_UNSPECIFIED = 0;
        KIND_GOOD = 7; // The good ones.
      }
    }
    message ListResponse {}
"#;

const ACCESS: &str = r#"
    option (proofread.v1.credentials) = {
      name: "account"
      metadata_key: "x-session"
      errors: [{code: CODE_UNAUTHENTICATED, reason: "SIGNED_OUT", when: "no session"}]
    };
    option (proofread.v1.credentials) = {
      name: "service"
      errors: [{code: CODE_UNAUTHENTICATED, reason: "SIGNED_OUT", when: "no service"}]
    };
    extend google.protobuf.ServiceOptions {
      optional bool server_errors = 60001 [
        (proofread.v1.error_set) = {code: CODE_UNAVAILABLE, reason: "CLOSED", when: "at night"},
        (proofread.v1.error_set) = {code: CODE_DEADLINE_EXCEEDED, when: "late"}
      ];
    }
    extend google.protobuf.MethodOptions {
      optional bool used = 60001 [(proofread.v1.error_set) = {code: CODE_ABORTED, reason: "RACE", when: "often"}];
      optional bool unused = 60002 [(proofread.v1.error_set) = {code: CODE_ABORTED, reason: "NEVER", when: "never"}];
    }
    service Shop {
      option (shop.v1.server_errors) = true;
      rpc Get(Request) returns (Request) {
        option (proofread.v1.access) = {credential: "account", if_unset: "guest_id"};
        option (proofread.v1.access) = {services: ["cart", "reviews"]};
        option (proofread.v1.access) = {if_set: "guest_id"};
        option (shop.v1.used) = true;
        option (shop.v1.unused) = false;
      }
    }
    message Request { string guest_id = 1; }
"#;

#[test]
fn access_implies_the_errors_of_its_credentials() {
    let contract = Contract::decode(&shop(ACCESS)).expect("the contract is sound");
    let service = contract.services().next().expect("it has a service");
    let common: Vec<&str> = service
        .common_errors
        .iter()
        .map(|it| it.when.as_str())
        .collect();
    assert_eq!(common, ["at night", "late"]);
    let method = &service.methods[0];
    let own: Vec<&str> = method.errors.iter().map(|it| it.when.as_str()).collect();
    assert_eq!(own, ["no session", "often"]);
    let keys: Vec<&str> = method
        .access
        .iter()
        .map(|it| it.metadata_key.as_str())
        .collect();
    assert_eq!(keys, ["x-session", "", ""]);
    assert_eq!(
        method.access_text(str::to_owned).as_deref(),
        Some(
            "the credential account if guest_id is unset, \
             or one of the services cart, reviews, or anybody if guest_id is set"
        )
    );
}

#[test]
fn condition_decides_whether_a_request_is_open() {
    let contract = Contract::decode(&shop(ACCESS)).expect("the contract is sound");
    let method = contract.methods().next().expect("it has a method");
    let mut request = prost_reflect::DynamicMessage::new(method.descriptor.input());
    assert!(!method.is_open_to_anybody_for(&request));
    request.set_field_by_name("guest_id", prost_reflect::Value::String("7".to_owned()));
    assert!(method.is_open_to_anybody_for(&request));
}

#[test]
fn method_and_service_options_are_read() {
    let contract = Contract::decode(&shop(SHOP)).expect("the contract is sound");
    let service = contract.services().next().expect("it has a service");
    assert_eq!(
        (service.name.as_str(), service.comment.as_str()),
        ("Shop", "Sells things.")
    );
    assert_eq!(service.common_errors[0].reason, "CLOSED");

    let method = &service.methods[0];
    assert_eq!(method.path, "/shop.v1.Shop/List");
    assert_eq!(method.comment, "Lists things.\n\nIn no order.");
    assert_eq!(method.idempotency, Idempotency::NoSideEffects);
    assert_eq!(
        (method.client_streaming, method.server_streaming),
        (false, true)
    );
    assert_eq!(method.nondeterministic.as_deref(), Some("a random sample"));
    assert_eq!(method.idempotency_key.as_deref(), Some("request_id"));
    let access = method.access.first().expect("it asks for a credential");
    assert_eq!(
        (access.credential.as_str(), access.metadata_key.as_str()),
        ("operator", "authorization")
    );
    let paging = method.paging.as_ref().expect("it is paged");
    let names = [
        &paging.size_field,
        &paging.token_field,
        &paging.items_field,
        &paging.next_token_field,
    ];
    assert_eq!(names, ["size", "token", "items", "next"]);
    let errors: Vec<String> = method
        .errors
        .iter()
        .map(|error| format!("{} {} {}", error.code, error.reason, error.when))
        .collect();
    assert_eq!(errors, ["NOT_FOUND GONE it is gone", "ABORTED  by chance"]);
}

#[test]
fn fields_are_in_file_order() {
    let contract = Contract::decode(&shop(SHOP)).expect("the contract is sound");
    let request = contract.message("shop.v1.ListRequest").expect("it exists");
    let names: Vec<&str> = request
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["size", "token", "name", "kinds", "inner"]);
    let [size, token, name, kinds, inner] = request.fields.as_slice() else {
        panic!("there are five fields");
    };
    assert_eq!(size.comment, "The second field comes first.");
    assert_eq!(size.unset.as_deref(), Some("20"));
    assert!(size.rules.is_some() && token.rules.is_none());
    assert_eq!(name.oneof.as_deref(), Some("key"));
    assert_eq!(inner.oneof, None);
    assert!(matches!(kinds.value_kind(), Kind::Enum(_)));
    assert_eq!(kinds.key_kind(), Some(Kind::String));
    let inner = contract
        .message_in(inner)
        .expect("it is a message of the contract");
    assert_eq!(inner.name, "ListRequest.Inner");
    assert!(contract.message_in(&inner.fields[0]).is_none());

    let kind = contract
        .enumeration("shop.v1.ListRequest.Kind")
        .expect("it exists");
    let values: Vec<_> = kind
        .values
        .iter()
        .map(|it| (it.number, it.comment.as_str()))
        .collect();
    assert_eq!(values, [(0, "None."), (7, "The good ones.")]);
}

#[test]
fn request_messages_are_those_reachable_from_requests() {
    let contract = Contract::decode(&shop(SHOP)).expect("the contract is sound");
    let reached: Vec<&str> = contract.request_messages().into_iter().collect();
    assert_eq!(
        reached,
        ["shop.v1.ListRequest", "shop.v1.ListRequest.Inner"]
    );
}

#[test]
fn contract_without_options_is_unannotated() {
    let source = r#"// From before.
        syntax = "proto3";
        package old;
        service Old { rpc Ask(Thing) returns (Thing); }
        message Thing { int32 id = 1; }"#;
    let contract = Contract::decode(&image(&[("old.proto", source)])).expect("it is sound");
    let [package] = contract.packages() else {
        panic!("there is one package");
    };
    assert!(package.is_unannotated());
    assert_eq!(package.files[0].comment, "From before.");
    let method = contract.methods().next().expect("it has a method");
    assert_eq!(method.idempotency, Idempotency::Unknown);
    assert!(method.errors.is_empty() && method.access.is_empty() && method.paging.is_none());
}

#[test]
fn edition_2023_is_read() {
    let file = FileDescriptorProto {
        name: Some("new.proto".to_owned()),
        package: Some("new".to_owned()),
        syntax: Some("editions".to_owned()),
        ..FileDescriptorProto::default()
    };
    let mut file = file.encode_to_vec();
    // Field 14 is `edition`, which prost-types does not have yet; 1000 is EDITION_2023.
    file.extend([0x70, 0xe8, 0x07]);
    let mut bytes = vec![0x0a, u8::try_from(file.len()).expect("it is short")];
    bytes.extend(file);
    let contract = Contract::decode(&bytes).expect("it is sound");
    assert_eq!(contract.packages()[0].name, "new");
}

fn error_text(bytes: &[u8]) -> String {
    let error = Contract::decode(bytes).expect_err("the bytes are no contract");
    error.to_string()
}

#[test]
fn invalid_images_give_specific_errors() {
    let good = shop(SHOP);
    assert!(
        error_text(b"").contains("contains no files"),
        "{}",
        error_text(b"")
    );
    for text in ["syntax = \"proto3\";", "{\"file\": []}", "\x1f\u{8b}"] {
        let error = error_text(text.as_bytes());
        assert!(error.contains("not a FileDescriptorSet"), "{error}");
    }
    for length in [good.len() - 1, good.len() / 2, 1] {
        let error = error_text(&good[..length]);
        assert!(error.contains("is cut off"), "{length}: {error}");
    }
    let mut garbled = good.clone();
    garbled[4..40].fill(0xff);
    assert!(error_text(&garbled).contains("not a FileDescriptorSet"));
}

#[test]
fn missing_imports_are_named() {
    let mut set = FileDescriptorSet::decode(shop(SHOP).as_slice()).expect("it decodes");
    set.file.retain(|file| !file.name().starts_with("buf/"));
    let error = error_text(&set.encode_to_vec());
    assert!(
        error.contains("lacks buf/validate/validate.proto"),
        "{error}"
    );
    assert!(error.contains("--include_imports"), "{error}");
}

#[test]
fn inconsistent_files_are_refused() {
    let mut set = FileDescriptorSet::decode(shop(SHOP).as_slice()).expect("it decodes");
    let file = set.file.last_mut().expect("it holds files");
    file.message_type.clear();
    let error = error_text(&set.encode_to_vec());
    assert!(error.contains("is inconsistent"), "{error}");
}

#[test]
fn missing_file_is_named() {
    let error = Contract::open("no/such/contract.binpb").expect_err("there is no such file");
    assert_eq!(
        error.to_string(),
        "can't read the contract no/such/contract.binpb"
    );
}

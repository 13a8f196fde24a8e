use std::path::Path;

use serde_json::json;

use super::{expand::expand_with, *};
use crate::{
    case::Phase,
    contract::Contract,
    testing::{image, shop},
};

fn toml(text: &str) -> Result<ConfigFile, String> {
    let parsed = parse::parse(Path::new("proofread.toml"), text);
    parsed
        .map(|(file, _)| file)
        .map_err(|error| error.to_string())
}

fn yaml(text: &str) -> Result<ConfigFile, String> {
    let parsed = parse::parse(Path::new("proofread.yaml"), text);
    parsed
        .map(|(file, _)| file)
        .map_err(|error| error.to_string())
}

const TOML: &str = r#"
    url = "http://127.0.0.1:50051"
    include = ["bookstore.cart.*"]
    phases = ["unset", "boundary"]
    seed = 7
    budget = "1m 30s"
    random_cases = 50
    headers = { x-tenant = "a" }
    methods."*/Import*".headers = { x-role = "b" }

    [credentials.operator]
    token = "@operator.token"

    [credentials.account]
    call = "shop.v1.Accounts/SignIn"
    request = { email = "a@example.com" }
    field = "session.token"

    [tls]
    ca = "ca.pem"

    [fixtures]
    "shop.v1.GetRequest.id" = [1, 2]
    "*.order_id" = ["a"]

    [fixtures."*.session_id"]
    call = "shop.v1.Accounts/SignIn"
    request = { email = "${uuid}@example.com" }
    field = "session.id"
    count = 3
"#;

const YAML: &str = r#"
url: http://127.0.0.1:50051
include: ["bookstore.cart.*"]
phases: [unset, boundary]
seed: 7
budget: 1m 30s
random_cases: 50
headers: {x-tenant: a}
methods:
  "*/Import*": {headers: {x-role: b}}
credentials:
  operator: {token: "@operator.token"}
  account:
    call: shop.v1.Accounts/SignIn
    request: {email: a@example.com}
    field: session.token
tls: {ca: ca.pem}
fixtures:
  shop.v1.GetRequest.id: [1, 2]
  "*.order_id": [a]
  "*.session_id":
    call: shop.v1.Accounts/SignIn
    request: {email: "${uuid}@example.com"}
    field: session.id
    count: 3
"#;

#[test]
fn toml_and_yaml_give_the_same_configuration() {
    let file = toml(TOML).expect("the configuration is valid");
    assert_eq!(yaml(YAML).expect("the configuration is valid"), file);
    assert_eq!(file.phases, Some(vec![Phase::Unset, Phase::Boundary]));
    assert_eq!(file.budget.map(|span| span.0.as_secs()), Some(90));
    let Fixture::Values(values) = &file.fixtures["shop.v1.GetRequest.id"] else {
        panic!("{:?}", file.fixtures);
    };
    assert_eq!(values, &[json!(1), json!(2)]);
    let Fixture::Call { call, count } = &file.fixtures["*.session_id"] else {
        panic!("{:?}", file.fixtures);
    };
    assert_eq!(
        (call.method.as_str(), count.get()),
        ("shop.v1.Accounts/SignIn", 3)
    );
    assert_eq!(call.request, json!({"email": "${uuid}@example.com"}));
}

#[test]
fn fixture_names_need_no_quotes_in_toml() {
    let plain =
        toml("[fixtures]\nshop.v1.GetRequest.call = [1]").expect("the configuration is valid");
    let quoted =
        toml("[fixtures]\n\"shop.v1.GetRequest.call\" = [1]").expect("the configuration is valid");
    assert_eq!(plain.fixtures, quoted.fixtures);
    assert_eq!(plain.fixtures.len(), 1);
}

#[test]
fn line_of_every_key_is_found() {
    let toml = KeyLines::of_toml("seed = 1\n[a]\nb = [\n  1,\n  { c = 2 },\n]\n\"d.e\" = 1\n");
    let yaml = KeyLines::of_yaml("seed: 1\na:\n  b:\n  - 1\n  - c: 2\n  ? d.e\n  : [x]\n");
    for (key, line_of_toml, line_of_yaml) in [
        ("seed", 1, 1),
        ("a", 2, 2),
        ("a.b", 3, 3),
        ("a.b.0", 4, 4),
        ("a.b.1.c", 5, 5),
        ("a.d.e", 7, 6),
        // A key that is not in the file has the line of the innermost one around it.
        ("a.b.7", 3, 3),
    ] {
        assert_eq!(toml.line_of(key), Some(line_of_toml), "{key}");
        assert_eq!(yaml.line_of(key), Some(line_of_yaml), "{key}");
    }
    assert_eq!(toml.line_of("none"), None);
    assert_eq!(KeyLines::of_toml("= 1"), KeyLines::default());
    assert_eq!(KeyLines::of_yaml("a: ["), KeyLines::default());
}

#[test]
fn invalid_configuration_is_refused_with_key_and_line() {
    let cases = [
        (
            "\nseeed = 1",
            r#"proofread.toml:2: unknown key "seeed"; did you mean "seed"?"#,
        ),
        (
            "seed = 1\n\n[tls]\nkeys = \"a\"",
            r#"proofread.toml:4: unknown key "keys"; did you mean "key"?"#,
        ),
        (
            "[credentials.a]\ntokn = \"a\"",
            r#"proofread.toml:2: unknown key "tokn"; did you mean "token"?"#,
        ),
        ("banana = 1", r#"proofread.toml:1: unknown key "banana""#),
        (
            "seed = \"a\"",
            r#"proofread.toml:1: invalid type: string "a", expected u64"#,
        ),
        (
            "concurrency = 0",
            "proofread.toml:1: invalid value: integer `0`, expected a nonzero usize",
        ),
        (
            "budget = \"soon\"",
            r#"proofread.toml:1: "soon" is not a duration such as 30s, 2m or 500ms"#,
        ),
        (
            "[fixtures]\n\"*.id\" = 1",
            r#"proofread.toml:2: the fixture "*.id" is 1; expected a list, such as [1], or call and field"#,
        ),
        (
            "[fixtures]\nshop.v1.a = [1]\nshop.v1.b = []",
            r#"proofread.toml:3: the fixture "shop.v1.b" lists no value"#,
        ),
        (
            "[fixtures.\"*.id\"]\ncall = \"a\"\nfield = \"b\"\ncuont = 1",
            r#"proofread.toml:4: unknown key "cuont"; did you mean "count"?"#,
        ),
        (
            "seed = 1\n[fixtures]\n\"*.id\" = { call = \"a\" }",
            r#"proofread.toml:3: the fixture "*.id": call needs field, the path of the value in the response"#,
        ),
        (
            "[fixtures.\"*.id\"]\ncall = \"a\"\nfield = 1",
            r#"proofread.toml:3: the fixture "*.id": field is 1; expected a string"#,
        ),
        (
            "[fixtures.\"*.id\"]\ncall = 1\nfield = \"b\"",
            r#"proofread.toml:2: the fixture "*.id": call is 1; expected a string"#,
        ),
        (
            "[fixtures.\"*.id\"]\ncall = \"a\"\nfield = \"b\"\n\nrequest = \"c\"",
            r#"proofread.toml:5: the fixture "*.id": request is "c"; expected a table"#,
        ),
        (
            "[fixtures.\"*.id\"]\ncall = \"a\"\nfield = \"b\"\ncount = 0",
            r#"proofread.toml:4: the fixture "*.id": count is 0; expected 1 or more"#,
        ),
        (
            "seed = ",
            "proofread.toml:1: string values must be quoted, expected literal string",
        ),
    ];
    for (text, expected) in cases {
        let error = toml(text).expect_err(text);
        assert_eq!(error, expected, "{text}");
    }
    let cases = [
        ("a: 1", r#"proofread.yaml:1: unknown key "a""#),
        (
            "seed: 1\nseeed: 1",
            r#"proofread.yaml:2: unknown key "seeed"; did you mean "seed"?"#,
        ),
        (
            "tls:\n  keys: a",
            r#"proofread.yaml:2: unknown key "keys"; did you mean "key"?"#,
        ),
        (
            "seed: 1\nseed: 2",
            "proofread.yaml:2: duplicate mapping key: seed not allowed here",
        ),
        (
            "seed: 1\nheaders:\n\tx: a",
            "proofread.yaml:3: tabs disallowed within this context (block indentation)",
        ),
        ("phases: [unset]\nseed: x", "proofread.yaml:2: invalid u64"),
        (
            "fixtures:\n  '*.a': [1]\n  '*.id': 1",
            r#"proofread.yaml:3: the fixture "*.id" is 1; expected a list, such as [1], or call and field"#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(yaml(text).expect_err(text), expected, "{text}");
    }
    let other = parse::parse(Path::new("proofread.ini"), "").expect_err("the extension is unknown");
    assert!(
        other.to_string().contains(".toml, .yaml or .yml"),
        "{other}"
    );
}

#[test]
fn empty_configuration_is_valid() {
    assert_eq!(
        toml("").expect("the configuration is valid"),
        ConfigFile::default()
    );
    assert_eq!(
        yaml("").expect("the configuration is valid"),
        ConfigFile::default()
    );
    assert_eq!(
        yaml("# later\n").expect("the configuration is valid"),
        ConfigFile::default()
    );
}

#[test]
fn variables_and_files_are_expanded() {
    let folder = tempfile::tempdir().expect("the folder can be created");
    fs::write(folder.path().join("token"), "secret\n").expect("the file can be written");
    let variable = |name: &str| (name == "NAME").then(|| "token".to_owned());
    let expanded =
        |text: &str| expand_with(text, folder.path(), variable).map_err(|e| e.to_string());
    let good = [
        ("plain", "plain"),
        ("@token", "secret"),
        ("@${NAME}", "secret"),
        ("Bearer ${NAME}${NAME}!", "Bearer tokentoken!"),
        ("@@token", "@token"),
        ("costs $5, $${NAME}", "costs $5, ${NAME}"),
        ("a@token", "a@token"),
    ];
    for (text, expected) in good {
        assert_eq!(expanded(text).as_deref(), Ok(expected), "{text}");
    }
    let bad = [
        (
            "${NONE}",
            r#""${NONE}" uses the environment variable NONE, which is not set"#,
        ),
        ("a ${NAME", r#""a ${NAME" has ${ without a closing }"#),
    ];
    for (text, expected) in bad {
        assert_eq!(expanded(text), Err(expected.to_owned()), "{text}");
    }
    let missing = expanded("@nothing").expect_err("the file does not exist");
    assert!(
        missing.starts_with("can't read ") && missing.contains("nothing"),
        "{missing}"
    );
}

#[test]
fn invalid_header_is_refused() {
    let here = Path::new("");
    let header = Header::parse("Authorization:  Bearer a:b ", here).expect("the header is valid");
    assert_eq!(
        (header.name.as_str(), header.value.as_str()),
        ("authorization", "Bearer a:b")
    );
    for (text, expected) in [
        ("authorization", "not of the form 'key: value'"),
        ("a b: c", "not allowed in a header"),
        ("grpc-timeout: 1S", "are reserved by gRPC"),
        ("x: a\u{1}", "the value contains characters"),
    ] {
        let error = Header::parse(text, here).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn owned(globs: &[&str]) -> Vec<String> {
    globs.iter().map(|glob| (*glob).to_owned()).collect()
}

#[test]
fn globs_select_methods_and_typos_are_refused() {
    let image = shop(
        "service Shop { rpc Get(M) returns (M); rpc List(M) returns (M); }
         service Payments { rpc Pay(M) returns (M); } message M {}",
    );
    let contract = Contract::decode(&image).expect("the contract is valid");
    let chosen = |include: &[&str], exclude: &[&str]| -> Result<Vec<String>, String> {
        let selection =
            MethodSelection::new(&owned(include), &owned(exclude)).map_err(|e| e.to_string())?;
        let methods = selection
            .select(&contract)
            .map_err(|error| error.to_string())?;
        Ok(methods
            .into_iter()
            .map(|method| method.name.clone())
            .collect())
    };
    let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(chosen(&[], &[]), names(&["Get", "List", "Pay"]));
    assert_eq!(chosen(&["shop.*"], &["*/List"]), names(&["Get", "Pay"]));
    assert_eq!(chosen(&["shop.v1.Shop"], &[]), names(&["Get", "List"]));
    assert_eq!(chosen(&["Pay"], &[]), names(&["Pay"]));
    assert_eq!(chosen(&["/shop.v1.Payments/Pay"], &[]), names(&["Pay"]));
    for (include, exclude, expected) in [
        (
            &["Pya"] as &[&str],
            &[] as &[&str],
            r#"did you mean "shop.v1.Payments/Pay"?"#,
        ),
        (&["shop.v1.Shoop"], &[], r#"did you mean "shop.v1.Shop"?"#),
        (&[], &["*Nothing*"], "matches no method"),
        (&["Pay"], &["Pay"], "leave no method"),
        (&["a["], &[], "is not a valid glob"),
    ] {
        let error = chosen(include, exclude).expect_err("the globs are refused");
        assert!(error.contains(expected), "{error}");
    }
    let empty = image_without_methods();
    let empty = Contract::decode(&empty).expect("the contract is valid");
    let error = MethodSelection::default()
        .select(&empty)
        .expect_err("the contract has no methods");
    assert!(error.to_string().contains("has no methods"), "{error}");
}

#[test]
fn method_is_included_by_name_only_without_wildcards() {
    let image = shop(
        "service Shop { rpc Get(M) returns (M); rpc List(M) returns (M); }
         service Payments { rpc Pay(M) returns (M); } message M {}",
    );
    let contract = Contract::decode(&image).expect("the contract is valid");
    let named = |include: &[&str], exclude: &[&str]| -> Vec<String> {
        let selection =
            MethodSelection::new(&owned(include), &owned(exclude)).expect("the globs are valid");
        let named = contract
            .methods()
            .filter(|method| selection.includes_by_name(method));
        named.map(|method| method.name.clone()).collect()
    };
    assert_eq!(named(&["shop.v1.Payments/Pay", "shop.*"], &[]), ["Pay"]);
    assert_eq!(named(&["List"], &[]), ["List"]);
    assert_eq!(named(&["shop.v1.Shop"], &["List"]), ["Get"]);
    assert!(named(&[], &[]).is_empty());
    assert!(named(&["*Pay", "shop.v1.Shop/[GL]*", "{Get,List}"], &[]).is_empty());
}

#[test]
fn glob_may_omit_package_service_and_method() {
    let image = shop(
        "service Shop { rpc Get(M) returns (M); rpc List(M) returns (M); }
         service Payments { rpc Pay(M) returns (M); rpc Listen(M) returns (M); } message M {}",
    );
    let contract = Contract::decode(&image).expect("the contract is valid");
    let cases: [(&str, &[&str]); 12] = [
        ("List", &["List"]),
        ("/shop.v1.Payments/Pay", &["Pay"]),
        ("Payments/Pay", &["Pay"]),
        ("v1.Payments/*", &["Pay", "Listen"]),
        ("shop.v1.Shop", &["Get", "List"]),
        ("Shop", &["Get", "List"]),
        ("shop.*", &["Get", "List", "Pay", "Listen"]),
        ("*List", &["List"]),
        ("{Get,Pay}", &["Get", "Pay"]),
        ("{Get,shop.v1.{Payments,None}}", &["Get", "Pay", "Listen"]),
        ("*/[GL]*", &["Get", "List", "Listen"]),
        ("*", &["Get", "List", "Pay", "Listen"]),
    ];
    for (glob, expected) in cases {
        let selection = MethodSelection::new(&owned(&[glob]), &[]).expect("the glob is valid");
        let chosen = selection.select(&contract).expect("the glob matches");
        let chosen: Vec<&str> = chosen.iter().map(|method| method.name.as_str()).collect();
        assert_eq!(chosen, expected, "{glob}");
    }
    let error = check_glob_matches("shop.v1.Shoop", &contract).expect_err("no method matches");
    assert!(error.to_string().contains("matches no method"), "{error}");
    assert!(check_glob_matches("grpc.health.v1.Health/*", &contract).is_ok());
}

fn image_without_methods() -> Vec<u8> {
    image(&[(
        "empty.proto",
        "syntax = \"proto3\"; package empty; message M {}",
    )])
}

#[test]
fn credential_needs_exactly_one_source_of_its_token() {
    let bad = [
        ("", "needs token, command, call and field, or cert and key"),
        (
            "token = \"a\"\ncall = \"b\"",
            "either token or call, not both",
        ),
        ("call = \"b\"", "call needs field"),
        (
            "token = \"a\"\nfield = \"b\"",
            "field is only used with call",
        ),
        (
            "token = \"a\"\nrequest = {}",
            "request is only used with call",
        ),
    ];
    for (text, expected) in bad {
        let file =
            toml(&format!("[credentials.operator]\n{text}")).expect("the configuration is valid");
        let error = file.credentials["operator"]
            .source("operator")
            .expect_err(text);
        let error = error.to_string();
        assert!(
            error.starts_with("credentials.operator: ") && error.contains(expected),
            "{error}"
        );
    }
}

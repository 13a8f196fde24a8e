use std::fs;

use super::{folder::compile, *};

const PROTO: &str = r#"
syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
import "google/protobuf/timestamp.proto";
import "proofread/v1/options.proto";
service Shop { rpc Get(GetRequest) returns (GetRequest); }
message GetRequest {
  int32 id = 1 [(buf.validate.field).int32.gt = 0];
  google.protobuf.Timestamp time = 2 [(proofread.v1.unset) = "now"];
}
"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("the folder can be created");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("the path has a parent"))
            .expect("the folder can be created");
        fs::write(path, content).expect("the file can be written");
    }
    folder
}

#[test]
fn folder_of_protos_is_compiled_with_rules_and_options() {
    let folder = folder(&[("shop/v1/shop.proto", PROTO), (".hidden/bad.proto", "bad")]);
    let image = compile(folder.path()).expect("the protos compile");
    let contract = Contract::decode(&image).expect("the contract is valid");
    let request = contract
        .message("shop.v1.GetRequest")
        .expect("the message exists");
    assert!(request.fields[0].rules.is_some());
    assert_eq!(request.fields[1].unset.as_deref(), Some("now"));
}

#[test]
fn imports_are_relative_to_the_modules_of_a_buf_workspace() {
    let folder = folder(&[
        (
            "buf.yaml",
            "version: v2\nmodules:\n  - path: a/proto\n  - path: b\nlint: {use: [STANDARD]}\n",
        ),
        (
            "a/proto/one.proto",
            "syntax = \"proto3\"; package one; import \"two.proto\"; message M { two.N n = 1; }",
        ),
        (
            "b/two.proto",
            "syntax = \"proto3\"; package two; message N {}",
        ),
    ]);
    let image = compile(folder.path()).expect("the protos compile");
    let contract = Contract::decode(&image).expect("the contract is valid");
    assert!(contract.message("one.M").is_some() && contract.message("two.N").is_some());
}

#[test]
fn compile_error_is_one_line_with_its_location() {
    let cases = [
        (
            vec![(
                "a.proto",
                "syntax = \"proto3\";\nmessage M { Nothing n = 1; }",
            )],
            "a.proto:2:13: ",
        ),
        (
            vec![("a.proto", "syntax = \"proto3\";\nmessage {")],
            "a.proto:2:9: ",
        ),
        (
            vec![(
                "a.proto",
                "syntax = \"proto3\";\nimport \"google/api/http.proto\";",
            )],
            "google/api/http.proto",
        ),
        (vec![("readme.md", "no proto")], "contains no .proto files"),
        (
            vec![
                ("buf.yaml", "modules: 1"),
                ("a.proto", "syntax = \"proto3\";"),
            ],
            "buf.yaml: ",
        ),
    ];
    for (files, expected) in cases {
        let folder = folder(&files);
        let error = compile(folder.path())
            .expect_err("the protos do not compile")
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

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
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(path, content).expect("it writes");
    }
    folder
}

#[test]
fn a_folder_of_protos_is_compiled_with_rules_and_options() {
    let folder = folder(&[("shop/v1/shop.proto", PROTO), (".hidden/bad.proto", "bad")]);
    let image = compile(folder.path()).expect("it compiles");
    let contract = Contract::decode(&image).expect("it is sound");
    let request = contract.message("shop.v1.GetRequest").expect("it is there");
    assert!(request.fields[0].rules.is_some());
    assert_eq!(request.fields[1].unset.as_deref(), Some("now"));
}

#[test]
fn the_modules_of_a_buf_workspace_are_the_roots() {
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
    let image = compile(folder.path()).expect("it compiles");
    let contract = Contract::decode(&image).expect("it is sound");
    assert!(contract.message("one.M").is_some() && contract.message("two.N").is_some());
}

#[test]
fn what_does_not_compile_is_told_in_one_line_with_its_place() {
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
        (vec![("readme.md", "no proto")], "holds no .proto files"),
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
            .expect_err("it can't compile")
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

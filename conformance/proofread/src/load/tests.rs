use std::fs;

use super::{folder::compile, *};
use crate::{large_image::large_image, testing};

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

/// Compiles with protox, also where buf is installed.
fn compiled(path: &Path, import_paths: &[PathBuf]) -> Result<Contract, LoadError> {
    let image = compile(path, import_paths)?;
    Ok(Contract::decode_usable(&image.bytes, image.left_out)?)
}

#[test]
fn folder_of_protos_is_compiled_with_rules_and_options() {
    let folder = folder(&[("shop/v1/shop.proto", PROTO), (".hidden/bad.proto", "bad")]);
    let contract = compiled(folder.path(), &[]).expect("the protos compile");
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
    let contract = compiled(folder.path(), &[]).expect("the protos compile");
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
        let error = compiled(folder.path(), &[])
            .expect_err("the protos do not compile")
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

const ONE: &str = "syntax = \"proto3\"; package a.one.v1; import \"a/two/v1/two.proto\"; \
    service S { rpc Get(a.two.v1.N) returns (a.two.v1.N); }";
const TWO: &str = "syntax = \"proto3\"; package a.two.v1; message N {}";

fn has_both(contract: &Contract) -> bool {
    contract.methods().count() == 1 && contract.message("a.two.v1.N").is_some()
}

#[test]
fn single_proto_is_compiled_with_its_imports() {
    let folder = folder(&[
        ("proto/a/one/v1/one.proto", ONE),
        ("proto/a/two/v1/two.proto", TWO),
        ("proto/a/three/v1/three.proto", "bad"),
        ("here/one.proto", ONE),
    ]);
    let path = |name: &str| folder.path().join(name);
    // The package tells the folder of the imports.
    let contract = compiled(&path("proto/a/one/v1/one.proto"), &[]);
    assert!(has_both(&contract.expect("the proto compiles")));
    let error = compiled(&path("here/one.proto"), &[]).expect_err("its import is elsewhere");
    assert!(error.to_string().contains("a/two/v1/two.proto"), "{error}");
    let contract = compiled(&path("here/one.proto"), &[path("proto")]);
    assert!(has_both(&contract.expect("the proto compiles")));
    let contract = compiled(&path("proto/a/one"), &[path("proto")]);
    let contract = contract.expect("a part of the folder compiles");
    assert!(has_both(&contract) && contract.left_out().is_empty());
}

#[test]
fn module_of_a_workspace_imports_from_its_siblings() {
    let yaml = "version: v2\nmodules:\n  - path: one\n    excludes: [one/old]\n  - path: two\n";
    let folder = folder(&[
        ("buf.yaml", yaml),
        ("one/a/one/v1/one.proto", ONE),
        ("one/old/one.proto", "bad"),
        ("two/a/two/v1/two.proto", TWO),
    ]);
    let contract = compiled(&folder.path().join("one"), &[]);
    let contract = contract.expect("the module compiles");
    assert!(has_both(&contract) && contract.left_out().is_empty());
}

#[test]
fn files_that_cannot_be_used_are_left_out() {
    let folder = folder(&[
        ("a/one/v1/one.proto", ONE),
        ("a/two/v1/two.proto", TWO),
        (
            "bad.proto",
            "syntax = \"proto3\"; message M { Missing m = 1; }",
        ),
        ("user.proto", "syntax = \"proto3\"; import \"bad.proto\";"),
    ]);
    let contract = compiled(folder.path(), &[]).expect("other files compile");
    assert!(has_both(&contract));
    let left_out = contract.left_out().iter();
    let names: Vec<&str> = left_out.map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["bad.proto", "user.proto"]);

    // An image without one of the imports.
    let image = testing::image(&[
        ("a/one/v1/one.proto", ONE),
        ("a/two/v1/two.proto", TWO),
        (
            "b.proto",
            "syntax = \"proto3\"; package b; import \"a/one/v1/one.proto\"; import \"c.proto\"; \
         service S { rpc Get(c.N) returns (c.N); }",
        ),
        ("c.proto", "syntax = \"proto3\"; package c; message N {}"),
    ]);
    let mut incomplete = Vec::new();
    for (file, raw) in crate::contract::image_index(&image)
        .expect("the image is valid")
        .iter()
        .zip(crate::contract::raw_files(&image))
    {
        if file.name != "c.proto" {
            crate::contract::push_file(&mut incomplete, raw);
        }
    }
    let contract = Contract::decode_usable(&incomplete, Vec::new()).expect("others are usable");
    assert!(has_both(&contract));
    assert_eq!(contract.left_out()[0].name, "b.proto");
    assert!(contract.left_out()[0].reason.contains("c.proto"));
    let only = testing::image(&[("c.proto", "syntax = \"proto3\"; package c; message N {}")]);
    assert!(Contract::decode_usable(&only[1..], Vec::new()).is_err());
}

#[test]
fn several_contracts_are_merged() {
    let folder = folder(&[("two/a/two/v1/two.proto", TWO)]);
    let one = testing::image(&[("a/one/v1/one.proto", ONE), ("a/two/v1/two.proto", TWO)]);
    fs::write(folder.path().join("one.binpb"), one).expect("the file can be written");
    let changed = TWO.replace("{}", "{ int32 id = 1; }");
    let changed = testing::image(&[("a/two/v1/two.proto", &changed)]);
    fs::write(folder.path().join("changed.binpb"), changed).expect("the file can be written");
    let source = |names: &[&str]| Source {
        paths: names.iter().map(|name| folder.path().join(name)).collect(),
        import_paths: vec![folder.path().join("two")],
    };
    let contract = source(&["one.binpb", "two"])
        .open()
        .expect("both have the same file");
    assert!(has_both(&contract));
    let error = source(&["one.binpb", "changed.binpb"])
        .open()
        .expect_err("they differ");
    let expected = "a/two/v1/two.proto in ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn only_the_files_of_wanted_methods_are_read() {
    let folder = folder(&[]);
    let path = folder.path().join("large.binpb");
    fs::write(&path, large_image(100)).expect("the file can be written");
    let source = Source {
        paths: vec![path],
        import_paths: Vec::new(),
    };
    let whole = source.open().expect("the image is valid");
    assert_eq!(whole.services().count(), 19);
    assert_eq!(whole.packages().len(), 100);
    let wanted = |path: &str| path == "area0075.v1.Things/Get0";
    let part = source.open_for(wanted).expect("the image is valid");
    let part = part.expect("there is such a method");
    let packages: Vec<&str> = part.packages().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(packages, ["area0000.v1", "area0007.v1", "area0075.v1"]);
    let none = source.open_for(|path| path.is_empty());
    assert!(none.expect("the image is valid").is_none());
}

#[test]
fn names_that_differ_only_in_case_are_compiled() {
    let source = "syntax = \"proto3\"; package c; service S { rpc Get(M) returns (M); } \
        message M { string name = 1; string Name = 2; message N { int32 a = 1; int32 A = 2; } }";
    let folder = folder(&[("c.proto", source)]);
    let contract = compiled(folder.path(), &[]).expect("the proto compiles");
    let names = |message: &str| {
        let message = contract.message(message).expect("it exists");
        let fields = message.fields.iter();
        fields.map(|it| it.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("c.M"), ["name", "Name"]);
    assert_eq!(names("c.M.N"), ["a", "A"]);
    let image = contract.image();
    assert!(!image.windows(9).any(|window| window == b"_proofrea"));
}

#[test]
fn editions_are_refused_with_the_compiler_that_does_not_read_them() {
    let folder = folder(&[("e.proto", "edition = \"2023\"; package e; message M {}")]);
    let error = compiled(folder.path(), &[]).expect_err("protox reads no editions");
    let text = error.to_string();
    assert!(
        text.contains("e.proto:1:1") && text.contains("protox"),
        "{text}"
    );
}

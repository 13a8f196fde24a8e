//! Compiles the test contract in `proto/rules/v1` to an image, messages, stubs and
//! validators. `buf/validate/validate.proto` comes from the crate
//! `prost-protovalidate-types`, the options of proofread from the repository's `proto/`.

#[path = "../../rust/contract/build/stub_generator.rs"]
mod stub_generator;

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use prost_build::Config;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::{
    Compiler,
    file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver},
};

use self::stub_generator::StubGenerator;

const TEST_PROTOS: &str = "proto";
const REPOSITORY_PROTOS: &str = "../../proto";
const PACKAGE: &str = "rules/v1";

/// Files whose messages are validated by protovalidate's runtime engine instead of a
/// generated validator. The generator does not support rules on oneof members, CEL and
/// predefined rules. For wrappers and recursive messages it generates code that does not
/// match prost's types; it does not know required fields. For `uri_ref` see `src/runtime_validator.rs`.
const RUNTIME_ONLY: [&str; 6] = [
    "rules/v1/expressions.proto",
    "rules/v1/legacy_service.proto",
    "rules/v1/network_names.proto",
    "rules/v1/nested.proto",
    "rules/v1/oneofs.proto",
    "rules/v1/wrappers.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={TEST_PROTOS}");
    println!("cargo::rerun-if-changed={REPOSITORY_PROTOS}/proofread/v1/options.proto");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let bytes = compile()?;
    fs::write(out_dir.join("rules.binpb"), &bytes)?;
    let image = FileDescriptorSet::decode(bytes.as_slice())?;

    Config::new()
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        .include_file("contract.rs")
        .service_generator(Box::new(StubGenerator::new(
            "::contract::codec::ValidatingCodec",
        )))
        .compile_fds(image.clone())?;

    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(files_with_generated_validators(&bytes)?)
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        .fail_on_runtime_only(true)
        .compile()?;
    let validators = fs::read_to_string(out_dir.join("validate_impl.rs"))?;
    fs::write(
        out_dir.join("other_validators.rs"),
        other_validators(&image, &validators),
    )?;
    Ok(())
}

fn compile() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(PathBuf::from(TEST_PROTOS).join(PACKAGE))? {
        let name = entry?.file_name();
        files.push(format!("{PACKAGE}/{}", name.to_string_lossy()));
    }
    files.sort();
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(TEST_PROTOS.into()));
    resolver.add(DescriptorSetFileResolver::decode(rules.as_slice())?);
    resolver.add(IncludeFileResolver::new(REPOSITORY_PROTOS.into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;
    Ok(compiler.encode_file_descriptor_set())
}

/// The image reduced to the files for which validators can be generated. Files are kept
/// as bytes, because decoding descriptors with prost drops their options.
fn files_with_generated_validators(image: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut kept = RawImage::default();
    for file in RawImage::decode(image)?.files {
        let read = FileDescriptorProto::decode(file.as_slice())?;
        if read.service.is_empty() && !RUNTIME_ONLY.contains(&read.name()) {
            kept.files.push(file);
        }
    }
    Ok(kept.encode_to_vec())
}

#[derive(Clone, PartialEq, Message)]
struct RawImage {
    #[prost(bytes = "vec", repeated, tag = "1")]
    files: Vec<Vec<u8>>,
}

/// Validators for the messages for which the generator writes none: they call the runtime
/// engine for messages of `RUNTIME_ONLY` files and are empty for messages without rules.
fn other_validators(image: &FileDescriptorSet, validators: &str) -> String {
    let test_files = image
        .file
        .iter()
        .filter(|file| file.package() == "rules.v1");
    let mut impls = String::new();
    for file in test_files {
        let runtime = RUNTIME_ONLY.contains(&file.name());
        for message in &file.message_type {
            let path = format!("rules::v1::{}", message.name());
            if validators.contains(&format!("for {path} {{")) {
                continue;
            }
            let body = if runtime {
                format!(
                    "crate::runtime_validator::validate(\"rules.v1.{}\", self)",
                    message.name()
                )
            } else {
                "Ok(())".to_owned()
            };
            impls.push_str(&format!(
                "impl ::prost_protovalidate::Validate for {path} {{ \
                 fn validate(&self) -> Result<(), ::prost_protovalidate::ValidationError> {{ {body} }} }}\n"
            ));
        }
    }
    impls
}

//! Compiles the test contract in `../proto` to an image, messages, a client, a server and validators.

#[path = "../../../rust/contract/build/stub_generator.rs"]
mod stub_generator;

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use prost_build::Config;
use prost_types::FileDescriptorSet;
use protox::{
    Compiler,
    file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver},
};

use self::stub_generator::StubGenerator;

const TEST_PROTOS: &str = "../proto";
const FILES: [&str; 2] = [
    "interop/v1/values.proto",
    "interop/v1/interop_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={TEST_PROTOS}");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let bytes = compile()?;
    fs::write(out_dir.join("interop.binpb"), &bytes)?;
    let image = FileDescriptorSet::decode(bytes.as_slice())?;

    Config::new()
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        .include_file("contract.rs")
        .service_generator(Box::new(StubGenerator::new(
            "::contract::codec::ValidatingCodec",
        )))
        .compile_fds(image.clone())?;

    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(bytes)
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        // Messages in a oneof are not supported. The one of Values has no rules.
        .fail_on_runtime_only(false)
        .compile()?;
    let validators = fs::read_to_string(out_dir.join("validate_impl.rs"))?;
    fs::write(
        out_dir.join("empty_validators.rs"),
        empty_validators(&image, &validators),
    )?;
    Ok(())
}

fn compile() -> Result<Vec<u8>, Box<dyn Error>> {
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(TEST_PROTOS.into()));
    resolver.add(DescriptorSetFileResolver::decode(rules.as_slice())?);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES)?;
    Ok(compiler.encode_file_descriptor_set())
}

/// Validators for the messages without rules, for which the generator writes none, and for the
/// message that contains itself, of which prost makes a box.
fn empty_validators(image: &FileDescriptorSet, validators: &str) -> String {
    image
        .file
        .iter()
        .filter(|file| file.package() == "interop.v1")
        .flat_map(|file| &file.message_type)
        .map(|message| format!("interop::v1::{}", message.name()))
        .filter(|path| !validators.contains(&format!("for {path} {{")))
        .chain(["Box<interop::v1::Nested>".to_owned()])
        .map(|path| {
            format!(
                "impl ::prost_protovalidate::Validate for {path} {{ \
                 fn validate(&self) -> Result<(), ::prost_protovalidate::ValidationError> {{ Ok(()) }} }}\n"
            )
        })
        .collect()
}

//! Compiles the test contract: its image, and the messages, stubs and validators
//! of it. The rules of protovalidate come from the crate that ships them, the
//! options of proofread from `proto/`.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use prost_build::{Config, Service, ServiceGenerator};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use protox::{
    Compiler,
    file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver},
};

const OWN: &str = "proto";
const OPTIONS: &str = "../../proto";
const PACKAGE: &str = "rules/v1";

/// Files whose messages only the runtime engine can judge: members of a oneof
/// with rules, CEL, predefined rules; and wrappers and messages within themselves,
/// for which the generator writes what does not fit prost's types; and references,
/// see `src/runtime.rs`.
const RUNTIME_ONLY: [&str; 5] = [
    "rules/v1/expressions.proto",
    "rules/v1/names.proto",
    "rules/v1/nested.proto",
    "rules/v1/oneofs.proto",
    "rules/v1/wrappers.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={OWN}");
    println!("cargo::rerun-if-changed={OPTIONS}/proofread/v1/options.proto");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let bytes = compile()?;
    fs::write(out_dir.join("rules.binpb"), &bytes)?;
    let image = FileDescriptorSet::decode(bytes.as_slice())?;

    Config::new()
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        .include_file("contract.rs")
        .service_generator(Box::new(Stubs::new()))
        .compile_fds(image.clone())?;

    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(generable(&bytes)?)
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        .fail_on_runtime_only(true)
        .compile()?;
    let validators = fs::read_to_string(out_dir.join("validate_impl.rs"))?;
    fs::write(out_dir.join("others.rs"), others(&image, &validators))?;
    Ok(())
}

fn compile() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(PathBuf::from(OWN).join(PACKAGE))? {
        let name = entry?.file_name();
        files.push(format!("{PACKAGE}/{}", name.to_string_lossy()));
    }
    files.sort();
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(OWN.into()));
    resolver.add(DescriptorSetFileResolver::decode(rules.as_slice())?);
    resolver.add(IncludeFileResolver::new(OPTIONS.into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;
    Ok(compiler.encode_file_descriptor_set())
}

/// The files for which validators can be generated. As bytes, because decoding
/// descriptors drops their options.
fn generable(image: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
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

/// Validators for the messages that the generator leaves out: by the runtime
/// engine where there are rules that only it knows, empty where there are none.
fn others(image: &FileDescriptorSet, validators: &str) -> String {
    let own = image
        .file
        .iter()
        .filter(|file| file.package() == "rules.v1");
    let mut impls = String::new();
    for file in own {
        let runtime = RUNTIME_ONLY.contains(&file.name());
        for message in &file.message_type {
            let path = format!("rules::v1::{}", message.name());
            if validators.contains(&format!("for {path} {{")) {
                continue;
            }
            let body = match runtime {
                true => format!(
                    "crate::runtime::validate(\"rules.v1.{}\", self)",
                    message.name()
                ),
                false => "Ok(())".to_owned(),
            };
            impls.push_str(&format!(
                "impl ::prost_protovalidate::Validate for {path} {{ \
                 fn validate(&self) -> Result<(), ::prost_protovalidate::ValidationError> {{ {body} }} }}\n"
            ));
        }
    }
    impls
}

/// Generates servers with the codec of the house, which validates, and clients
/// with the plain one.
struct Stubs([Box<dyn ServiceGenerator>; 2]);

impl Stubs {
    fn new() -> Self {
        let builder = || tonic_prost_build::configure();
        Self([
            builder().build_server(false).service_generator(),
            builder()
                .build_client(false)
                .codec_path("::contract::codec::ValidatingCodec")
                .service_generator(),
        ])
    }
}

impl ServiceGenerator for Stubs {
    fn generate(&mut self, service: Service, buf: &mut String) {
        for side in &mut self.0 {
            side.generate(service.clone(), buf);
        }
    }

    fn finalize(&mut self, buf: &mut String) {
        for side in &mut self.0 {
            side.finalize(buf);
        }
    }
}

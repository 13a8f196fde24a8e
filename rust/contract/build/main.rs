//! Generates messages, stubs, validators, the table of methods and the constants of the
//! declared errors from `gen/contract.binpb`, the buf image of the contract.

mod access;
mod cel;
mod errors;
mod methods;
mod options;
mod stub_generator;

use std::{collections::BTreeSet, env, error::Error, fs, path::PathBuf};

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost::Message;
use prost_build::Config;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use self::{options::Contract, stub_generator::StubGenerator};

const IMAGE_PATH: &str = "../../gen/contract.binpb";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={IMAGE_PATH}");
    let bytes = fs::read(IMAGE_PATH)?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let image = FileDescriptorSet::decode(bytes.as_slice())?;

    Config::new()
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        // Their comments contain code in other languages, which rustdoc would test.
        .disable_comments([".google.api"])
        .include_file("contract.rs")
        .service_generator(Box::new(StubGenerator::new(
            "crate::codec::ValidatingCodec",
        )))
        .compile_fds(image.clone())?;

    let pool = DescriptorPool::decode(bytes.as_slice())?;
    let (standard_rules, cel_rules) = cel::take(&pool, &bytes)?;
    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(standard_rules)
        .extern_path(".buf.validate", "::prost_protovalidate_types")
        .fail_on_runtime_only(true)
        .compile()?;
    let validators = fs::read_to_string(out_dir.join("validate_impl.rs"))?;
    let validators = cel::add_checks(validators, &cel_rules)?;
    fs::write(out_dir.join("validate_impl.rs"), &validators)?;
    fs::write(
        out_dir.join("empty_validators.rs"),
        empty_validators(&image, &validators),
    )?;
    let contract = Contract::read(&pool)?;
    fs::write(out_dir.join("methods.rs"), methods::table(&contract))?;
    fs::write(out_dir.join("errors.rs"), errors::constants(&contract)?)?;
    Ok(())
}

/// Empty `Validate` impls for the request and response messages without rules. The codec
/// needs an impl for every message, but prost-protovalidate-build generates none for a
/// message without rules.
fn empty_validators(image: &FileDescriptorSet, validators: &str) -> String {
    let methods = image
        .file
        .iter()
        .flat_map(|file| &file.service)
        .flat_map(|service| &service.method);
    let messages: BTreeSet<&str> = methods
        .flat_map(|method| [method.input_type(), method.output_type()])
        .collect();
    messages
        .into_iter()
        .map(rust_path)
        .filter(|path| !validators.contains(&format!("for {path} {{")))
        .map(|path| {
            format!(
                "impl ::prost_protovalidate::Validate for {path} {{ \
                 fn validate(&self) -> Result<(), ::prost_protovalidate::ValidationError> {{ Ok(()) }} }}\n"
            )
        })
        .collect()
}

/// The Rust path of a message: `bookstore::cart::v1::GetCartRequest` for
/// `.bookstore.cart.v1.GetCartRequest`.
fn rust_path(proto_name: &str) -> String {
    let name = proto_name.trim_start_matches('.');
    let (package, message) = name.rsplit_once('.').unwrap_or(("", name));
    let modules = package.split('.').filter(|segment| !segment.is_empty());
    modules
        .map(|segment| format!("{}::", segment.to_snake_case()))
        .chain([message.to_upper_camel_case()])
        .collect()
}

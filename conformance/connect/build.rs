//! Generates messages and a server from the image of the suite's protos.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use prost::Message;
use prost_build::Config;
use prost_types::FileDescriptorSet;

const IMAGE: &str = "image.binpb";

/// What only the runner and its clients use.
const NOT_OF_SERVERS: [&str; 2] = ["Config", "RawHTTPRequest"];

/// The method that the server must not have.
const UNIMPLEMENTED: &str = "Unimplemented";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={IMAGE}");
    let mut image = FileDescriptorSet::decode(fs::read(IMAGE)?.as_slice())?;
    let validators = empty_validators(&image);
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join("empty_validators.rs"),
        validators,
    )?;
    // On the wire a single response is a stream of one message. The suite wants trailers after
    // successful responses, which tonic sends only after streams.
    for file in &mut image.file {
        file.message_type
            .retain(|message| !NOT_OF_SERVERS.contains(&message.name()));
        for method in file
            .service
            .iter_mut()
            .flat_map(|service| &mut service.method)
        {
            method.server_streaming = Some(method.name() != UNIMPLEMENTED);
        }
    }
    let server = tonic_prost_build::configure()
        .build_client(false)
        .codec_path("::contract::codec::ValidatingCodec")
        .service_generator();
    Config::new()
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .include_file("suite.rs")
        .service_generator(server)
        .compile_fds(image)?;
    Ok(())
}

/// Validators for the messages of all methods, which have no rules.
fn empty_validators(image: &FileDescriptorSet) -> String {
    let services = image.file.iter().flat_map(|file| &file.service);
    let methods = services.flat_map(|service| &service.method);
    let messages = methods.flat_map(|method| [method.input_type(), method.output_type()]);
    messages.fold(String::new(), |mut code, message| {
        let path = message.trim_start_matches('.').replace('.', "::");
        let _ = writeln!(
            code,
            "impl ::prost_protovalidate::Validate for {path} {{ \
             fn validate(&self) -> Result<(), ::prost_protovalidate::ValidationError> {{ Ok(()) }} }}"
        );
        code
    })
}

//! Contracts for tests, compiled from proto source in memory. The tests of other crates
//! include this file too.

use protox::{
    Compiler, Error,
    file::{ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver},
};

const OPTIONS: (&str, &str) = (
    "proofread/v1/options.proto",
    include_str!("../../../proto/proofread/v1/options.proto"),
);

/// Source files with their names.
struct Sources(Vec<(String, String)>);

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        match self.0.iter().find(|(file, _)| file == name) {
            Some((_, source)) => File::from_source(name, source),
            None => Err(Error::file_not_found(name)),
        }
    }
}

/// Compiles files into an image. They may import protovalidate's rules, proofread's
/// options and the well-known types of protobuf.
pub fn image(files: &[(&str, &str)]) -> Vec<u8> {
    let sources = files.iter().copied().chain([OPTIONS]);
    let sources = sources.map(|(name, source)| (name.to_owned(), source.to_owned()));
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    let rules = DescriptorSetFileResolver::decode(rules.as_slice());
    let mut resolver = ChainFileResolver::new();
    resolver.add(Sources(sources.collect()));
    resolver.add(rules.expect("the rules of protovalidate decode"));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    let names = files.iter().map(|(name, _)| *name);
    if let Err(error) = compiler.open_files(names) {
        panic!("the proto source of the test does not compile: {error:?}");
    }
    compiler.encode_file_descriptor_set()
}

/// Compiles `body` as the file `shop/v1/shop.proto` of the package `shop.v1`, with the
/// imports that tests need.
pub fn shop(body: &str) -> Vec<u8> {
    let source = format!(
        r#"syntax = "proto3";
        package shop.v1;
        import "buf/validate/validate.proto";
        import "google/protobuf/descriptor.proto";
        import "google/protobuf/duration.proto";
        import "google/protobuf/timestamp.proto";
        import "google/protobuf/wrappers.proto";
        import "proofread/v1/options.proto";
        {body}"#
    );
    image(&[("shop/v1/shop.proto", &source)])
}

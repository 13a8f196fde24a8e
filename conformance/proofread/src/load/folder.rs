//! Compiles protos to an image.

use std::path::{Path, PathBuf};

use protox::{
    Compiler, Error,
    file::{
        ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver,
        IncludeFileResolver,
    },
};

use super::{Image, LoadError, buf, roots::Roots};
use crate::contract::LeftOutFile;

/// The options of proofread, for modules that import them without a copy of the file.
const OPTIONS_PROTO: (&str, &str) = (
    "proofread/v1/options.proto",
    include_str!("../../../../proto/proofread/v1/options.proto"),
);

/// Compiles a folder with buf. If buf is not installed or fails, for instance because it
/// has to download a module without a network, protox compiles it in this process, as it
/// does with import paths, which buf does not have.
pub(super) fn build(folder: &Path, import_paths: &[PathBuf]) -> Result<Image, LoadError> {
    let built = match import_paths {
        [] => buf::build(folder),
        _ => None,
    };
    let buf_error = match built {
        Some(Ok(bytes)) => {
            let left_out = Vec::new();
            return Ok(Image { bytes, left_out });
        }
        Some(Err(message)) => Some(message),
        None => None,
    };
    let compiled = compile(folder, import_paths);
    match (compiled, buf_error) {
        // For a missing import buf's message is better: it knows the dependencies.
        (Err(LoadError::Import(_)), Some(message)) => Err(LoadError::Compile(message)),
        (compiled, _) => compiled,
    }
}

/// Compiles a proto, or every proto in a folder, with protox. Files that do not compile are
/// left out if others do.
pub(super) fn compile(path: &Path, import_paths: &[PathBuf]) -> Result<Image, LoadError> {
    let roots = Roots::of(path, import_paths)?;
    if roots.names.is_empty() {
        return Err(LoadError::NoProtos(path.to_owned()));
    }
    let mut resolver = ChainFileResolver::new();
    for root in roots.folders {
        resolver.add(IncludeFileResolver::new(root));
    }
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    if let Ok(rules) = DescriptorSetFileResolver::decode(rules.as_slice()) {
        resolver.add(rules);
    }
    resolver.add(OptionsResolver);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    let mut errors = Vec::new();
    for name in &roots.names {
        if let Err(error) = compiler.open_file(name) {
            errors.push((name, compile_error(&error)));
        }
    }
    if errors.len() == roots.names.len() {
        return Err(errors.swap_remove(0).1);
    }
    let left_out = errors.into_iter().map(|(name, error)| LeftOutFile {
        name: name.clone(),
        reason: error.to_string(),
    });
    Ok(Image {
        bytes: compiler.encode_file_descriptor_set(),
        left_out: left_out.collect(),
    })
}

/// The debug format of a protox error begins with file, line and column.
fn compile_error(error: &Error) -> LoadError {
    let text = format!("{error:?}");
    let line = text.lines().next().unwrap_or_default();
    if error.is_file_not_found() {
        LoadError::Import(line.to_owned())
    } else {
        LoadError::Compile(line.to_owned())
    }
}

/// Resolves `proofread/v1/options.proto` to the built-in copy.
struct OptionsResolver;

impl FileResolver for OptionsResolver {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        let (own, source) = OPTIONS_PROTO;
        if name == own {
            File::from_source(own, source)
        } else {
            Err(Error::file_not_found(name))
        }
    }
}

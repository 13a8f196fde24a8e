//! Compiles protos to an image.

use std::path::{Path, PathBuf};

use prost::Message;
use protox::{
    Compiler, Error,
    file::{
        ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver,
        IncludeFileResolver,
    },
};

use super::{Image, LoadError, buf, roots::Roots};
use crate::contract::{LeftOutFile, is_name_conflict, with_original_names, without_name_conflicts};

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
    let image = compile_roots(&roots, false);
    match &image {
        // protox refuses names that differ only in case, and buf does not.
        Ok(image) if image.left_out.iter().any(|it| is_name_conflict(&it.reason)) => {
            compile_roots(&roots, true)
        }
        Err(error) if is_name_conflict(error) => compile_roots(&roots, true),
        _ => image,
    }
}

/// `renames` fields whose names differ only in case, while protox compiles them.
fn compile_roots(roots: &Roots, renames: bool) -> Result<Image, LoadError> {
    let mut resolver = ChainFileResolver::new();
    for root in &roots.folders {
        let files = IncludeFileResolver::new(root.clone());
        if renames {
            resolver.add(WithoutNameConflicts(files));
        } else {
            resolver.add(files);
        }
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
    let bytes = compiler.encode_file_descriptor_set();
    Ok(Image {
        bytes: if renames {
            with_original_names(&bytes)
        } else {
            bytes
        },
        left_out: left_out.collect(),
    })
}

/// The debug format of a protox error begins with file, line and column.
fn compile_error(error: &Error) -> LoadError {
    let text = format!("{error:?}");
    let line = text.lines().next().unwrap_or_default();
    if line.contains("found 'edition'") {
        LoadError::Edition(line.to_owned())
    } else if error.is_file_not_found() {
        LoadError::Import(line.to_owned())
    } else {
        LoadError::Compile(line.to_owned())
    }
}

/// Opens files such that no two fields of a message have names that differ only in case.
struct WithoutNameConflicts(IncludeFileResolver);

impl FileResolver for WithoutNameConflicts {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        let file = self.0.open_file(name)?;
        let descriptor = file.file_descriptor_proto().encode_to_vec();
        let renamed = without_name_conflicts(&descriptor).ok();
        let renamed = renamed.filter(|renamed| *renamed != descriptor);
        let renamed = renamed.and_then(|it| File::decode_file_descriptor_proto(&*it).ok());
        Ok(renamed.unwrap_or(file))
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

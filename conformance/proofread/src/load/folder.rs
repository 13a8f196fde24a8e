//! Compiles a folder of protos to an image.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protox::{
    Compiler, Error,
    file::{
        ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver,
        IncludeFileResolver,
    },
};

use super::{LoadError, buf};

/// The options of proofread, for modules that import them without a copy of the file.
const OPTIONS_PROTO: (&str, &str) = (
    "proofread/v1/options.proto",
    include_str!("../../../../proto/proofread/v1/options.proto"),
);

/// Compiles the folder with buf. If buf is not installed or fails, for instance because it
/// has to download a module without a network, protox compiles it in this process.
pub(super) fn build(folder: &Path) -> Result<Vec<u8>, LoadError> {
    let buf_error = match buf::build(folder) {
        Some(Ok(image)) => return Ok(image),
        Some(Err(message)) => Some(message),
        None => None,
    };
    let compiled = compile(folder);
    match (compiled, buf_error) {
        // For a missing import buf's message is better: it knows the dependencies.
        (Err(LoadError::Import(_)), Some(message)) => Err(LoadError::Compile(message)),
        (compiled, _) => compiled,
    }
}

/// Compiles every proto in the modules of the folder with protox.
pub(super) fn compile(folder: &Path) -> Result<Vec<u8>, LoadError> {
    let roots = buf::module_roots(folder)?;
    let mut resolver = ChainFileResolver::new();
    let mut names = Vec::new();
    for root in &roots {
        resolver.add(IncludeFileResolver::new(root.clone()));
        let mut found = Vec::new();
        collect_protos(root, &mut found)?;
        names.extend(found.iter().filter_map(|path| import_name(root, path)));
    }
    if names.is_empty() {
        return Err(LoadError::NoProtos(folder.to_owned()));
    }
    names.sort();
    names.dedup();
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    if let Ok(rules) = DescriptorSetFileResolver::decode(rules.as_slice()) {
        resolver.add(rules);
    }
    resolver.add(OptionsResolver);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_files(&names)
        .map_err(|error| compile_error(&error))?;
    Ok(compiler.encode_file_descriptor_set())
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

/// Collects all protos below a folder, without hidden folders and `node_modules`, where
/// tools keep their own files.
fn collect_protos(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let unreadable = |source| LoadError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_none_or(|name| name.starts_with('.') || name == "node_modules") {
            continue;
        }
        if path.is_dir() {
            collect_protos(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The name by which other protos import a file; it has slashes on every system.
fn import_name(root: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
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

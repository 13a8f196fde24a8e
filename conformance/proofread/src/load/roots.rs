//! Finds the folders to which the imports of protos are relative.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protox::file::File;

use super::{
    LoadError,
    buf::{self, Module},
};

/// The protos of a contract and where their imports are looked for.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// The protos, by the name that other protos import.
    pub(super) names: Vec<String>,
    /// The folders of imports, in the order of the search.
    pub(super) folders: Vec<PathBuf>,
}

impl Roots {
    /// The protos at a path, a folder or a single file. Their names are relative to the
    /// first of these that contains them: an import path, a module of the buf workspace
    /// that the folder is or is part of, and the folder itself. The name of a single file
    /// can also follow from its package.
    pub(super) fn of(path: &Path, import_paths: &[PathBuf]) -> Result<Self, LoadError> {
        let mut modules: Vec<Module> = import_paths.iter().map(|it| Module::of(it)).collect();
        modules.extend(buf::modules_around(path)?);
        if path.is_dir() {
            modules.push(Module::of(path));
        } else {
            modules.push(Module::of(&root_by_package(path)?));
        }
        let mut roots = Self {
            names: Vec::new(),
            folders: modules.iter().map(|module| module.path.clone()).collect(),
        };
        let mut files = Vec::new();
        if path.is_dir() {
            collect_protos(path, &mut files)?;
        } else if path.parent() == Some(Path::new("")) {
            // In the working folder, which is "." among the modules.
            files.push(Path::new(".").join(path));
        } else {
            files.push(path.to_owned());
        }
        for file in files {
            let mut candidates = modules.iter();
            if let Some(module) = candidates.find(|module| file.starts_with(&module.path))
                && !module.excludes.iter().any(|it| file.starts_with(it))
            {
                roots.names.extend(import_name(&module.path, &file));
            }
        }
        roots.names.sort();
        roots.names.dedup();
        Ok(roots)
    }
}

/// The folder that contains the folders of the package of a proto: `proto` for
/// `proto/shop/v1/shop.proto` with the package `shop.v1`. Otherwise its own folder.
fn root_by_package(file: &Path) -> Result<PathBuf, LoadError> {
    let text = fs::read_to_string(file).map_err(|source| LoadError::Read {
        path: file.to_owned(),
        source,
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.file_name().and_then(|name| name.to_str());
    let parsed = File::from_source(name.unwrap_or_default(), &text).ok();
    let package = parsed.map(|parsed| parsed.file_descriptor_proto().package().to_owned());
    let package: PathBuf = package.unwrap_or_default().split('.').collect();
    let folder = if folder.ends_with(&package) {
        let mut ancestors = folder.ancestors();
        ancestors.nth(package.iter().count()).unwrap_or(folder)
    } else {
        folder
    };
    Ok(if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder.to_owned()
    })
}

/// Collects all protos below a folder, without hidden folders and `node_modules`, where
/// tools keep their own files.
pub(super) fn collect_protos(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), LoadError> {
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

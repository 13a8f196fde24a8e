//! Finds the files of protos, so that reports can point to their lines.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::load::{self, Source};

/// The folders in which protos may be, and the root of the repository.
pub(super) struct SourceFiles {
    roots: Vec<PathBuf>,
    repository: PathBuf,
}

impl SourceFiles {
    /// Looks for protos in the import paths and in the modules of the contract if it is a
    /// folder, and then in the working folder, the root of the repository, and their direct
    /// sub-folders.
    pub(super) fn of(contract: Option<&Source>) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let repository = here.ancestors().find(|folder| folder.join(".git").exists());
        let repository = repository.unwrap_or(&here).to_owned();
        let mut roots = Vec::new();
        if let Some(source) = contract {
            roots.extend(source.import_paths.iter().cloned());
            for folder in source.paths.iter().filter(|path| path.is_dir()) {
                roots.extend(load::module_roots(folder).unwrap_or_default());
            }
        }
        for folder in [&here, &repository] {
            roots.push(folder.clone());
            let mut children = sub_folders(folder);
            children.sort();
            roots.extend(children);
        }
        Self { roots, repository }
    }

    /// The path of a proto, relative to the root of the repository and with slashes; its
    /// name if the file is not found.
    pub(super) fn path(&self, name: &str) -> String {
        let mut paths = self.roots.iter().map(|root| root.join(name));
        let found = paths.find(|path| path.is_file());
        let found = found.and_then(|path| fs::canonicalize(path).ok());
        let relative = found.and_then(|path| {
            let repository = fs::canonicalize(&self.repository).ok()?;
            let relative = path.strip_prefix(repository).ok()?;
            let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
            Some(parts?.join("/"))
        });
        relative.unwrap_or_else(|| name.to_owned())
    }
}

fn sub_folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.is_dir()).collect()
}

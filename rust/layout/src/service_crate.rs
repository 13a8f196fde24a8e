//! The crates of the services and their files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file of a service.
pub struct SourceFile {
    /// Where it is, for messages.
    pub path: PathBuf,
    /// The modules from the root of the crate: `["store", "books"]` for `src/store/books.rs`,
    /// none for `src/lib.rs`.
    pub module: Vec<String>,
    /// Its text.
    pub text: String,
}

/// The crate of a service.
pub struct ServiceCrate {
    /// The name of the crate and of its folder.
    pub name: String,
    /// Its files, without its tests.
    pub files: Vec<SourceFile>,
}

impl ServiceCrate {
    /// All crates of the workspace that have a module `grpc`.
    pub fn all() -> Vec<Self> {
        let mut crates: Vec<_> = entries(&crates_folder())
            .filter(|path| path.join("src/grpc.rs").exists() || path.join("src/grpc").exists())
            .map(|path| Self::read(&path))
            .collect();
        crates.sort_by(|left, right| left.name.cmp(&right.name));
        crates
    }

    fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        read_files(&folder.join("src"), &[], &mut files);
        Self {
            name: file_stem(folder),
            files,
        }
    }

    /// The files of a module of the crate's root.
    pub fn module<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        let files = self.files.iter();
        files.filter(move |file| file.module.first().is_some_and(|first| first == name))
    }

    /// Whether the crate's folder has this file or folder.
    pub fn has(&self, path: &str) -> bool {
        crates_folder().join(&self.name).join(path).exists()
    }

    /// The names of the workspace's crates on which this one depends.
    pub fn workspace_dependencies(&self) -> Vec<String> {
        let manifest = read(&crates_folder().join(&self.name).join("Cargo.toml"));
        let crates: Vec<_> = entries(&crates_folder())
            .map(|path| file_stem(&path))
            .collect();
        let lines = manifest.lines();
        lines
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| crates.iter().any(|existing| existing == name))
            .map(str::to_owned)
            .collect()
    }
}

fn crates_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    entries.map(|entry| entry.expect("the folder is readable").path())
}

fn file_stem(path: &Path) -> String {
    let stem = path.file_stem().expect("the path has a name");
    stem.to_string_lossy().into_owned()
}

fn read_files(folder: &Path, module: &[String], files: &mut Vec<SourceFile>) {
    for path in entries(folder) {
        let stem = file_stem(&path);
        if stem == "tests" {
            continue;
        }
        let mut module = module.to_vec();
        if !["lib", "mod"].contains(&stem.as_str()) {
            module.push(stem);
        }
        if path.is_dir() {
            read_files(&path, &module, files);
        } else {
            files.push(SourceFile {
                text: read(&path),
                path,
                module,
            });
        }
    }
}

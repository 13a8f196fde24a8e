//! The files from which a contract is read, to notice when it changes.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    Source, buf,
    roots::{Roots, collect_protos},
};

/// The files that configure the modules of buf.
const BUF_FILES: [&str; 3] = ["buf.yaml", "buf.work.yaml", "buf.lock"];

impl Source {
    /// The images, the protos in the folders of the contract and of its imports, and the
    /// configurations of buf, whether they exist or not. Folders that can't be read are left
    /// out.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        let mut folders: Vec<PathBuf> = self.import_paths.clone();
        for path in &self.paths {
            let is_proto = path.extension().is_some_and(|it| it == "proto");
            if path.is_dir() {
                folders.push(path.clone());
            } else {
                files.insert(path.clone());
            }
            if path.is_dir() || is_proto {
                let modules = buf::modules_around(path).unwrap_or_default();
                folders.extend(modules.into_iter().map(|module| module.path));
            }
            if is_proto {
                let roots = Roots::of(path, &[]).unwrap_or_default();
                folders.extend(roots.folders);
            }
        }
        for folder in &folders {
            let mut protos = Vec::new();
            let _ = collect_protos(folder, &mut protos);
            files.extend(protos);
            for around in folder.ancestors().filter(|it| *it != Path::new("")) {
                files.extend(BUF_FILES.map(|name| around.join(name)));
            }
        }
        files
    }
}

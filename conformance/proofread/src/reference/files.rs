//! Pages to files and back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use super::page::MARK;

/// What writing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Pages that were not there or had another text.
    pub changed: usize,
    /// Pages of an earlier run that are no more.
    pub removed: usize,
}

/// Writes pages to a folder and removes those of an earlier run that are no more.
///
/// # Errors
/// When the folder can't be read or written.
pub fn write(folder: &Path, pages: &BTreeMap<String, String>) -> io::Result<Written> {
    fs::create_dir_all(folder)?;
    let mut written = Written {
        changed: 0,
        removed: 0,
    };
    for name in stale(folder, pages)? {
        let path = folder.join(&name);
        match pages.get(&name) {
            Some(text) => {
                fs::write(path, text)?;
                written.changed += 1;
            }
            None => {
                fs::remove_file(path)?;
                written.removed += 1;
            }
        }
    }
    Ok(written)
}

/// The names of files in a folder that differ from the pages: missing, with
/// another text, or left over from an earlier run.
///
/// # Errors
/// When the folder can't be read.
pub fn stale(folder: &Path, pages: &BTreeMap<String, String>) -> io::Result<BTreeSet<String>> {
    let present = generated(folder)?;
    let differing = pages.iter().filter(|(name, text)| {
        let path = folder.join(name);
        !fs::read_to_string(path).is_ok_and(|present| present == **text)
    });
    let differing = differing.map(|(name, _)| name.clone());
    let left_over = present.into_iter().filter(|name| !pages.contains_key(name));
    Ok(differing.chain(left_over).collect())
}

/// The pages in a folder that proofread has written.
fn generated(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = name.ends_with(".md")
            && fs::read_to_string(entry.path()).is_ok_and(|text| text.starts_with(MARK));
        if is_ours {
            names.push(name);
        }
    }
    Ok(names)
}

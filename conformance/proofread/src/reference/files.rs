//! Writes pages to a folder and finds pages that are out of date.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use super::page::GENERATED_MARKER;

/// What [`write_pages`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteSummary {
    /// The number of pages that were missing or had another content.
    pub changed: usize,
    /// The number of pages of an earlier run that no longer exist.
    pub removed: usize,
}

/// Writes pages to a folder, creating it if necessary, and removes generated pages of an
/// earlier run that no longer exist. Other files are not touched.
///
/// # Errors
/// When the folder can't be read or written.
pub fn write_pages(folder: &Path, pages: &BTreeMap<String, String>) -> io::Result<WriteSummary> {
    fs::create_dir_all(folder)?;
    let mut written = WriteSummary {
        changed: 0,
        removed: 0,
    };
    for name in stale_pages(folder, pages)? {
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

/// The names of pages that are missing in a folder, have another content there, or are
/// left over from an earlier run.
///
/// # Errors
/// When the folder can't be read.
pub fn stale_pages(
    folder: &Path,
    pages: &BTreeMap<String, String>,
) -> io::Result<BTreeSet<String>> {
    let present = generated(folder)?;
    let differing = pages.iter().filter(|(name, text)| {
        let path = folder.join(name);
        !fs::read_to_string(path).is_ok_and(|present| present == **text)
    });
    let differing = differing.map(|(name, _)| name.clone());
    let left_over = present.into_iter().filter(|name| !pages.contains_key(name));
    Ok(differing.chain(left_over).collect())
}

/// The names of the pages in a folder that proofread generated.
fn generated(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_generated = name.ends_with(".md")
            && fs::read_to_string(entry.path())
                .is_ok_and(|text| text.starts_with(GENERATED_MARKER));
        if is_generated {
            names.push(name);
        }
    }
    Ok(names)
}

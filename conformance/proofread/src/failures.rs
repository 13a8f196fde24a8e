//! Recorded failures: `failures.json`, which `proofread replay` reads.
//!
//! The file contains the bytes of each request as they were sent. It contains no
//! credentials and no other metadata from the configuration.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{config::one_or_many, finding::Finding, load::Source};

/// The version of the file format. Files of another version are refused.
const FORMAT: u32 = 1;

/// The failures of a run, with everything that is needed to reproduce them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    /// The version of the file format.
    pub format: u32,
    /// The version of proofread that wrote the file.
    pub proofread: String,
    /// The URL of the server.
    pub url: String,
    /// The images, folders and protos of the contract, relative to the folder of this file if
    /// they are not absolute; none where it was read by reflection.
    #[serde(default, deserialize_with = "one_or_many")]
    pub contract: Vec<PathBuf>,
    /// The folders to which the imports of protos are relative; paths as `contract`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub import_paths: Vec<PathBuf>,
    /// The name of the profile.
    pub profile: String,
    /// The status details that the profile required.
    pub details: String,
    /// The greatest allowed size of the trailers in bytes.
    pub trailer_limit: usize,
    /// The seed of the random cases.
    pub seed: u64,
    /// The paths of all methods that were checked: claims about the server as a whole
    /// depend on them.
    pub methods: Vec<String>,
    /// Fixture values that calls returned before the run, by the full name of the field. A
    /// restarted server does not know these values, so `replay` replaces them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub called: BTreeMap<String, Vec<serde_json::Value>>,
    /// The number of failures that were found and not recorded.
    #[serde(default)]
    pub left_out: u64,
    /// The failures.
    pub failures: Vec<Failure>,
}

/// A recorded failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The number of the failure in the report.
    pub id: usize,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// An error while reading or writing recorded failures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FailuresError {
    /// An I/O error.
    #[error("can't {verb} the failures {path}")]
    File {
        /// "read" or "write".
        verb: &'static str,
        /// The file.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file does not contain failures in this format.
    #[error("{path} does not contain failures that proofread recorded: {cause}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
}

impl Failures {
    /// The version of the file format.
    pub const FORMAT: u32 = FORMAT;

    /// Numbers findings from 1 in their order, as the reports do.
    pub fn numbered<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Failure> {
        let numbered = findings.into_iter().zip(1..);
        numbered
            .map(|(finding, id)| Failure {
                id,
                finding: finding.clone(),
            })
            .collect()
    }

    /// Where the contract comes from, seen from the working folder; `None` where it was
    /// read by reflection. `file` is the path of the recorded failures.
    pub fn source(&self, file: &Path) -> Option<Source> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let resolved = |paths: &[PathBuf]| paths.iter().map(|it| folder.join(it)).collect();
        (!self.contract.is_empty()).then(|| Source {
            paths: resolved(&self.contract),
            import_paths: resolved(&self.import_paths),
        })
    }

    /// Reads recorded failures from a file.
    ///
    /// # Errors
    /// When the file can't be read or has another format.
    pub fn open(path: &Path) -> Result<Self, FailuresError> {
        let shown = path.display().to_string();
        let text = fs::read(path).map_err(|source| FailuresError::File {
            verb: "read",
            path: shown.clone(),
            source,
        })?;
        let content = |cause: String| FailuresError::Content {
            path: shown.clone(),
            cause,
        };
        let read: Self =
            serde_json::from_slice(&text).map_err(|error| content(error.to_string()))?;
        match read.format {
            FORMAT => Ok(read),
            other => Err(content(format!(
                "format {other}; this version reads {FORMAT}"
            ))),
        }
    }

    /// Writes the failures to a file, replacing it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, path: &Path) -> Result<(), FailuresError> {
        let failed = |source| FailuresError::File {
            verb: "write",
            path: path.display().to_string(),
            source,
        };
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        fs::write(path, text).map_err(failed)
    }
}

/// A relative path as it is seen from the folder of `file`. Absolute paths stay, and so do
/// those that have nothing in common with the folder.
pub fn relative_to_folder_of(file: &Path, path: &Path) -> PathBuf {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let Some(folder) = folder.filter(|_| path.is_relative()) else {
        return path.to_owned();
    };
    let absolute = (fs::canonicalize(folder), fs::canonicalize(path));
    let (Ok(folder), Ok(absolute)) = absolute else {
        return path.to_owned();
    };
    let common = folder.components().zip(absolute.components());
    let common = common.take_while(|(left, right)| left == right).count();
    let up = folder
        .components()
        .skip(common)
        .map(|_| Component::ParentDir);
    up.chain(absolute.components().skip(common)).collect()
}

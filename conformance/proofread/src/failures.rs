//! Recorded failures: `failures.json`, which `proofread replay` reads.
//!
//! It holds the bytes of each request as they were sent. Credentials and other
//! metadata of the configuration are not in it.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// The version of the format; another one is not read.
const FORMAT: u32 = 1;

/// The failures of a run, with what is needed to make them happen again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    /// The version of the format.
    pub format: u32,
    /// The version of proofread that wrote it.
    pub proofread: String,
    /// The server.
    pub url: String,
    /// The image or folder of the contract; none where the server described itself.
    pub contract: Option<String>,
    /// The profile to which the server was held.
    pub profile: String,
    /// The details that were expected.
    pub details: String,
    /// The limit of the trailer in bytes.
    pub trailer_limit: usize,
    /// The seed of the random cases.
    pub seed: u64,
    /// The paths of the methods that were checked: claims about the server are made
    /// of all of them.
    pub methods: Vec<String>,
    /// What calls answered before the run, by the full names of the fields whose values
    /// they are: a server that was started anew knows nothing of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub called: BTreeMap<String, Vec<serde_json::Value>>,
    /// How many failures there were beside those that are recorded.
    #[serde(default)]
    pub left_out: u64,
    /// The failures.
    pub failures: Vec<Failure>,
}

/// A recorded failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its number in the report.
    pub id: usize,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Why recorded failures can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FailuresError {
    /// The file can't be read or written.
    #[error("can't {verb} the failures {path}")]
    File {
        /// "read" or "write".
        verb: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no failures of proofread: {cause}")]
    Content {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
}

impl Failures {
    /// The version of the format.
    pub const FORMAT: u32 = FORMAT;

    /// Numbers findings in their order, as the reports do.
    pub fn numbered<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<Failure> {
        let numbered = findings.into_iter().zip(1..);
        numbered
            .map(|(finding, id)| Failure {
                id,
                finding: finding.clone(),
            })
            .collect()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it can't be read or holds something else.
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

    /// Writes a file.
    ///
    /// # Errors
    /// When it can't be written.
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

//! `--watch`: runs a command again whenever a file of the contract or the configuration
//! changes.
//!
//! The files are read again every 200 ms. Notifications of the operating system would be
//! faster, but do not work on network file systems and on folders that a container mounts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Args;

use super::{
    connection::{ConfigArguments, ContractArguments},
    session,
};
use crate::style::{DIM, RED, count, paint};

/// The time between two looks at the files. A change counts when the next look finds no
/// further one, because editors and tools write several files, or one file in pieces.
const INTERVAL: Duration = Duration::from_millis(200);

/// Clears the terminal and the lines above it, and moves to its first line.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

#[derive(Debug, Args)]
pub(super) struct WatchArguments {
    /// Runs again whenever a file of the contract or the configuration changes, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

/// The files that are watched.
pub(super) struct WatchedFiles<'a> {
    pub(super) config: &'a ConfigArguments,
    pub(super) contract: &'a ContractArguments,
}

/// The time of the last change and the size of each file; `None` for one that does not exist.
#[derive(PartialEq)]
struct Snapshot(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl WatchArguments {
    /// Runs a command once, or again and again until Ctrl-C. The exit code is that of the last
    /// run.
    pub(super) fn run(
        &self,
        files: &WatchedFiles<'_>,
        mut command: impl AsyncFnMut() -> anyhow::Result<ExitCode>,
    ) -> anyhow::Result<ExitCode> {
        session::block_on(async {
            if self.watch {
                run_on_changes(files, command).await
            } else {
                command().await
            }
        })
    }
}

async fn run_on_changes(
    files: &WatchedFiles<'_>,
    mut command: impl AsyncFnMut() -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let mut interrupted = pin!(session::interrupted());
    let mut last = ExitCode::SUCCESS;
    loop {
        let before = files.snapshot();
        let watched = before.0.values().flatten().count();
        anyhow::ensure!(
            watched > 0,
            "--watch needs a contract or a configuration file"
        );
        clear();
        let mut changed = pin!(files.changed(&before));
        let finished = tokio::select! {
            result = command() => Some(result),
            file = &mut changed => {
                note(&format!("{} changed: starting again", file.display()));
                None
            }
            () = &mut interrupted => return Ok(last),
        };
        let Some(result) = finished else { continue };
        last = result.unwrap_or_else(|error| {
            note(&paint(RED, format!("{error:#}")));
            ExitCode::from(2)
        });
        let watched = count(watched as u64, "file");
        note(&paint(DIM, format!("watching {watched} for changes")));
        tokio::select! {
            _ = changed => {}
            () = &mut interrupted => return Ok(last),
        }
    }
}

impl WatchedFiles<'_> {
    fn files(&self) -> BTreeSet<PathBuf> {
        let mut files = self.contract.files(&self.config.read().unwrap_or_default());
        files.extend(self.config.files());
        files
    }

    fn snapshot(&self) -> Snapshot {
        let files = self.files().into_iter();
        Snapshot(
            files
                .map(|file| {
                    let state = state(&file);
                    (file, state)
                })
                .collect(),
        )
    }

    /// Waits until a file differs from the snapshot, and no file changes any more.
    async fn changed(&self, before: &Snapshot) -> PathBuf {
        let mut previous = None;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let now = self.snapshot();
            let difference = now.difference(before);
            if let Some(file) = difference
                && previous.as_ref() == Some(&now)
            {
                return file;
            }
            previous = Some(now);
        }
    }
}

impl Snapshot {
    /// A file that is not the same in the other snapshot.
    fn difference(&self, other: &Self) -> Option<PathBuf> {
        let (ours, theirs) = (&self.0, &other.0);
        let mut all = ours.keys().chain(theirs.keys());
        let differs = |file: &&PathBuf| {
            ours.get(*file).copied().flatten() != theirs.get(*file).copied().flatten()
        };
        all.find(differs).cloned()
    }
}

fn state(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Clears the terminal; other outputs are left as they are.
fn clear() {
    if std::io::stdout().is_terminal() {
        // Nobody reads a closed standard output.
        let _ = anstream::stdout().write_all(CLEAR.as_bytes());
    }
}

fn note(text: &str) {
    // Nobody reads a closed standard error.
    let _ = anstream::stderr().write_all(format!("proofread: {text}\n").as_bytes());
}

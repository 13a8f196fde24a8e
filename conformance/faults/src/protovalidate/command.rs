//! The command `faults protovalidate`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::score;
use crate::kill_table;

/// The arguments of the command.
#[derive(Debug, Args)]
pub struct Score {
    /// The program protovalidate-conformance.
    #[arg(long, value_name = "FILE")]
    harness: PathBuf,

    /// The executor of another implementation, which judges the generated requests too.
    #[arg(long, value_name = "FILE")]
    other: PathBuf,

    /// Also writes the score into this Markdown file, between `<!-- protovalidate -->` and
    /// `<!-- end of protovalidate -->`, and the rules without requests between
    /// `<!-- protovalidate gaps -->` and `<!-- end of protovalidate gaps -->`. May be repeated.
    #[arg(long, value_name = "FILE")]
    into: Vec<PathBuf>,

    /// Writes nothing, and exits with 1 if one of the files is out of date.
    #[arg(long, requires = "into")]
    check: bool,
}

impl Score {
    /// Runs the command.
    ///
    /// # Errors
    /// When a program can't be run, or a file can't be read or written.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let score = score::score(&self.harness, &self.other)?;
        println!("{}\n{}", score.numbers, score.gaps);
        for failure in &score.failures {
            println!("- {failure}");
        }
        let mut failed = !score.failures.is_empty();
        let sections = [
            ("protovalidate", &*score.numbers),
            ("protovalidate gaps", &*score.gaps),
        ];
        for file in &self.into {
            failed |=
                !kill_table::update(file, &sections, self.check, "just protovalidate --accept")?;
        }
        Ok(ExitCode::from(u8::from(failed)))
    }
}

//! `proofread diff`: compares two versions of a contract.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{connection::ConfigArguments, fixtures, output};
use crate::{diff, load};

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The old contract: an image or a folder of protos.
    old: PathBuf,

    /// The new contract: an image or a folder of protos.
    new: PathBuf,

    #[command(flatten)]
    config: ConfigArguments,

    /// Prints the differences as JSON.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.read()?;
        let (old, new) = (load::open(&self.old)?, load::open(&self.new)?);
        let found = diff::diff(&old, &new, &fixtures::literal_values(&config, &new)?);
        let text = if self.json {
            output::json(&found)?
        } else {
            diff::text(&found)
        };
        output::print(&text)?;
        Ok(ExitCode::from(u8::from(found.breaks())))
    }
}

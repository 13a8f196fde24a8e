//! `proofread reference`: writes the API reference, or checks that it is current.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::output;
use crate::{
    contract::Contract,
    reference::{self, WriteSummary},
};

#[derive(Debug, Args)]
pub(super) struct Reference {
    /// The contract: an image (FileDescriptorSet), not a folder.
    #[arg(long, value_name = "FILE", env = "PROOFREAD_CONTRACT")]
    contract: PathBuf,

    /// The folder for the pages; it is created if it does not exist.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Writes nothing, and exits with 1 if a page in the folder is outdated.
    #[arg(long)]
    check: bool,
}

impl Reference {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let contract = Contract::open(&self.contract)?;
        let pages = reference::render_pages(&contract);
        let folder = self.out.display();
        if self.check {
            let stale = reference::stale_pages(&self.out, &pages)
                .with_context(|| format!("can't compare the pages in {folder}"))?;
            for name in &stale {
                output::print(&format!(
                    "{}: outdated, run `proofread reference` without --check\n",
                    self.out.join(name).display()
                ))?;
            }
            return Ok(ExitCode::from(u8::from(!stale.is_empty())));
        }
        let WriteSummary { changed, removed } = reference::write_pages(&self.out, &pages)
            .with_context(|| format!("can't write the pages to {folder}"))?;
        output::print(&format!(
            "{} pages in {folder}: {changed} changed, {removed} removed\n",
            pages.len()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

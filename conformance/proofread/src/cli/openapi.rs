//! `proofread openapi`: writes an OpenAPI document of the contract, or checks that it is current.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::output;
use crate::{
    contract::Contract,
    openapi::{self, Info},
};

#[derive(Debug, Args)]
pub(super) struct OpenApi {
    /// The contract: an image (FileDescriptorSet), not a folder.
    #[arg(long, value_name = "FILE", env = "PROOFREAD_CONTRACT")]
    contract: PathBuf,

    /// The file for the document.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// The name of the API in the document.
    #[arg(long, default_value = "API")]
    title: String,

    /// The version of the API in the document.
    #[arg(long, default_value = "1")]
    api_version: String,

    /// Writes nothing, and exits with 1 if the file is outdated.
    #[arg(long)]
    check: bool,
}

impl OpenApi {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let contract = Contract::open(&self.contract)?;
        let info = Info {
            title: self.title,
            version: self.api_version,
        };
        let document = openapi::render(&contract, &info);
        let text = format!("{document:#}\n");
        let path = self.out.display();
        if self.check {
            let current = fs::read_to_string(&self.out).unwrap_or_default();
            if current != text {
                let advice = "outdated, run `proofread openapi` without --check";
                output::print(&format!("{path}: {advice}\n"))?;
            }
            return Ok(ExitCode::from(u8::from(current != text)));
        }
        fs::write(&self.out, text).with_context(|| format!("can't write {path}"))?;
        let operations = document["paths"].as_object().map_or(0, |paths| {
            let items = paths.values().filter_map(|item| item.as_object());
            items.map(|item| item.len()).sum()
        });
        output::print(&format!("{operations} operations in {path}\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

//! `bookstore export`: writes the catalogue and the stock to a file.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use contract::bookstore::inventory::v1::inventory_service_client::InventoryServiceClient;
use indicatif::{HumanCount, ProgressBar};
use inventory::export;
use rpc::Channel;
use service::{Clock, SystemClock};

use super::{local_inventory::LocalInventory, print_line};
use crate::{settings::Storage, tls::ClientTlsSettings};

/// Export the catalogue and the stock to a file
///
/// An import of the file changes nothing. What is changed while the export runs may be in it or
/// not.
#[derive(Debug, Args)]
pub struct Export {
    /// The file; - writes to standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The format; without it, it follows from the end of the file name: .csv,
    /// .jsonl or .xml
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Read from a running server instead of the data folder
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    #[command(flatten)]
    tls: ClientTlsSettings,

    #[command(flatten)]
    storage: Storage,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object on each line
    Jsonl,
    /// A message of ONIX 3.0, the format of the book trade
    Onix,
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::JsonLines,
            Format::Onix => Self::Onix(SystemClock.now()),
        }
    }
}

impl Export {
    /// Writes the file. An existing one is replaced when the new one is complete.
    pub async fn run(self) -> anyhow::Result<()> {
        let format = self.format()?;
        match &self.server {
            Some(server) => {
                let client = InventoryServiceClient::new(self.tls.connect_to_server(server)?);
                self.write(client, format).await
            }
            None => {
                let local = LocalInventory::open_existing(&self.storage).await?;
                let written = self.write(local.client(), format).await;
                local.close().await;
                written
            }
        }
    }

    async fn write(
        &self,
        client: InventoryServiceClient<Channel>,
        format: export::Format,
    ) -> anyhow::Result<()> {
        if self.is_standard_output() {
            write_books(client, format, io::stdout()).await?;
            return Ok(());
        }
        let name = self.file.display();
        let mut partial = OsString::from(&self.file);
        partial.push(".partial");
        let partial = Path::new(&partial);
        let written = async {
            let file = File::create(partial).context("cannot create the file")?;
            let books = write_books(client, format, &file).await?;
            file.sync_all()?;
            fs::rename(partial, &self.file)?;
            Ok::<_, anyhow::Error>(books)
        };
        let written = written.await.with_context(|| name.to_string());
        if written.is_err() {
            // Half a file would look like a whole one. If it was not created, that is reported.
            let _ = fs::remove_file(partial);
        }
        print_line(format_args!("{name}: {} books", HumanCount(written?)));
        Ok(())
    }

    fn is_standard_output(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    fn format(&self) -> anyhow::Result<export::Format> {
        if let Some(format) = self.format {
            return Ok(format.into());
        }
        let extension = self.file.extension().unwrap_or_default();
        match extension.to_ascii_lowercase().to_str() {
            Some("csv") => Ok(Format::Csv.into()),
            Some("jsonl" | "ndjson") => Ok(Format::Jsonl.into()),
            Some("xml" | "onix") => Ok(Format::Onix.into()),
            _ => bail!(
                "{}: the name does not tell the format; add --format csv, jsonl or onix",
                self.file.display()
            ),
        }
    }
}

async fn write_books(
    mut client: InventoryServiceClient<Channel>,
    format: export::Format,
    output: impl Write + Send,
) -> anyhow::Result<u64> {
    let bar = ProgressBar::new(0);
    let mut show_progress = |books, total| {
        bar.set_length(total);
        bar.set_position(books);
    };
    let output = BufWriter::new(output);
    let exported = export::export(&mut client, format, output, &mut show_progress).await;
    bar.finish_and_clear();
    Ok(exported?)
}

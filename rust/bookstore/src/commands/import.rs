//! `bookstore import`: imports books from a CSV file into a data folder or a running
//! server.

use std::{io, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use contract::bookstore::inventory::v1::inventory_service_client::InventoryServiceClient;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use inventory::import::{self, Progress, Reader, Summary};

use super::print_line;
use crate::{operator_token, services, settings::Storage, tls::ClientTlsSettings};

/// Import books from a CSV file
///
/// The file has one of two headers:
///
/// 1. id,title,authors,year,category,price,stock. Authors are separated by "; ", the
///    category is written like science_fiction, the price in US dollars. An empty year
///    means that it is unknown; an empty stock leaves the stock unchanged.
/// 2. The header of goodbooks-10k (book_id, authors, original_publication_year, title, ...).
///
/// Rows that break a rule are reported with their line numbers; the other rows are stored.
/// A book whose id is in the catalogue is replaced, so importing a file twice changes
/// nothing.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Import {
    /// The CSV file in UTF-8; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Send the books to a running server instead of the data folder. The operator token is
    /// read from the variable BINDERY_OPERATOR_TOKEN, or else from the data folder
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    #[command(flatten)]
    tls: ClientTlsSettings,

    #[command(flatten)]
    storage: Storage,
}

impl Import {
    /// Imports the file and prints a summary. If rows were refused, the command fails
    /// after the other rows are stored.
    pub async fn run(self) -> anyhow::Result<()> {
        let name = self.file.display().to_string();
        let reader = self.reader().with_context(|| name.clone())?;
        let bar = progress_bar(reader.bytes_total());
        let mut show_progress = |progress: Progress| {
            bar.set_position(progress.bytes_read);
            bar.set_message(format!("{} rows", HumanCount(progress.rows)));
        };
        let summary = match &self.server {
            Some(server) => {
                let token = operator_token::from_environment(&self.storage.data)?;
                let mut client = InventoryServiceClient::new(self.tls.connect_to_server(server)?);
                import::upload(&mut client, reader, Some(&token), &mut show_progress).await
            }
            None => {
                let opened = services::open_inventory(&self.storage).await;
                let inventory = opened.map_err(suggest_server)?;
                let router = rpc::Router::new(rpc::Options::default()).add(inventory.server());
                let mut client = InventoryServiceClient::new(
                    router.in_process().with_caller(rpc::Caller::Operator),
                );
                let summary = import::upload(&mut client, reader, None, &mut show_progress).await;
                inventory.db().close().await;
                summary
            }
        };
        bar.finish_and_clear();
        print_summary(&name, &summary.with_context(|| name.clone())?)
    }

    fn reader(&self) -> anyhow::Result<Reader> {
        if self.file.as_os_str() == "-" {
            Ok(Reader::new(io::stdin())?)
        } else {
            Ok(Reader::open(&self.file)?)
        }
    }
}

/// Adds what to do if a running process uses the data folder.
fn suggest_server(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(store::OpenError::InUse { .. }) => {
            error.context("use --server to import into the running process")
        }
        _ => error,
    }
}

fn progress_bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (
            ProgressBar::new(size),
            "{bar:40} {percent:>3} %  {msg}  {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {msg}  {bytes}"),
    };
    bar.with_style(ProgressStyle::with_template(template).expect("the template is well formed"))
}

fn print_summary(name: &str, summary: &Summary) -> anyhow::Result<()> {
    let Summary {
        created,
        updated,
        unchanged,
        bad_rows,
        first_bad_rows,
    } = summary;
    print_line(format_args!(
        "{name}: {} new books, {} updated, {} unchanged",
        HumanCount(*created),
        HumanCount(*updated),
        HumanCount(*unchanged)
    ));
    for bad_row in first_bad_rows {
        eprintln!("{name}, {bad_row}");
    }
    if *bad_rows > 0 {
        let (rows, them) = match bad_rows {
            1 => ("row was", "it"),
            _ => ("rows were", "them"),
        };
        let listed = first_bad_rows.len();
        bail!(
            "{} {rows} skipped ({listed} listed above); correct {them} and import the file again",
            HumanCount(*bad_rows)
        );
    }
    Ok(())
}

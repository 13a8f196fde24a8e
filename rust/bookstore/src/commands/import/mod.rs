//! `bookstore import`: imports books from a file into a data folder or a running server.

mod file_options;
mod report;

use std::{
    collections::HashSet,
    io::{self, BufRead, BufReader, IsTerminal},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::Args;
use contract::bookstore::inventory::v1::{
    ListCategoriesRequest, inventory_service_client::InventoryServiceClient,
};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use inventory::import::{self, Comparison, Progress, Reader};
use rpc::Channel;

use self::file_options::FileOptions;
use super::local_inventory::LocalInventory;
use crate::{
    catalogue_record::CatalogueRecord,
    operator_token::OperatorTokenFile,
    settings::{NewCatalogue, Storage},
    tls::ClientTlsSettings,
};

/// Import books from a file
///
/// The file is CSV or JSON lines, in UTF-8 or another encoding; format, encoding and delimiter
/// are detected. A CSV file has a header such as
///
///   id,title,authors,year,category,price,stock
///
/// of which only title and an id or isbn are needed. Authors are separated by ";", the category
/// is written like science_fiction, an empty year means that it is unknown; an empty stock leaves
/// the stock unchanged. Further columns: currency, isbn, isbn10, original_title, language, rating,
/// rating_count, description, publisher, page_count, series, series_number (such as 2 or 1.5),
/// image_url (https), tags. JSON objects have the same names as keys. The header of goodbooks-10k
/// (book_id, authors, original_publication_year, title, ...) is known as well. Name the columns of
/// other files by --map or --mapping.
///
/// Rows that break a rule are reported with their line numbers; the other rows are stored.
/// A book whose id is in the catalogue is replaced, so importing a file twice changes
/// nothing. A book without an id gets the nine digits of its ISBN as its id.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Import {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Only show what would be added, changed and refused
    #[arg(long)]
    dry_run: bool,

    /// Replace the catalogue of the data folder or of --database-url: books that are not in the
    /// file are removed, or stay without copies if orders refer to them. A new data folder begins
    /// without the shipped books
    #[arg(long)]
    replace: bool,

    /// Do not ask before books are removed
    #[arg(long, requires = "replace")]
    yes: bool,

    #[command(flatten)]
    file_options: FileOptions,

    /// Send the books to a running server instead of the data folder. The operator token is
    /// read from the variable BINDERY_OPERATOR_TOKEN, or else from its file or the data
    /// folder
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    #[command(flatten)]
    tls: ClientTlsSettings,

    #[command(flatten)]
    storage: Storage,

    #[command(flatten)]
    operator_token: OperatorTokenFile,
}

impl Import {
    /// Imports the file and prints a summary. If rows were refused, the command fails
    /// after the other rows are stored.
    pub async fn run(self) -> anyhow::Result<()> {
        let name = self.file.display().to_string();
        if self.replace && self.server.is_some() {
            bail!(
                "--replace does not work with --server, because no method of a server removes \
                 books: import without --replace, or stop the bookstore and import into its \
                 database: bookstore import {name} --replace --data FOLDER (or --database-url URL)"
            );
        }
        let reader = self.reader().with_context(|| name.clone())?;
        match &self.server {
            Some(server) => {
                // A dry run only reads, which anybody may.
                let token = if self.dry_run {
                    None
                } else {
                    Some(self.operator_token.of_caller(&self.storage.data)?)
                };
                let client = InventoryServiceClient::new(self.tls.connect_to_server(server)?);
                self.send(client, reader, token.as_deref(), &name).await
            }
            None => {
                let new_catalogue = NewCatalogue {
                    empty: self.replace,
                };
                let local = if self.dry_run {
                    LocalInventory::open_for_reading(&self.storage, new_catalogue).await
                } else {
                    LocalInventory::open(&self.storage, new_catalogue).await
                }?;
                let sent = self.import_here(&local, reader, &name).await;
                local.close().await;
                sent
            }
        }
    }

    async fn import_here(
        &self,
        local: &LocalInventory,
        reader: Reader,
        name: &str,
    ) -> anyhow::Result<()> {
        if self.replace && !self.dry_run {
            let kept = self.confirm_removal(local, name).await?;
            let removal = local.inventory().remove_all_but(&kept).await?;
            report::print_removal(name, removal);
        }
        let sent = self.send(local.client(), reader, None, name).await;
        if !self.dry_run {
            CatalogueRecord::update(&self.storage, local.inventory()).await;
        }
        sent
    }

    /// The ids of the file. Asks whether all other books may be removed, if there are any.
    async fn confirm_removal(
        &self,
        local: &LocalInventory,
        name: &str,
    ) -> anyhow::Result<HashSet<i32>> {
        if self.file.as_os_str() == "-" {
            bail!("--replace reads the file twice: give the name of a file instead of -");
        }
        let comparison = compare(&mut local.client(), self.reader()?, name).await?;
        let removed = not_in_file(&mut local.client(), &comparison).await?;
        if removed > 0 && !self.yes {
            let bad_rows = comparison.summary.bad_rows;
            confirm(&format!(
                "of the catalogue, {} books that are not in {name} will be removed; {} books of it \
                 will be imported, and {} rows refused",
                HumanCount(removed),
                HumanCount(comparison.ids.len() as u64),
                HumanCount(bad_rows)
            ))?;
        }
        Ok(comparison.ids)
    }

    async fn send(
        &self,
        mut client: InventoryServiceClient<Channel>,
        reader: Reader,
        token: Option<&str>,
        name: &str,
    ) -> anyhow::Result<()> {
        if self.dry_run {
            let format = reader.format().to_owned();
            let comparison = compare(&mut client, reader, name).await?;
            let removed = if self.replace {
                Some(not_in_file(&mut client, &comparison).await?)
            } else {
                None
            };
            return report::print_comparison(name, &format, &comparison, removed);
        }
        let bar = progress_bar(reader.bytes_total());
        let mut show_progress = |progress: Progress| show(&bar, progress);
        let imported = import::upload(&mut client, reader, token, &mut show_progress).await;
        bar.finish_and_clear();
        report::print_summary(name, &imported.with_context(|| name.to_owned())?)
    }

    fn reader(&self) -> anyhow::Result<Reader> {
        let options = self.file_options.options()?;
        if self.file.as_os_str() == "-" {
            Ok(Reader::new(io::stdin(), options)?)
        } else {
            Ok(Reader::open(&self.file, options)?)
        }
    }
}

async fn compare(
    client: &mut InventoryServiceClient<Channel>,
    reader: Reader,
    name: &str,
) -> anyhow::Result<Comparison> {
    let bar = progress_bar(reader.bytes_total());
    let mut show_progress = |progress: Progress| show(&bar, progress);
    let compared = import::compare(client, reader, &mut show_progress).await;
    bar.finish_and_clear();
    compared.with_context(|| name.to_owned())
}

/// The number of books of the catalogue that are not in the file.
async fn not_in_file(
    client: &mut InventoryServiceClient<Channel>,
    comparison: &Comparison,
) -> anyhow::Result<u64> {
    let counts = client.list_categories(ListCategoriesRequest {}).await?;
    let counts = counts.into_inner().categories.into_iter();
    let books: u64 = counts
        .map(|it| u64::from(it.book_count.unsigned_abs()))
        .sum();
    Ok(books.saturating_sub(comparison.found))
}

/// Asks on the terminal. Anything but yes is an error.
fn confirm(question: &str) -> anyhow::Result<()> {
    let mut input = io::stdin();
    if !input.is_terminal() {
        bail!("{question}; add --yes if that is wanted");
    }
    eprint!("{question}. Continue? [y/N] ");
    let mut answer = String::new();
    BufReader::new(&mut input).read_line(&mut answer)?;
    if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        bail!("nothing was changed");
    }
    Ok(())
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_position(progress.bytes_read);
    bar.set_message(format!("{} rows", HumanCount(progress.rows)));
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

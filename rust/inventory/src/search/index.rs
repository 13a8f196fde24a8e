//! The files of the index: how they are opened, changed and made again.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, TantivyError,
    directory::{Directory, INDEX_WRITER_LOCK, MmapDirectory, RamDirectory},
    indexer::IndexWriterOptions,
};

use super::{
    Cancellation, Found, SearchError, SearchRequest,
    execute::execute,
    schema::{Fields, VERSION},
};
use crate::domain::{Catalogue, Change, IndexedBook};

/// The memory for documents that are not on the disk yet: the least that tantivy accepts. With
/// more, importing a million books is hardly faster.
const WRITER_BYTES: usize = 15_000_000;

/// The folders of the index begin with this, so that those of other versions are found.
const FOLDER_PREFIX: &str = "version-";

/// Up to which changes the index has all books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The id of the database: the index of another one is not used.
    pub(crate) catalogue_id: String,
    /// The last change of a book.
    pub(crate) book: Change,
    /// The last change of the stock by which a book was sold out or had copies again.
    pub(crate) stock: Change,
    /// Whether the index once had all books.
    pub(crate) is_complete: bool,
}

impl Position {
    /// Before the first book. The books are read as their stock is then, so that only later
    /// changes of the stock matter.
    fn before_first_book(catalogue: &Catalogue) -> Self {
        Self {
            catalogue_id: catalogue.id.clone(),
            book: Change::BEFORE_FIRST,
            stock: Change::last_of(catalogue.stock_revision),
            is_complete: false,
        }
    }

    /// Whether an index of the catalogue can have this position.
    fn belongs_to(&self, catalogue: &Catalogue) -> bool {
        self.catalogue_id == catalogue.id
            && self.book.revision <= catalogue.revision
            && self.stock.revision <= catalogue.stock_revision
    }
}

/// The index as searches see it.
#[derive(Debug, Default)]
pub(crate) struct SearchIndex {
    opened: RwLock<Option<Opened>>,
}

#[derive(Clone)]
struct Opened {
    reader: IndexReader,
    fields: Fields,
    completeness: Arc<Completeness>,
}

/// What an index that is open has.
#[derive(Debug)]
struct Completeness {
    /// Whether it once had all books: another one is still being made, and cannot answer.
    once: AtomicBool,
    /// Whether it had all books since it was opened.
    since_opened: AtomicBool,
}

impl fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl SearchIndex {
    /// Whether the index had all books since it was opened.
    pub(crate) fn was_complete(&self) -> bool {
        self.opened()
            .is_some_and(|opened| opened.completeness.since_opened.load(Ordering::Acquire))
    }

    /// Whether the index once had all books.
    pub(crate) fn can_answer(&self) -> bool {
        self.opened()
            .is_some_and(|opened| opened.completeness.once.load(Ordering::Acquire))
    }

    /// Says that the index has all books.
    pub(crate) fn set_complete(&self) {
        if let Some(Opened { completeness, .. }) = self.opened() {
            completeness.once.store(true, Ordering::Release);
            completeness.since_opened.store(true, Ordering::Release);
        }
    }

    /// Runs a search. It takes CPU time and may read files. Fails with
    /// [`SearchError::NotReady`] until the index has had all books once.
    pub(crate) fn search(
        &self,
        request: &SearchRequest,
        cancellation: &Cancellation,
    ) -> Result<Found, SearchError> {
        cancellation.check()?;
        let opened = self.opened().ok_or(SearchError::NotReady)?;
        if !opened.completeness.once.load(Ordering::Acquire) {
            return Err(SearchError::NotReady);
        }
        let searcher = opened.reader.searcher();
        execute(&searcher, &opened.fields, request, cancellation)
    }

    fn opened(&self) -> Option<Opened> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened.clone()
    }

    /// Opens the index for changes, and lets searches use it. An index that is missing, damaged,
    /// of another version or of another database is made again, and is empty then.
    pub(crate) fn open(
        &self,
        folder: Option<&Path>,
        catalogue: &Catalogue,
    ) -> Result<Writer, SearchError> {
        let fields = Fields::new();
        let in_folder = folder.map(|folder| {
            let index = open_folder(folder, &fields, catalogue)?;
            Writer::new(&index, &fields, catalogue)
        });
        let in_memory = || {
            let index = create(RamDirectory::create(), &fields)?;
            Writer::new(&index, &fields, catalogue)
        };
        let writer = match in_folder {
            None => in_memory()?,
            Some(Ok(writer)) => writer,
            Some(Err(SearchError::Index(TantivyError::LockFailure(..)))) => {
                tracing::info!(
                    "another process uses the search index, so this one makes its own in memory"
                );
                in_memory()?
            }
            // Such as a folder on a read-only file system.
            Some(Err(error)) => {
                tracing::warn!(%error, "the search index is made in memory");
                in_memory()?
            }
        };
        let opened = Opened {
            reader: writer.reader.clone(),
            fields,
            completeness: Arc::new(Completeness {
                once: writer.position.is_complete.into(),
                since_opened: false.into(),
            }),
        };
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        Ok(writer)
    }
}

/// Changes the index. There is one at a time.
pub(crate) struct Writer {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    position: Position,
    /// The catalogue that the index has completely, if any.
    complete_up_to: Option<Catalogue>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Writer")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Writer {
    fn new(index: &Index, fields: &Fields, catalogue: &Catalogue) -> Result<Self, SearchError> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        Ok(Self {
            writer: index.writer_with_options(options)?,
            reader: reader.try_into()?,
            fields: fields.clone(),
            position: stored_position(index)?
                .unwrap_or_else(|| Position::before_first_book(catalogue)),
            complete_up_to: None,
        })
    }

    /// Whether the index has all books of the catalogue at its revisions.
    pub(crate) fn is_complete_up_to(&self, catalogue: &Catalogue) -> bool {
        self.complete_up_to.as_ref() == Some(catalogue)
    }

    pub(crate) fn set_complete_up_to(&mut self, catalogue: Catalogue) {
        self.complete_up_to = Some(catalogue);
    }

    /// Up to which changes the index has all books.
    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// Adds books, or replaces those with the same ids. Searches see them after `commit`.
    pub(crate) fn add<'b>(
        &self,
        books: impl Iterator<Item = &'b IndexedBook>,
    ) -> Result<(), SearchError> {
        for indexed in books {
            let term = self.fields.book_term(indexed.book.book_id);
            self.writer.delete_term(term);
            self.writer.add_document(self.fields.document(indexed))?;
        }
        Ok(())
    }

    /// Stores all changes durably together with their position, and shows them to searches.
    pub(crate) fn commit(&mut self, position: Position) -> Result<(), SearchError> {
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(&position).map_err(io::Error::from)?);
        commit.commit()?;
        self.reader.reload()?;
        self.position = position;
        Ok(())
    }
}

/// The position of the last commit; `None` if there was none.
fn stored_position(index: &Index) -> Result<Option<Position>, SearchError> {
    let payload = index.load_metas()?.payload;
    Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()))
}

fn create(directory: impl Into<Box<dyn Directory>>, fields: &Fields) -> Result<Index, SearchError> {
    let settings = IndexSettings::default();
    Ok(Index::create(directory, fields.schema.clone(), settings)?)
}

/// Opens the index in a folder, or makes it again.
fn open_folder(
    folder: &Path,
    fields: &Fields,
    catalogue: &Catalogue,
) -> Result<Index, SearchError> {
    let current = folder.join(format!("{FOLDER_PREFIX}{VERSION}"));
    fs::create_dir_all(&current)?;
    let directory = MmapDirectory::open(&current).map_err(TantivyError::from)?;
    // Nothing that another process uses may be removed. The lock ends with the process.
    let lock = directory.acquire_lock(&INDEX_WRITER_LOCK);
    let lock = lock.map_err(|error| TantivyError::LockFailure(error, None))?;
    remove_other_versions(folder, &current);
    match open_existing(&current, catalogue) {
        Ok(Some(index)) => return Ok(index),
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "the search index cannot be used and is made again");
        }
    }
    fs::remove_dir_all(&current)?;
    fs::create_dir_all(&current)?;
    let directory = MmapDirectory::open(&current).map_err(TantivyError::from)?;
    drop(lock);
    create(directory, fields)
}

/// The index in a folder; `None` if there is none, or one that does not belong to the catalogue.
fn open_existing(folder: &Path, catalogue: &Catalogue) -> Result<Option<Index>, SearchError> {
    if !folder.join("meta.json").exists() {
        return Ok(None);
    }
    let index = Index::open_in_dir(folder)?;
    let damaged = index.validate_checksum()?;
    if !damaged.is_empty() {
        return Err(io::Error::other(format!("damaged files: {damaged:?}")).into());
    }
    let Some(position) = stored_position(&index)? else {
        return Ok(None);
    };
    let belongs = position.belongs_to(catalogue);
    if !belongs {
        tracing::info!("the search index is that of another catalogue and is made again");
    }
    Ok(belongs.then_some(index))
}

/// Removes the folders of other versions. It does not matter if that fails.
fn remove_other_versions(folder: &Path, current: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let others = entries.map(|entry| entry.path()).filter(|path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(FOLDER_PREFIX) && path != current
    });
    for other in others {
        if let Err(error) = fs::remove_dir_all(&other) {
            tracing::warn!(%error, folder = %other.display(), "an old search index was not removed");
        }
    }
}

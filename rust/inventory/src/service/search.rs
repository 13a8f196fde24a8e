//! The search: a use case over the index, and what keeps the index up to date.

use std::{sync::Arc, time::Duration};

use service::{BookId, Page, PageScope};
use tokio::sync::OwnedMutexGuard;

use super::{TOKEN_VERSION, category_number};
use crate::{
    Book, Facets, Inventory, InventoryError, SearchError, SearchFilters, SearchOrder,
    domain::{Catalogue, Change, IndexedBook},
    search::{Cancellation, Found, Position, RERANKED, SearchRequest, Writer, relevance},
    store as rows,
};

/// How many changed books are read and indexed at a time.
const BATCH_BOOKS: i64 = 2000;

/// After so many books, the index is stored even if there are more to come, so that a restart
/// does not begin from the start.
const COMMIT_BOOKS: usize = 100_000;

/// How long a search waits if the index had all books once, but not since it was opened. After
/// that, a search never waits for changes of the index.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How long an import waits at its end until its books are found.
const MAX_INDEX_WAIT: Duration = Duration::from_secs(10);

/// The right to change the index; `None` inside if it is not open.
pub(crate) type WriterGuard = OwnedMutexGuard<Option<Writer>>;

/// A search as a client asks for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct BookSearch {
    pub(crate) query: String,
    pub(crate) filters: SearchFilters,
    pub(crate) order: SearchOrder,
    pub(crate) page_size: u32,
    pub(crate) page_token: String,
    /// The number of books to skip after the start of the page.
    pub(crate) skip: u32,
    pub(crate) with_facets: bool,
}

/// A page of found books.
#[derive(Debug, Clone)]
pub(crate) struct FoundBooks {
    pub(crate) page: Page<Book>,
    /// The number of books on all pages.
    pub(crate) total: i32,
    pub(crate) did_you_mean: Option<String>,
    pub(crate) facets: Option<Facets>,
}

impl BookSearch {
    /// All that must be the same on each page.
    fn scope(&self) -> PageScope {
        let filters = &self.filters;
        PageScope::new(TOKEN_VERSION, "SearchBooks")
            .with(category_number(filters.category).to_be_bytes())
            .with(&self.query)
            .with(format!("{:?}", self.order))
            .with(format!("{:?} {:?}", filters.price, filters.year))
            .with(filters.language.as_deref().unwrap_or_default())
            .with(format!("{:?}", filters.min_rating_hundredths))
            .with(format!("{}", filters.in_stock_only))
            .with(filters.author.as_deref().unwrap_or_default())
            .with(filters.series.as_deref().unwrap_or_default())
    }
}

impl Inventory {
    /// A page of the books that match a query.
    pub(crate) async fn search(&self, search: BookSearch) -> Result<FoundBooks, InventoryError> {
        let scope = search.scope();
        let start: u32 = scope.decode(&search.page_token)?.unwrap_or_default();
        let start = start.saturating_add(search.skip);
        let request = SearchRequest {
            offset: start as usize,
            limit: search.page_size as usize,
            text: search.query,
            filters: search.filters,
            order: search.order,
            with_facets: search.with_facets,
        };
        let found = self.find(&request).await?;
        let mut books = self.books_in_order(&found.book_ids).await?;
        let is_respelled = found.is_respelled;
        if request.order == SearchOrder::Relevance && found.first == 0 {
            let best = books.len().min(RERANKED);
            relevance::sort(&mut books[..best], &found.query);
        }
        let respelled = books.first().filter(|_| is_respelled);
        let respelled =
            respelled.and_then(|book| relevance::respell(&request.text, &found.query, book));
        let skipped = request.offset.saturating_sub(found.first);
        let books: Vec<_> = books
            .into_iter()
            .skip(skipped)
            .take(request.limit)
            .collect();
        let end = start.saturating_add(search.page_size);
        let is_last = i64::from(end) >= i64::from(found.total);
        let next_page_token = if is_last {
            String::new()
        } else {
            scope.encode(&end)?
        };
        Ok(FoundBooks {
            page: Page {
                items: books,
                next_page_token,
            },
            total: found.total,
            did_you_mean: respelled.or(found.suggestion),
            facets: found.facets,
        })
    }

    /// Searches the index on another thread, and stops when this future is dropped.
    async fn find(&self, request: &SearchRequest) -> Result<Found, InventoryError> {
        if !self.inner.search_index.was_complete() {
            // If it fails or takes too long, the search finds what was indexed before the process
            // has started, or fails if the index never had all books.
            let wait = if self.inner.search_index.can_answer() {
                FIRST_WAIT
            } else {
                self.inner.options.index_wait
            };
            let followed = tokio::time::timeout(wait, self.follow_catalogue()).await;
            if let Ok(Err(error)) = followed {
                tracing::warn!(%error, "the search index was not opened");
            }
        }
        // More searches than cores at once would only make each of them slower.
        let permit = Arc::clone(&self.inner.search_permits).acquire_owned().await;
        let cancellation = Cancellation::default();
        let _cancel_on_drop = cancellation.cancel_on_drop();
        let inventory = self.clone();
        let request = request.clone();
        let searching = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            inventory.inner.search_index.search(&request, &cancellation)
        });
        match searching.await {
            Ok(found) => Ok(found?),
            Err(panicked) => {
                // A damaged file may have caused it: the index is checked when it is opened again.
                self.inner.search_writer.lock().await.take();
                Err(SearchError::Panicked(panicked).into())
            }
        }
    }

    /// The books with these ids in this order, without those that no longer exist.
    async fn books_in_order(&self, book_ids: &[i32]) -> Result<Vec<Book>, InventoryError> {
        if book_ids.is_empty() {
            return Ok(Vec::new());
        }
        let book_ids: Vec<_> = book_ids.iter().copied().map(BookId).collect();
        let (books, _) = self.books(&book_ids).await?;
        Ok(books)
    }

    /// Writes the changes of the catalogue to the index until there are no more. Another call
    /// waits for this one.
    pub(crate) async fn follow_catalogue(&self) -> Result<(), InventoryError> {
        let mut writer = Arc::clone(&self.inner.search_writer).lock_owned().await;
        let catalogue =
            store::read!(self.db(), connection => rows::books::catalogue(connection).await)?;
        let is_current = |open: &Writer| open.is_complete_up_to(&catalogue);
        if writer.as_ref().is_some_and(is_current) {
            return Ok(());
        }
        let is_of_another = |open: &Writer| open.position().catalogue_id != catalogue.id;
        if writer.as_ref().is_some_and(is_of_another) {
            // Books were removed: the index is made again.
            *writer = None;
        }
        if writer.is_none() {
            writer = self.open_index(writer, catalogue.clone()).await?;
        }
        writer = self.write_changes(writer).await?;
        if let Some(open) = writer.as_mut() {
            open.set_complete_up_to(catalogue);
        }
        self.inner.search_index.set_complete();
        Ok(())
    }

    /// Writes all changes of books and of their availability after the position of the index.
    async fn write_changes(&self, mut writer: WriterGuard) -> Result<WriterGuard, InventoryError> {
        let Some(mut position) = writer.as_ref().map(|open| open.position().clone()) else {
            return Err(SearchError::NotReady.into());
        };
        let mut uncommitted = 0;
        for is_of_stock in [false, true] {
            loop {
                let changed = store::read!(self.db(), connection => {
                    if is_of_stock {
                        rows::books::stock_changed_after(connection, position.stock, BATCH_BOOKS).await
                    } else {
                        rows::books::changed_after(connection, position.book, BATCH_BOOKS).await
                    }
                })?;
                if let Some((_, change)) = changed.last() {
                    let last = if is_of_stock {
                        &mut position.stock
                    } else {
                        &mut position.book
                    };
                    *last = *change;
                }
                let is_last = (changed.len() as i64) < BATCH_BOOKS;
                uncommitted += changed.len();
                let stored = (uncommitted >= COMMIT_BOOKS).then(|| position.clone());
                if stored.is_some() {
                    uncommitted = 0;
                }
                writer = write(writer, changed, stored).await?;
                if is_last {
                    break;
                }
            }
        }
        if uncommitted > 0 || !position.is_complete {
            position.is_complete = true;
            writer = write(writer, Vec::new(), Some(position)).await?;
        }
        Ok(writer)
    }

    /// Waits until searches find all changes that this process has made, but not for long.
    pub(crate) async fn index_own_changes(&self) {
        match tokio::time::timeout(MAX_INDEX_WAIT, self.follow_catalogue()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the imported books are not indexed yet"),
            Err(_) => tracing::info!("the imported books are still being indexed"),
        }
    }

    async fn open_index(
        &self,
        mut writer: WriterGuard,
        catalogue: Catalogue,
    ) -> Result<WriterGuard, InventoryError> {
        let inventory = self.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let folder = inventory.inner.options.search_folder.as_deref();
            let opened = inventory.inner.search_index.open(folder, &catalogue)?;
            *writer = Some(opened);
            Ok::<_, SearchError>(writer)
        });
        Ok(opening.await.map_err(SearchError::Panicked)??)
    }
}

#[cfg(test)]
impl Inventory {
    /// The index, for tests that need no database.
    pub(crate) fn search_index(&self) -> &crate::search::SearchIndex {
        &self.inner.search_index
    }

    /// While the guard is there, nothing writes to the index, as if that took long.
    pub(crate) async fn block_search_writer(&self) -> WriterGuard {
        Arc::clone(&self.inner.search_writer).lock_owned().await
    }

    /// Opens the stored index, or an empty one if it is of another catalogue, and writes nothing
    /// to it until the guard is dropped.
    pub(crate) async fn open_index_only(&self) -> WriterGuard {
        let catalogue: Result<_, InventoryError> =
            store::read!(self.db(), connection => rows::books::catalogue(connection).await);
        let mut writer = self.block_search_writer().await;
        *writer = None;
        let opened = self.open_index(writer, catalogue.expect("the database answers"));
        opened.await.expect("the index is opened")
    }
}

/// Adds changed books to the index, and stores it if there is a position to store. After an error,
/// the index is opened again by the next call, in the state of the last stored position.
async fn write(
    mut writer: WriterGuard,
    changed: Vec<(IndexedBook, Change)>,
    position: Option<Position>,
) -> Result<WriterGuard, InventoryError> {
    let writing = tokio::task::spawn_blocking(move || {
        let Some(open) = writer.as_mut() else {
            return Err(SearchError::NotReady);
        };
        let mut written = open.add(changed.iter().map(|(book, _)| book));
        if let (Ok(()), Some(position)) = (&written, position) {
            written = open.commit(position);
        }
        if let Err(error) = written {
            *writer = None;
            return Err(error);
        }
        Ok(writer)
    });
    Ok(writing.await.map_err(SearchError::Panicked)??)
}

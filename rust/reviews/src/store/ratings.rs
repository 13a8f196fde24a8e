//! Statements about ratings.

use std::collections::HashMap;

use service::BookId;
use store::{Connection, Sql, Transaction, query};

use crate::{ReviewsError, StarCounts};

store::statements! {
    const BY_IDS = Sql::per_engine(
        "SELECT book_id, stars_1, stars_2, stars_3, stars_4, stars_5 FROM ratings
         WHERE book_id IN (SELECT value FROM json_each($1))",
        "SELECT book_id, stars_1, stars_2, stars_3, stars_4, stars_5 FROM ratings
         WHERE book_id = ANY($1)",
    );

    const LOCK = Sql::portable(
        "UPDATE ratings SET stars_1 = stars_1 WHERE book_id = $1
         RETURNING stars_1, stars_2, stars_3, stars_4, stars_5",
    );

    const LOCK_OR_CREATE = Sql::portable(
        "INSERT INTO ratings (book_id, stars_1, stars_2, stars_3, stars_4, stars_5)
         VALUES ($1, 0, 0, 0, 0, 0)
         ON CONFLICT (book_id) DO UPDATE SET stars_1 = ratings.stars_1
         RETURNING stars_1, stars_2, stars_3, stars_4, stars_5",
    );

    const SAVE = Sql::portable(
        "UPDATE ratings SET stars_1 = $2, stars_2 = $3, stars_3 = $4, stars_4 = $5, stars_5 = $6
         WHERE book_id = $1",
    );
}

type CountsRow = (i64, i64, i64, i64, i64);

fn counts((one, two, three, four, five): CountsRow) -> StarCounts {
    StarCounts([one, two, three, four, five])
}

/// The counts of books; those without a row are left out.
pub(crate) async fn by_ids(
    connection: &mut Connection,
    book_ids: &[BookId],
) -> Result<HashMap<BookId, StarCounts>, ReviewsError> {
    let ids: Vec<i64> = book_ids.iter().map(|book_id| book_id.0.into()).collect();
    let rows: Vec<(i64, i64, i64, i64, i64, i64)> =
        query(BY_IDS).bind(&ids).fetch_all(connection).await?;
    let by_id: HashMap<i64, StarCounts> = rows
        .into_iter()
        .map(|(id, one, two, three, four, five)| (id, counts((one, two, three, four, five))))
        .collect();
    let found = book_ids.iter().filter_map(|book_id| {
        let counts = by_id.get(&book_id.0.into())?;
        Some((*book_id, *counts))
    });
    Ok(found.collect())
}

/// The counts of a book, which is locked until the end of the transaction. `None` if it never
/// had a review; then nothing is locked.
pub(crate) async fn lock(
    transaction: &mut Transaction,
    book_id: BookId,
) -> Result<Option<StarCounts>, ReviewsError> {
    let lock = query(LOCK).bind(book_id.0);
    Ok(lock.fetch_optional(transaction).await?.map(counts))
}

/// The counts of a book, which is locked until the end of the transaction.
pub(crate) async fn lock_or_create(
    transaction: &mut Transaction,
    book_id: BookId,
) -> Result<StarCounts, ReviewsError> {
    let lock = query(LOCK_OR_CREATE).bind(book_id.0);
    Ok(counts(lock.fetch_one(transaction).await?))
}

/// Replaces the counts of a locked book.
pub(crate) async fn save(
    transaction: &mut Transaction,
    book_id: BookId,
    counts: StarCounts,
) -> Result<(), ReviewsError> {
    let save = counts
        .0
        .into_iter()
        .fold(query(SAVE).bind(book_id.0), |save, count| save.bind(count));
    save.execute(transaction).await?;
    Ok(())
}

//! Idempotency: the same request id with the same body gets the same answer.
//!
//! Used within the write transaction that does the work, so that work and answer are
//! kept together or not at all:
//!
//! ```
//! # use store::{Db, Error, replay::{self, Replay}};
//! # async fn reserve(db: &Db, request_id: &str, body: &[u8], now: i64) -> Result<Vec<u8>, Error> {
//! store::write!(db, transaction => {
//!     match replay::check(transaction, request_id, "ReserveStock", body, now).await? {
//!         Replay::Replayed(response) => return Ok(response),
//!         Replay::Reused => return Ok(Vec::new()), // REQUEST_ID_REUSED
//!         Replay::Fresh => {}
//!     }
//!     let response = b"what the work gave".to_vec();
//!     replay::keep(transaction, request_id, &response).await?;
//!     Ok(response)
//! })
//! # }
//! ```
//!
//! An error rolls the claim back with the work: only successes are replayed. Each
//! service's migration makes the table; `BLOB` is `BYTEA` in PostgreSQL:
//!
//! ```sql
//! CREATE TABLE replays (
//!     request_id TEXT PRIMARY KEY,
//!     method TEXT NOT NULL,
//!     body_hash BLOB NOT NULL,
//!     response BLOB,
//!     created_at BIGINT NOT NULL
//! );
//! CREATE INDEX replays_by_age ON replays (created_at);
//! ```

use sha2::{Digest, Sha256};

use crate::{Error, Sql, Transaction, query};

/// The statements of this module, for the `prepare_all` of each service.
pub const STATEMENTS: &[(&str, Sql)] = &[
    ("replay::CLAIM", CLAIM),
    ("replay::LOOK_UP", LOOK_UP),
    ("replay::KEEP", KEEP),
    ("replay::PRUNE", PRUNE),
];

/// Of two transactions with the same id the second waits here for the end of the first.
const CLAIM: Sql = Sql::same(
    "INSERT INTO replays (request_id, method, body_hash, created_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (request_id) DO NOTHING",
);

const LOOK_UP: Sql =
    Sql::same("SELECT method, body_hash, response FROM replays WHERE request_id = $1");

const KEEP: Sql = Sql::same("UPDATE replays SET response = $2 WHERE request_id = $1");

const PRUNE: Sql = Sql::same("DELETE FROM replays WHERE created_at < $1");

/// What is known of a request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// Nothing: do the work, then [`keep`] the response.
    Fresh,
    /// The work is done; this was the response.
    Replayed(Vec<u8>),
    /// The id was used with another method or body.
    Reused,
}

/// Looks up a request id, and claims it if it is fresh: a transaction that claimed an id
/// commits only after [`keep`].
///
/// `body` is the encoded request, which must not contain what varies between repeats;
/// `now` is in microseconds since 1970.
///
/// # Errors
/// As [`Error`].
pub async fn check(
    transaction: &mut Transaction,
    request_id: &str,
    method: &str,
    body: &[u8],
    now: i64,
) -> Result<Replay, Error> {
    let body_hash = Sha256::digest(body).to_vec();
    let claimed = query(CLAIM)
        .bind(request_id)
        .bind(method)
        .bind(&body_hash)
        .bind(now)
        .execute(transaction)
        .await?;
    if claimed == 1 {
        transaction.claimed = Some(request_id.to_owned());
        return Ok(Replay::Fresh);
    }
    let (known_method, known_hash, response): (String, Vec<u8>, Option<Vec<u8>>) = query(LOOK_UP)
        .bind(request_id)
        .fetch_one(transaction)
        .await?;
    if known_method != method || known_hash != body_hash {
        return Ok(Replay::Reused);
    }
    match response {
        Some(response) => Ok(Replay::Replayed(response)),
        None => Err(Error::ResponseNotKept {
            request_id: request_id.to_owned(),
        }),
    }
}

/// Keeps the encoded response of a request id that [`check`] found fresh in this
/// transaction.
///
/// # Errors
/// As [`Error`]; [`Error::ResponseNotKept`] if the id was not claimed.
pub async fn keep(
    transaction: &mut Transaction,
    request_id: &str,
    response: &[u8],
) -> Result<(), Error> {
    let kept = match transaction.claimed.take() {
        Some(claimed) if claimed == request_id => {
            query(KEEP)
                .bind(request_id)
                .bind(response)
                .execute(transaction)
                .await?
        }
        _ => 0,
    };
    if kept == 1 {
        return Ok(());
    }
    Err(Error::ResponseNotKept {
        request_id: request_id.to_owned(),
    })
}

/// Forgets the requests from before a time, in microseconds since 1970; says how many.
/// Keep them longer than any client repeats a request: a day.
///
/// # Errors
/// As [`Error`].
pub async fn prune(transaction: &mut Transaction, before: i64) -> Result<u64, Error> {
    query(PRUNE).bind(before).execute(transaction).await
}

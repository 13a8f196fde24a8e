//! Idempotent requests: the same request id with the same body gets the same response.
//!
//! Call [`claim`] and [`save_response`] in the write transaction that does the work, so
//! that the work and its response are committed together:
//!
//! ```
//! # use store::{Db, Error, idempotency::{self, RequestState}};
//! # async fn reserve(db: &Db, request_id: &str, body: &[u8], now: i64) -> Result<Vec<u8>, Error> {
//! store::write!(db, transaction => {
//!     match idempotency::claim(transaction, request_id, "ReserveStock", body, now).await? {
//!         RequestState::Completed(response) => return Ok(response),
//!         RequestState::Conflict => return Ok(Vec::new()), // REQUEST_ID_REUSED
//!         RequestState::New => {}
//!     }
//!     let response = b"the encoded response".to_vec();
//!     idempotency::save_response(transaction, request_id, &response).await?;
//!     Ok(response)
//! })
//! # }
//! ```
//!
//! An error rolls back the claim together with the work, so only successful requests are
//! remembered. They are kept for [`RETENTION`]. The table `idempotency_keys` belongs to
//! this crate and is part of every schema.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::{Connection, Error, Sql, Transaction, query};

crate::statements! {
    pub;

    /// If two transactions use the same id at the same time, the second one waits here until
    /// the first one ends.
    const CLAIM = Sql::portable(
        "INSERT INTO idempotency_keys (request_id, method, body_hash, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (request_id) DO NOTHING",
    );

    const LOOK_UP = Sql::portable(
        "SELECT method, body_hash, response FROM idempotency_keys WHERE request_id = $1",
    );

    const SAVE_RESPONSE = Sql::portable(
        "UPDATE idempotency_keys SET response = $2 WHERE request_id = $1",
    );

    const PRUNE = Sql::portable(
        "DELETE FROM idempotency_keys WHERE created_at < $1 OR created_at > $2",
    );
}

/// How long a request is remembered: a day. No client retries for so long.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What the database knows about a request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// The id was never used: do the work, then call [`save_response`].
    New,
    /// The same request was completed before; this is its encoded response.
    Completed(Vec<u8>),
    /// The id was used before with another method or body.
    Conflict,
}

/// Looks up a request id, and claims it if it is new. A transaction that claimed an id
/// can commit only after [`save_response`].
///
/// `body` is the encoded request without the parts that differ between retries. `now` is
/// in microseconds since 1970.
///
/// # Errors
/// [`Error`] if a statement fails.
pub async fn claim(
    transaction: &mut Transaction,
    request_id: &str,
    method: &str,
    body: &[u8],
    now: i64,
) -> Result<RequestState, Error> {
    let body_hash = Sha256::digest(body).to_vec();
    let claimed = query(CLAIM)
        .bind(request_id)
        .bind(method)
        .bind(&body_hash)
        .bind(now)
        .execute(transaction)
        .await?;
    if claimed == 1 {
        transaction.claimed_request_id = Some(request_id.to_owned());
        return Ok(RequestState::New);
    }
    find(transaction, request_id, method, body).await
}

/// Looks up a request id without claiming it, for a service that has to do slow work before
/// the transaction in which it claims the id. The parameters are those of [`claim`].
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn find(
    connection: &mut Connection,
    request_id: &str,
    method: &str,
    body: &[u8],
) -> Result<RequestState, Error> {
    type Row = (String, Vec<u8>, Option<Vec<u8>>);
    let row: Option<Row> = query(LOOK_UP)
        .bind(request_id)
        .fetch_optional(connection)
        .await?;
    match row {
        None => Ok(RequestState::New),
        Some((stored_method, stored_hash, _))
            if stored_method != method || stored_hash != Sha256::digest(body)[..] =>
        {
            Ok(RequestState::Conflict)
        }
        Some((_, _, Some(response))) => Ok(RequestState::Completed(response)),
        Some((_, _, None)) => Err(Error::ResponseNotSaved {
            request_id: request_id.to_owned(),
        }),
    }
}

/// Saves the encoded response for a request id that [`claim`] reported as
/// [`RequestState::New`] in this transaction.
///
/// # Errors
/// [`Error::ResponseNotSaved`] if the id was not claimed; other [`Error`]s if a statement
/// fails.
pub async fn save_response(
    transaction: &mut Transaction,
    request_id: &str,
    response: &[u8],
) -> Result<(), Error> {
    let saved = match transaction.claimed_request_id.take() {
        Some(claimed) if claimed == request_id => {
            query(SAVE_RESPONSE)
                .bind(request_id)
                .bind(response)
                .execute(transaction)
                .await?
        }
        _ => 0,
    };
    if saved == 1 {
        return Ok(());
    }
    Err(Error::ResponseNotSaved {
        request_id: request_id.to_owned(),
    })
}

/// Deletes the requests that were claimed more than [`RETENTION`] before `now`, which is in
/// microseconds since 1970, and returns their number. It also deletes those that were claimed
/// more than that after `now`, while the clock was wrong: they would be kept for too long.
///
/// # Errors
/// [`Error`] if the statement fails.
pub async fn prune(transaction: &mut Transaction, now: i64) -> Result<u64, Error> {
    let retention = i64::try_from(RETENTION.as_micros()).unwrap_or(i64::MAX);
    query(PRUNE)
        .bind(now.saturating_sub(retention))
        .bind(now.saturating_add(retention))
        .long_running()
        .execute(transaction)
        .await
}

//! The statements of the outbox.

use crate::Sql;

macro_rules! columns {
    () => {
        "sequence, topic, message_key, payload, attempts, enqueued_at, available_at, dead, last_error, traceparent"
    };
}

crate::statements! {
    pub;

    pub(super) const ENQUEUE = Sql::portable(
        "INSERT INTO outbox (topic, message_key, payload, enqueued_at, available_at, traceparent)
         VALUES ($1, $2, $3, $4, $4, $5)",
    );

    /// On PostgreSQL it skips the messages that another worker is claiming, and checks the
    /// condition again after a row was locked; the `ARRAY` makes the subquery run only once.
    pub(super) const CLAIM = Sql::per_engine(
        "UPDATE outbox SET lease_id = $1, available_at = $2, attempts = attempts + 1
         WHERE sequence IN (
             SELECT sequence FROM outbox AS oldest
             WHERE topic = $3 AND (available_at <= $4 OR available_at > $6) AND NOT dead
                 AND NOT EXISTS (SELECT 1 FROM outbox AS earlier
                     WHERE earlier.topic = oldest.topic
                         AND earlier.message_key = oldest.message_key
                         AND earlier.sequence < oldest.sequence)
             ORDER BY available_at, sequence LIMIT $5)
         RETURNING sequence, message_key, payload, attempts, traceparent",
        "UPDATE outbox SET lease_id = $1, available_at = $2, attempts = attempts + 1
         WHERE sequence = ANY(ARRAY(
             SELECT sequence FROM outbox AS oldest
             WHERE topic = $3 AND (available_at <= $4 OR available_at > $6) AND NOT dead
                 AND NOT EXISTS (SELECT 1 FROM outbox AS earlier
                     WHERE earlier.topic = oldest.topic
                         AND earlier.message_key = oldest.message_key
                         AND earlier.sequence < oldest.sequence)
             ORDER BY available_at, sequence LIMIT $5 FOR UPDATE SKIP LOCKED))
         RETURNING sequence, message_key, payload, attempts, traceparent",
    );

    /// When SQLite is opened: no other process has the file, so whoever claimed is gone.
    pub(crate) const END_LEASES = Sql::portable(
        "UPDATE outbox SET lease_id = NULL, available_at = enqueued_at WHERE lease_id IS NOT NULL",
    );

    pub(super) const ACKNOWLEDGE = Sql::portable("DELETE FROM outbox WHERE sequence = $1 AND lease_id = $2");

    pub(super) const WITHDRAW = Sql::portable(
        "DELETE FROM outbox WHERE topic = $1 AND message_key = $2 AND lease_id IS NULL",
    );

    pub(super) const RETRY = Sql::portable(
        "UPDATE outbox SET lease_id = NULL, last_error = $3, available_at = $4
         WHERE sequence = $1 AND lease_id = $2",
    );

    pub(super) const BURY = Sql::portable(
        "UPDATE outbox SET lease_id = NULL, last_error = $3, dead = TRUE
         WHERE sequence = $1 AND lease_id = $2",
    );

    pub(super) const REQUEUE = Sql::per_engine(
        "UPDATE outbox SET dead = FALSE, attempts = 0, available_at = $2
         WHERE sequence = $1 AND dead AND topic IN (SELECT value FROM json_each($3))",
        "UPDATE outbox SET dead = FALSE, attempts = 0, available_at = $2
         WHERE sequence = $1 AND dead AND topic = ANY($3)",
    );

    pub(super) const GET = Sql::per_engine(
        concat!("SELECT ", columns!(), " FROM outbox
         WHERE sequence = $1 AND topic IN (SELECT value FROM json_each($2))"),
        concat!("SELECT ", columns!(), " FROM outbox WHERE sequence = $1 AND topic = ANY($2)"),
    );

    pub(super) const LIST = Sql::per_engine(
        concat!("SELECT ", columns!(), " FROM outbox
         WHERE topic IN (SELECT value FROM json_each($1)) AND sequence > $2 AND (dead OR NOT $3)
         ORDER BY sequence LIMIT $4"),
        concat!("SELECT ", columns!(), " FROM outbox
         WHERE topic = ANY($1) AND sequence > $2 AND (dead OR NOT $3)
         ORDER BY sequence LIMIT $4"),
    );

    pub(super) const STATISTICS = Sql::portable(
        "SELECT CAST(COALESCE(SUM(CASE WHEN dead THEN 0 ELSE 1 END), 0) AS BIGINT),
             CAST(COALESCE(SUM(CASE WHEN dead THEN 1 ELSE 0 END), 0) AS BIGINT),
             MIN(CASE WHEN dead THEN NULL ELSE enqueued_at END)
         FROM outbox WHERE topic = $1",
    );
}

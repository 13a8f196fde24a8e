-- The requests of the last day, so that a repeated request gets the same response.
CREATE TABLE idempotency_keys (
    request_id TEXT PRIMARY KEY,
    method TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    -- NULL only within the transaction that claims the id.
    response BLOB,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

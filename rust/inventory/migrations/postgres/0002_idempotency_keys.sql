-- The store has taken over the table, under another name.
INSERT INTO idempotency_keys (request_id, method, body_hash, response, created_at)
    SELECT request_id, method, body_hash, response, created_at FROM replays;
DROP TABLE replays;

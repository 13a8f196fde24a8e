-- Messages that are not delivered yet. A delivered message is deleted.
CREATE TABLE outbox (
    -- The order of the messages of one key.
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic TEXT NOT NULL,
    message_key TEXT NOT NULL,
    payload BYTEA NOT NULL,
    enqueued_at BIGINT NOT NULL,
    -- How many times a worker has claimed the message.
    attempts BIGINT NOT NULL DEFAULT 0,
    -- When a worker may claim the message: the end of the lease or of the backoff.
    available_at BIGINT NOT NULL,
    -- The worker's lease that may acknowledge the message.
    lease_id TEXT,
    -- No worker delivers it any more, until it is requeued.
    dead BOOLEAN NOT NULL DEFAULT FALSE,
    last_error TEXT
);
CREATE INDEX outbox_by_key ON outbox (topic, message_key, sequence);
CREATE INDEX outbox_available ON outbox (topic, available_at) WHERE NOT dead;
CREATE INDEX outbox_dead ON outbox (topic, sequence) WHERE dead;

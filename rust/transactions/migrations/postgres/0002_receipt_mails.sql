-- The mails of receipts that were requested again, to limit them.
CREATE TABLE receipt_mails (
    request_id TEXT COLLATE "C" NOT NULL,
    transaction_id TEXT COLLATE "C" NOT NULL REFERENCES transactions (transaction_id),
    requested_at BIGINT NOT NULL
);
CREATE INDEX receipt_mails_by_transaction ON receipt_mails (transaction_id, requested_at);

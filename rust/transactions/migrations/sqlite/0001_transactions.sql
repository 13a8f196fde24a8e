CREATE TABLE transactions (
    transaction_id TEXT PRIMARY KEY,
    account_id TEXT,
    reference TEXT NOT NULL,
    -- The payment method, until the provider has answered and for a while afterwards.
    token TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    receipt_email TEXT,
    -- 1 pending, 2 charged, 3 declined.
    state BIGINT NOT NULL CHECK (state BETWEEN 1 AND 3),
    -- The number of the DeclineReason, if it was declined.
    decline_reason BIGINT,
    -- What the provider calls the charge and the payment method, once it has answered.
    provider_charge_id TEXT,
    method_label TEXT,
    -- The sum and the number of the refunds, also of those that are not paid back yet.
    refund_minor BIGINT NOT NULL,
    refund_count BIGINT NOT NULL,
    -- Why an operator has to look at the charge. Nothing is done automatically any more.
    parked_reason TEXT,
    requested_at BIGINT NOT NULL,
    -- When the provider charged or declined.
    decided_at BIGINT,
    CHECK (refund_minor BETWEEN 0 AND amount_minor),
    CHECK (state = 2 OR refund_minor = 0),
    CHECK ((state = 1) = (decided_at IS NULL)),
    CHECK ((state = 2) = (provider_charge_id IS NOT NULL)),
    CHECK ((state = 3) = (decline_reason IS NOT NULL))
);
CREATE INDEX transactions_by_account ON transactions (account_id, transaction_id);

CREATE TABLE refunds (
    refund_id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (transaction_id),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    reason TEXT NOT NULL,
    parked_reason TEXT,
    requested_at BIGINT NOT NULL,
    -- The place among the refunds of the charge that were paid back, from 1.
    position BIGINT,
    paid_at BIGINT,
    UNIQUE (transaction_id, position),
    CHECK ((position IS NULL) = (paid_at IS NULL))
);

-- Entries with the same posting belong together, and their sum is zero.
CREATE TABLE ledger_entries (
    posting TEXT NOT NULL,
    account TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor <> 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (posting, account)
);

CREATE TRIGGER ledger_entries_are_not_updated BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_entries_are_not_deleted BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

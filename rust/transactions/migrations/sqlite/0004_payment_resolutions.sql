-- What operators have decided about parked charges and refunds. Rows are never changed.
CREATE TABLE payment_resolutions (
    resolution_id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (transaction_id),
    -- NULL if the decision is about the charge.
    refund_id TEXT REFERENCES refunds (refund_id),
    -- 1 retry, 2 mark as successful, 3 mark as failed.
    action BIGINT NOT NULL CHECK (action BETWEEN 1 AND 3),
    operator_name TEXT NOT NULL,
    note TEXT NOT NULL,
    parked_reason TEXT NOT NULL,
    resolved_at BIGINT NOT NULL
);
CREATE INDEX payment_resolutions_by_transaction
    ON payment_resolutions (transaction_id, resolution_id);

CREATE INDEX transactions_parked ON transactions (transaction_id) WHERE parked_reason IS NOT NULL;
CREATE INDEX refunds_parked ON refunds (transaction_id) WHERE parked_reason IS NOT NULL;

-- When an operator found out that a refund was not paid back.
ALTER TABLE refunds ADD COLUMN failed_at BIGINT CHECK (failed_at IS NULL OR position IS NULL);
-- The refund that was made when the same request was repeated after that.
ALTER TABLE refunds ADD COLUMN replaced_by TEXT;

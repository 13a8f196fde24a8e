CREATE TABLE charges (
    charge_id TEXT COLLATE "C" PRIMARY KEY,
    reference TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    refunded_minor BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (refunded_minor BETWEEN 0 AND amount_minor)
);

CREATE TABLE refunds (
    refund_id TEXT COLLATE "C" PRIMARY KEY,
    charge_id TEXT COLLATE "C" NOT NULL REFERENCES charges (charge_id),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    created_at BIGINT NOT NULL
);

-- The idempotency keys of requests that failed once on purpose.
CREATE TABLE failed_requests (
    idempotency_key TEXT COLLATE "C" PRIMARY KEY
);

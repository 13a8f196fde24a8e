CREATE TABLE orders (
    order_id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT NOT NULL,
    -- A JSON array of {book_id, quantity, title, amount_minor}: the order of the lines, and the
    -- price of one copy in the currency of the order.
    lines TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    total_minor BIGINT NOT NULL CHECK (total_minor >= 0),
    -- A JSON object with the fields of bookstore.accounts.v1.Address.
    address TEXT NOT NULL,
    payment_token TEXT NOT NULL,
    receipt_email TEXT NOT NULL,
    -- The numbers of OrderState, OrderFailure and DeclineReason.
    state BIGINT NOT NULL CHECK (state BETWEEN 1 AND 5),
    failure BIGINT,
    decline_reason BIGINT,
    reservation_id TEXT NOT NULL UNIQUE,
    hold_until BIGINT NOT NULL,
    -- 1 held, 2 committed, 3 released.
    hold BIGINT NOT NULL CHECK (hold BETWEEN 1 AND 3),
    -- 0 not requested, 1 requested, 2 charged, 3 declined.
    charge BIGINT NOT NULL CHECK (charge BETWEEN 0 AND 3),
    transaction_id TEXT,
    refunded_minor BIGINT,
    -- Why the operator has to look at the order.
    parked_reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- When anything last changed.
    waiting_since BIGINT NOT NULL,
    CHECK ((state = 5) = (failure IS NOT NULL)),
    -- Nothing is paid or shipped without the money and the copies.
    CHECK (state NOT IN (2, 3) OR (hold = 2 AND (charge = 2 OR total_minor = 0))),
    -- Nothing is paid back that was not charged.
    CHECK (refunded_minor IS NULL OR (charge = 2 AND refunded_minor <= total_minor))
);
CREATE INDEX orders_by_account ON orders (account_id, order_id);

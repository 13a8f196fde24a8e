-- What operators have decided about parked orders. Rows are never changed.
CREATE TABLE order_resolutions (
    resolution_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    -- 1 retry, 2 cancel, 3 mark as paid, 4 mark as not paid.
    action BIGINT NOT NULL CHECK (action BETWEEN 1 AND 4),
    transaction_id TEXT,
    operator_name TEXT NOT NULL,
    note TEXT NOT NULL,
    parked_reason TEXT NOT NULL,
    resolved_at BIGINT NOT NULL,
    CHECK ((action = 3) = (transaction_id IS NOT NULL))
);
CREATE INDEX order_resolutions_by_order ON order_resolutions (order_id, resolution_id);

CREATE INDEX orders_parked ON orders (order_id) WHERE parked_reason IS NOT NULL;

-- With which the buyer can follow the parcel.
ALTER TABLE orders ADD COLUMN tracking_number TEXT;

-- The request ids of charges are kept for good, other than their idempotency keys: an order that
-- was parked for days repeats its charge with the same id, and must not be charged again.
ALTER TABLE transactions ADD COLUMN request_id TEXT;
CREATE UNIQUE INDEX transactions_by_request ON transactions (request_id);

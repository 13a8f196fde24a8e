-- A cart is one row, so that a change locks it and replaces it as a whole. An empty cart has no
-- row.
CREATE TABLE carts (
    -- guest/UUID or account/UUID
    cart_key TEXT COLLATE "C" PRIMARY KEY,
    -- Guest carts expire, account carts do not.
    guest BOOLEAN NOT NULL,
    -- A JSON array of [book id, quantity], in the order in which the books were added: at most
    -- 100 of them with 15 characters each, and commas and brackets.
    items TEXT NOT NULL CHECK (LENGTH(items) <= 1601),
    changed_at BIGINT NOT NULL
);
CREATE INDEX carts_guest_by_age ON carts (changed_at) WHERE guest;

-- The search index follows which books can be bought: each book knows the revision of the stock at
-- which it was sold out or had copies again.
CREATE TABLE stock_revision (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    revision BIGINT NOT NULL
);
INSERT INTO stock_revision (only_row, revision) VALUES (1, 0);

ALTER TABLE stock ADD COLUMN changed_revision BIGINT NOT NULL DEFAULT 0;
-- Whether copies were available at that revision.
ALTER TABLE stock ADD COLUMN is_available BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE stock SET is_available = (on_hand > reserved);
CREATE INDEX stock_by_change ON stock (changed_revision, book_id);

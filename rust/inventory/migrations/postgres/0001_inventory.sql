CREATE TABLE books (
    book_id BIGINT PRIMARY KEY,
    title TEXT NOT NULL,
    -- A JSON array of names, in the order of the title page.
    authors TEXT NOT NULL,
    publication_year BIGINT,
    -- The number of the BookCategory.
    category BIGINT NOT NULL,
    currency_code TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- The words of the title, folded; lists are ordered and paged by it.
    sort_title TEXT COLLATE "C" NOT NULL
);
CREATE INDEX books_by_title ON books (sort_title, book_id);
CREATE INDEX books_by_category ON books (category, sort_title, book_id);

-- The words of titles (weight A) and authors (weight B). The service folds them
-- (accents, case, punctuation), so that both engines find the same; no parser and no
-- dictionary of PostgreSQL has a part in it.
CREATE TABLE book_search (
    book_id BIGINT PRIMARY KEY,
    words TSVECTOR NOT NULL
);
CREATE INDEX book_search_by_word ON book_search USING gin (words);

-- One row, whose number grows with every change of the catalogue.
CREATE TABLE catalogue_revision (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    revision BIGINT NOT NULL
);
INSERT INTO catalogue_revision (only_row, revision) VALUES (1, 0);

-- One row for each book. Every reservation writes here: free space in the pages keeps
-- the new versions of a row beside the old ones, and no index has to follow.
CREATE TABLE stock (
    book_id BIGINT PRIMARY KEY REFERENCES books (book_id),
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    CHECK (reserved >= 0 AND reserved <= on_hand)
) WITH (fillfactor = 70);

CREATE TABLE reservations (
    reservation_id TEXT COLLATE "C" PRIMARY KEY,
    -- The number of the ReservationState: 1 held, 2 committed, 3 released, 4 expired.
    state BIGINT NOT NULL CHECK (state BETWEEN 1 AND 4),
    expire_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX reservations_held ON reservations (expire_at) WHERE state = 1;

CREATE TABLE reservation_lines (
    reservation_id TEXT COLLATE "C" NOT NULL REFERENCES reservations (reservation_id),
    position BIGINT NOT NULL,
    book_id BIGINT NOT NULL REFERENCES books (book_id),
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation_id, position)
);

CREATE TABLE replays (
    request_id TEXT PRIMARY KEY,
    method TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    response BYTEA,
    created_at BIGINT NOT NULL
);
CREATE INDEX replays_by_age ON replays (created_at);

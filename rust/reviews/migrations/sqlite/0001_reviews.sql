-- Each account has at most one review of a book.
CREATE TABLE reviews (
    review_id TEXT PRIMARY KEY,
    book_id BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    stars BIGINT NOT NULL CHECK (stars BETWEEN 1 AND 5),
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    author_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL CHECK (updated_at >= created_at),
    -- Whether the account has bought the book, as far as it is known.
    verified_purchase BOOLEAN NOT NULL,
    -- Whether Checkout was asked since the review was last written.
    purchase_checked BOOLEAN NOT NULL,
    -- NULL while the review is visible.
    hidden_reason TEXT CHECK (hidden_reason <> ''),
    UNIQUE (book_id, account_id)
);
CREATE INDEX reviews_visible_newest ON reviews (book_id, updated_at, review_id)
    WHERE hidden_reason IS NULL;
CREATE INDEX reviews_visible_most_stars ON reviews (book_id, stars, updated_at, review_id)
    WHERE hidden_reason IS NULL;
CREATE INDEX reviews_visible_fewest_stars
    ON reviews (book_id, stars, updated_at DESC, review_id DESC) WHERE hidden_reason IS NULL;
CREATE INDEX reviews_newest ON reviews (updated_at, review_id);
CREATE INDEX reviews_hidden_newest ON reviews (updated_at, review_id)
    WHERE hidden_reason IS NOT NULL;
CREATE INDEX reviews_unchecked ON reviews (account_id, book_id) WHERE NOT purchase_checked;

-- How many visible reviews of a book have how many stars. Each change of a review locks the row
-- of its book and changes it in the same transaction, so it is exact at any time.
CREATE TABLE ratings (
    book_id BIGINT PRIMARY KEY,
    stars_1 BIGINT NOT NULL CHECK (stars_1 >= 0),
    stars_2 BIGINT NOT NULL CHECK (stars_2 >= 0),
    stars_3 BIGINT NOT NULL CHECK (stars_3 >= 0),
    stars_4 BIGINT NOT NULL CHECK (stars_4 >= 0),
    stars_5 BIGINT NOT NULL CHECK (stars_5 >= 0)
);

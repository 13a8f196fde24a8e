-- The accounts that write reviews. Each write locks the row of its account, so that none is late
-- when the account is deleted.
CREATE TABLE authors (
    account_id TEXT COLLATE "C" PRIMARY KEY,
    -- Whether the account was deleted. Then it writes no more, and its reviews have no name.
    deleted BOOLEAN NOT NULL
);

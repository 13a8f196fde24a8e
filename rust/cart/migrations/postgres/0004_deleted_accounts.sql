-- The accounts that were deleted: they get no cart again, from a call that was on its way or from
-- an order that fails later.
CREATE TABLE deleted_accounts (
    account_id TEXT COLLATE "C" PRIMARY KEY,
    deleted_at BIGINT NOT NULL
);

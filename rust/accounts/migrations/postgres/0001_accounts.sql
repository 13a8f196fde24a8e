CREATE TABLE accounts (
    account_id TEXT COLLATE "C" PRIMARY KEY,
    -- In lower case.
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- JSON.
    default_shipping_address TEXT,
    created_at BIGINT NOT NULL
);

-- Accounts to be: their owners still have to prove that they read mails to the address.
CREATE TABLE sign_ups (
    token_hash BYTEA PRIMARY KEY,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    display_name TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    -- The account that was created with the token.
    account_id TEXT
);
CREATE INDEX sign_ups_by_time ON sign_ups (requested_at);

CREATE TABLE password_resets (
    token_hash BYTEA PRIMARY KEY,
    account_id TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    -- The password that was set with the token.
    used_password_hash TEXT
);
CREATE INDEX password_resets_by_account ON password_resets (account_id);
CREATE INDEX password_resets_by_time ON password_resets (requested_at);

CREATE TABLE sessions (
    session_id TEXT COLLATE "C" PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (account_id),
    client_label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Written at most once an hour.
    last_used_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account_id, session_id);
CREATE INDEX sessions_by_last_use ON sessions (last_used_at);

-- How often something was attempted, to limit it. A key is the hash of what is counted.
CREATE TABLE attempts (
    attempt_key BYTEA PRIMARY KEY,
    -- When all attempts so far are forgotten.
    forgotten_at BIGINT NOT NULL
);
CREATE INDEX attempts_by_time ON attempts (forgotten_at);

-- The reviews of an account, for the export of its data.
CREATE INDEX reviews_by_account ON reviews (account_id, updated_at, review_id);

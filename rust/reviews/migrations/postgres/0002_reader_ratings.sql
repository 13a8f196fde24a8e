-- For the ratings of one account, the most recently written first.
CREATE INDEX reviews_visible_of_account ON reviews (account_id, review_id)
    WHERE hidden_reason IS NULL;

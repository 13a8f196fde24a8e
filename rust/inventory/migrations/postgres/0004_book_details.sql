-- What a page shows of a book beside its title and authors. Unknown is NULL.
ALTER TABLE books ADD COLUMN description TEXT;
ALTER TABLE books ADD COLUMN publisher TEXT;
ALTER TABLE books ADD COLUMN page_count BIGINT;
ALTER TABLE books ADD COLUMN series TEXT;
-- A decimal number or a range: 1, 1.5, 1-3.
ALTER TABLE books ADD COLUMN series_number TEXT;
ALTER TABLE books ADD COLUMN image_url TEXT;

-- The search is no longer in the database: each process has an index of its own, which follows
-- the changes of the books by these columns. All books that exist count as changed at revision 0.
DROP TABLE book_search;

ALTER TABLE books ADD COLUMN isbn TEXT;
ALTER TABLE books ADD COLUMN original_title TEXT;
ALTER TABLE books ADD COLUMN language TEXT;
ALTER TABLE books ADD COLUMN rating_hundredths BIGINT;
ALTER TABLE books ADD COLUMN rating_count BIGINT NOT NULL DEFAULT 0;

-- The revision of the catalogue after the last change of the book.
ALTER TABLE books ADD COLUMN changed_revision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX books_by_change ON books (changed_revision, book_id);

-- An index that was made from another database must not be taken for one of this database.
ALTER TABLE catalogue_revision ADD COLUMN catalogue_id TEXT NOT NULL DEFAULT '';
UPDATE catalogue_revision SET catalogue_id = replace(CAST(gen_random_uuid() AS TEXT), '-', '');

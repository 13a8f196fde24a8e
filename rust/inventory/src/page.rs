//! Page tokens: opaque to callers, and good for one query only.
//!
//! Base64url of: version, the first bytes of a hash, the position. The hash covers the
//! query and the position, so a token of another query, a changed or a shortened one is
//! refused. It keeps out mistakes, not adversaries: a position is no secret.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{BookId, InventoryError};

/// Changes with the meaning of the bytes, or of the order in which pages go.
const VERSION: u8 = 1;

const HASH_BYTES: usize = 8;

/// What a token is bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Query<'q> {
    /// A category, or 0 for all books.
    List { category: i32 },
    /// Words within a category, or 0 for all books.
    Search { category: i32, words: &'q str },
}

/// After which book the next page of a list starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) sort_title: String,
    pub(crate) book_id: BookId,
}

impl After {
    /// Before the first book.
    pub(crate) fn start() -> Self {
        Self {
            sort_title: String::new(),
            book_id: BookId(0),
        }
    }

    pub(crate) fn token(&self, query: Query<'_>) -> String {
        let mut position = self.book_id.0.to_be_bytes().to_vec();
        position.extend(self.sort_title.as_bytes());
        seal(query, &position)
    }

    /// The position that a token stands for; an empty token is the first page.
    pub(crate) fn open(token: &str, query: Query<'_>) -> Result<Self, InventoryError> {
        if token.is_empty() {
            return Ok(Self::start());
        }
        let position = open(token, query)?;
        let (book_id, sort_title) = position
            .split_first_chunk()
            .ok_or(InventoryError::PageTokenInvalid)?;
        Ok(Self {
            sort_title: String::from_utf8(sort_title.to_vec())
                .map_err(|_| InventoryError::PageTokenInvalid)?,
            book_id: BookId(i32::from_be_bytes(*book_id)),
        })
    }
}

/// The token of the page of a search that starts after so many books.
pub(crate) fn offset_token(offset: u32, query: Query<'_>) -> String {
    seal(query, &offset.to_be_bytes())
}

/// How many books of a search come before the page of a token.
pub(crate) fn open_offset(token: &str, query: Query<'_>) -> Result<u32, InventoryError> {
    if token.is_empty() {
        return Ok(0);
    }
    let position = open(token, query)?;
    let offset = position
        .try_into()
        .map_err(|_| InventoryError::PageTokenInvalid)?;
    Ok(u32::from_be_bytes(offset))
}

fn seal(query: Query<'_>, position: &[u8]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(hash(query, position));
    bytes.extend(position);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn open(token: &str, query: Query<'_>) -> Result<Vec<u8>, InventoryError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| InventoryError::PageTokenInvalid)?;
    let Some((&[VERSION], sealed)) = bytes.split_first_chunk() else {
        return Err(InventoryError::PageTokenInvalid);
    };
    match sealed.split_first_chunk::<HASH_BYTES>() {
        Some((sealed_hash, position)) if *sealed_hash == hash(query, position) => {
            Ok(position.to_vec())
        }
        _ => Err(InventoryError::PageTokenInvalid),
    }
}

fn hash(query: Query<'_>, position: &[u8]) -> [u8; HASH_BYTES] {
    let (kind, category, words) = match query {
        Query::List { category } => (0, category, ""),
        Query::Search { category, words } => (1, category, words),
    };
    let mut hasher = Sha256::new();
    hasher.update([VERSION, kind]);
    hasher.update(category.to_be_bytes());
    hasher.update((words.len() as u64).to_be_bytes());
    hasher.update(words);
    hasher.update(position);
    let mut first = [0; HASH_BYTES];
    first.copy_from_slice(&hasher.finalize()[..HASH_BYTES]);
    first
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::LONGEST_SORT_KEY;

    const LIST: Query<'_> = Query::List { category: 3 };

    fn is_invalid<T>(outcome: &Result<T, InventoryError>) -> bool {
        matches!(outcome, Err(InventoryError::PageTokenInvalid))
    }

    #[test]
    fn the_longest_token_fits_the_contract() {
        let after = After {
            sort_title: "x".repeat(LONGEST_SORT_KEY),
            book_id: BookId(i32::MAX),
        };
        assert!(after.token(LIST).len() <= 500);
    }

    #[test]
    fn a_token_serves_its_own_query_only() {
        let token = After {
            sort_title: "dune".to_owned(),
            book_id: BookId(7),
        }
        .token(LIST);
        let search = offset_token(
            20,
            Query::Search {
                category: 3,
                words: "dune",
            },
        );
        assert!(is_invalid(&After::open(
            &token,
            Query::List { category: 4 }
        )));
        assert!(is_invalid(&After::open(&search, LIST)));
        for other in [
            Query::Search {
                category: 0,
                words: "dune",
            },
            Query::Search {
                category: 3,
                words: "dun",
            },
            LIST,
        ] {
            assert!(is_invalid(&open_offset(&search, other)), "{other:?}");
        }
    }

    #[test]
    fn a_changed_or_shortened_token_is_refused() {
        let token = After {
            sort_title: "emma".to_owned(),
            book_id: BookId(7),
        }
        .token(LIST);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("the token is ASCII");
            assert!(is_invalid(&After::open(&changed, LIST)), "{changed}");
            assert!(at == 0 || is_invalid(&After::open(&token[..at], LIST)));
        }
    }

    proptest! {
        #[test]
        fn positions_come_back(sort_title in ".{0,60}", number in 1..=999_999_999, offset: u32) {
            let after = After { sort_title, book_id: BookId(number) };
            prop_assert_eq!(&After::open(&after.token(LIST), LIST).expect("it is ours"), &after);
            let search = Query::Search { category: 0, words: &after.sort_title };
            let token = offset_token(offset, search);
            prop_assert_eq!(open_offset(&token, search).expect("it is ours"), offset);
        }

        #[test]
        fn what_is_not_ours_is_refused(token in "[A-Za-z0-9_-]{1,80}|.{1,80}") {
            prop_assert!(is_invalid(&After::open(&token, LIST)));
            let search = Query::Search { category: 0, words: "x" };
            prop_assert!(is_invalid(&open_offset(&token, search)));
        }
    }
}

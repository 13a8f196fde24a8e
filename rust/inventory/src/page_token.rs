//! Page tokens: opaque to callers, and valid for one query only.
//!
//! A token is the base64url encoding of a version byte, the first bytes of a hash, and the
//! position. The hash covers the query and the position, so a token of another query and a
//! changed or truncated token are refused. The hash has no key: it detects mistakes, not
//! attacks, because a position is not secret.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{BookId, InventoryError};

/// Must be changed together with the encoding or the sort order of pages.
const VERSION: u8 = 1;

const HASH_BYTES: usize = 8;

/// The query that a token is valid for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenScope<'q> {
    /// A list of the books of a category; 0 means all categories.
    List { category: i32 },
    /// A search within a category; 0 means all categories.
    Search { category: i32, words: &'q str },
}

/// The last book of a page of a list. The next page starts after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListPosition {
    pub(crate) sort_title: String,
    pub(crate) book_id: BookId,
}

impl ListPosition {
    /// The position before the first book.
    pub(crate) fn start() -> Self {
        Self {
            sort_title: String::new(),
            book_id: BookId(0),
        }
    }

    pub(crate) fn encode(&self, query: TokenScope<'_>) -> String {
        let mut position = self.book_id.0.to_be_bytes().to_vec();
        position.extend(self.sort_title.as_bytes());
        encode(query, &position)
    }

    /// The position in a token. An empty token is the start of the list.
    pub(crate) fn decode(token: &str, query: TokenScope<'_>) -> Result<Self, InventoryError> {
        if token.is_empty() {
            return Ok(Self::start());
        }
        let position = decode(token, query)?;
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

/// The token for the page of a search that starts at `offset`.
pub(crate) fn encode_offset(offset: u32, query: TokenScope<'_>) -> String {
    encode(query, &offset.to_be_bytes())
}

/// The offset in a token of a search. An empty token means 0.
pub(crate) fn decode_offset(token: &str, query: TokenScope<'_>) -> Result<u32, InventoryError> {
    if token.is_empty() {
        return Ok(0);
    }
    let position = decode(token, query)?;
    let offset = position
        .try_into()
        .map_err(|_| InventoryError::PageTokenInvalid)?;
    Ok(u32::from_be_bytes(offset))
}

fn encode(query: TokenScope<'_>, position: &[u8]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(hash(query, position));
    bytes.extend(position);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(token: &str, query: TokenScope<'_>) -> Result<Vec<u8>, InventoryError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| InventoryError::PageTokenInvalid)?;
    let Some((&[VERSION], encoded)) = bytes.split_first_chunk() else {
        return Err(InventoryError::PageTokenInvalid);
    };
    match encoded.split_first_chunk::<HASH_BYTES>() {
        Some((encoded_hash, position)) if *encoded_hash == hash(query, position) => {
            Ok(position.to_vec())
        }
        _ => Err(InventoryError::PageTokenInvalid),
    }
}

fn hash(query: TokenScope<'_>, position: &[u8]) -> [u8; HASH_BYTES] {
    let (kind, category, words) = match query {
        TokenScope::List { category } => (0, category, ""),
        TokenScope::Search { category, words } => (1, category, words),
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
    use crate::text_normalization::MAX_SORT_KEY_BYTES;

    const LIST: TokenScope<'_> = TokenScope::List { category: 3 };

    fn is_invalid<T>(outcome: &Result<T, InventoryError>) -> bool {
        matches!(outcome, Err(InventoryError::PageTokenInvalid))
    }

    #[test]
    fn longest_token_fits_the_contract() {
        let after = ListPosition {
            sort_title: "x".repeat(MAX_SORT_KEY_BYTES),
            book_id: BookId(i32::MAX),
        };
        assert!(after.encode(LIST).len() <= 500);
    }

    #[test]
    fn token_is_valid_for_its_own_query_only() {
        let token = ListPosition {
            sort_title: "dune".to_owned(),
            book_id: BookId(7),
        }
        .encode(LIST);
        let search = encode_offset(
            20,
            TokenScope::Search {
                category: 3,
                words: "dune",
            },
        );
        assert!(is_invalid(&ListPosition::decode(
            &token,
            TokenScope::List { category: 4 }
        )));
        assert!(is_invalid(&ListPosition::decode(&search, LIST)));
        for other in [
            TokenScope::Search {
                category: 0,
                words: "dune",
            },
            TokenScope::Search {
                category: 3,
                words: "dun",
            },
            LIST,
        ] {
            assert!(is_invalid(&decode_offset(&search, other)), "{other:?}");
        }
    }

    #[test]
    fn changed_or_truncated_token_is_refused() {
        let token = ListPosition {
            sort_title: "emma".to_owned(),
            book_id: BookId(7),
        }
        .encode(LIST);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("the token is ASCII");
            assert!(
                is_invalid(&ListPosition::decode(&changed, LIST)),
                "{changed}"
            );
            assert!(at == 0 || is_invalid(&ListPosition::decode(&token[..at], LIST)));
        }
    }

    proptest! {
        #[test]
        fn encoded_position_is_decoded(sort_title in ".{0,60}", number in 1..=999_999_999, offset: u32) {
            let after = ListPosition { sort_title, book_id: BookId(number) };
            prop_assert_eq!(&ListPosition::decode(&after.encode(LIST), LIST).expect("it is ours"), &after);
            let search = TokenScope::Search { category: 0, words: &after.sort_title };
            let token = encode_offset(offset, search);
            prop_assert_eq!(decode_offset(&token, search).expect("it is ours"), offset);
        }

        #[test]
        fn arbitrary_text_is_refused(token in "[A-Za-z0-9_-]{1,80}|.{1,80}") {
            prop_assert!(is_invalid(&ListPosition::decode(&token, LIST)));
            let search = TokenScope::Search { category: 0, words: "x" };
            prop_assert!(is_invalid(&decode_offset(&token, search)));
        }
    }
}

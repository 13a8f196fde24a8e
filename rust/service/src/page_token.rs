//! Page tokens: opaque to callers, and valid for one query only.
//!
//! A token is the base64url encoding of a version byte, the first bytes of a hash, and the
//! position as JSON. The hash covers the method, its filters and the position, so a token
//! of another query and a changed or truncated token are refused. The hash has no key: it
//! detects mistakes, not attacks, because a position is not secret.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ConversionError;

const HASH_BYTES: usize = 8;

/// The page token is malformed or belongs to another query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the page token is not one that was given for this query: start again without it")]
pub struct InvalidPageToken;

/// The query that a page token is valid for: a method and the values of its filters.
///
/// ```
/// use service::PageScope;
///
/// let list = |category: i32| PageScope::new(1, "ListBooks").with(category.to_be_bytes());
/// let token = list(3).encode(&("dune", 7))?;
/// assert_eq!(list(3).decode(&token), Ok(Some(("dune".to_owned(), 7))));
/// assert!(list(4).decode::<(String, i32)>(&token).is_err());
/// # Ok::<_, service::ConversionError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PageScope {
    version: u8,
    hasher: Sha256,
}

impl PageScope {
    /// The scope of a method without filters. `version` must be changed together with the
    /// type of the position or the sort order of the list, so that older tokens are refused.
    pub fn new(version: u8, method: &'static str) -> Self {
        let scope = Self {
            version,
            hasher: Sha256::new_with_prefix([version]),
        };
        scope.with(method)
    }

    /// Adds the value of a filter. Call it for every filter, always in the same order.
    #[must_use]
    pub fn with(mut self, value: impl AsRef<[u8]>) -> Self {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        let value = value.as_ref();
        self.hasher.update((value.len() as u64).to_be_bytes());
        self.hasher.update(value);
        self
    }

    /// The token of a position, such as the sort key of the last item of a page.
    ///
    /// # Errors
    /// [`ConversionError`] if the position cannot be written as JSON, such as a map whose
    /// keys are not texts.
    pub fn encode(&self, position: &impl Serialize) -> Result<String, ConversionError> {
        let position = serde_json::to_vec(position)
            .map_err(|error| ConversionError::new("next_page_token", error))?;
        let mut bytes = vec![self.version];
        bytes.extend(self.hash(&position));
        bytes.extend(position);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The token of the page after an item, in a list that is sorted by its ids, newest first.
    ///
    /// # Errors
    /// As [`PageScope::encode`].
    pub fn encode_id(&self, id: Uuid) -> Result<String, ConversionError> {
        self.encode(&id.as_u128())
    }

    /// The id that all items of the page come before, in a list that is sorted by ids, newest
    /// first. For an empty token it is the largest of all ids.
    ///
    /// # Errors
    /// As [`PageScope::decode`].
    pub fn decode_id(&self, token: &str) -> Result<Uuid, InvalidPageToken> {
        let id = self.decode::<u128>(token)?;
        Ok(id.map_or(Uuid::max(), Uuid::from_u128))
    }

    /// The position in a token. An empty token is `None`: the start of the list.
    ///
    /// # Errors
    /// [`InvalidPageToken`] if [`PageScope::encode`] did not make this token for the same
    /// query.
    pub fn decode<P: DeserializeOwned>(&self, token: &str) -> Result<Option<P>, InvalidPageToken> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| InvalidPageToken)?;
        match bytes.split_first() {
            Some((version, encoded)) if *version == self.version => self.decode_versioned(encoded),
            _ => Err(InvalidPageToken),
        }
    }

    fn decode_versioned<P: DeserializeOwned>(
        &self,
        encoded: &[u8],
    ) -> Result<Option<P>, InvalidPageToken> {
        match encoded.split_first_chunk::<HASH_BYTES>() {
            Some((encoded_hash, position)) if *encoded_hash == self.hash(position) => {
                serde_json::from_slice(position)
                    .map(Some)
                    .map_err(|_| InvalidPageToken)
            }
            _ => Err(InvalidPageToken),
        }
    }

    fn hash(&self, position: &[u8]) -> [u8; HASH_BYTES] {
        let digest = self.hasher.clone().chain_update(position).finalize();
        let mut first = [0; HASH_BYTES];
        first.copy_from_slice(&digest[..HASH_BYTES]);
        first
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Position = (String, i32);

    fn list() -> PageScope {
        PageScope::new(1, "ListBooks").with(3_i32.to_be_bytes())
    }

    fn token() -> String {
        list().encode(&("emma", 7)).expect("the position is JSON")
    }

    #[test]
    fn token_is_valid_for_its_own_query_only() {
        for other in [
            PageScope::new(1, "ListBooks").with(4_i32.to_be_bytes()),
            PageScope::new(1, "ListBooks"),
            PageScope::new(1, "SearchBooks").with(3_i32.to_be_bytes()),
            PageScope::new(2, "ListBooks").with(3_i32.to_be_bytes()),
            list().with(""),
        ] {
            assert_eq!(other.decode::<Position>(&token()), Err(InvalidPageToken));
        }
        let moved = PageScope::new(1, "M").with("ab").with("c");
        let moved = moved.encode(&1).expect("the position is JSON");
        let scope = PageScope::new(1, "M").with("a").with("bc");
        assert_eq!(scope.decode::<i32>(&moved), Err(InvalidPageToken));
    }

    #[test]
    fn token_with_a_position_of_another_type_is_refused() {
        assert_eq!(list().decode::<u32>(&token()), Err(InvalidPageToken));
    }

    #[test]
    fn first_page_comes_before_the_largest_id() {
        assert_eq!(list().decode_id(""), Ok(Uuid::max()));
        let id = Uuid::from_u128(7);
        let token = list().encode_id(id).expect("the position is JSON");
        assert_eq!(list().decode_id(&token), Ok(id));
    }

    #[test]
    fn empty_token_is_the_start_of_the_list() {
        assert_eq!(list().decode::<Position>(""), Ok(None));
    }

    #[test]
    fn changed_or_truncated_token_is_refused() {
        let token = token();
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("the token is ASCII");
            for refused in [changed.as_str(), &token[..at]] {
                let decoded = list().decode::<Position>(refused);
                assert!(refused.is_empty() || decoded.is_err(), "{refused}");
            }
        }
    }

    proptest! {
        #[test]
        fn encoded_position_is_decoded(sort_title in ".{0,60}", number: i32) {
            let position = (sort_title, number);
            let token = list().encode(&position).expect("the position is JSON");
            prop_assert_eq!(list().decode(&token), Ok(Some(position)));
        }

        #[test]
        fn arbitrary_text_is_refused(token in "[A-Za-z0-9_-]{1,80}|.{1,80}") {
            prop_assert!(list().decode::<Position>(&token).is_err());
        }
    }
}

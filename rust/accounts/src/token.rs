//! Secrets that are presented instead of a password: of sessions, and in mails.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The random bytes of a token: 256 bits, which cannot be guessed.
const TOKEN_BYTES: usize = 32;

/// A new secret, as its holder gets it: 43 characters of unpadded base64url. It is never stored
/// and never printed.
pub struct Token(String);

impl Token {
    /// Makes a token with a cryptographically secure generator, seeded by the operating system.
    pub fn generate() -> Self {
        let bytes: [u8; TOKEN_BYTES] = rand::random();
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The text for the response or the mail.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of this token.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// The SHA-256 of a token, the key of its row. A fast hash is enough, because a token is random:
/// unlike a password, it cannot be found by trying likely ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes a token that a caller presents. Text that is no token gets a hash that no row has.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented).into())
    }

    /// The bytes for the database.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_has_256_bits_and_the_form_of_the_contract() {
        let token = Token::generate();
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(token.expose())
            .expect("base64url");
        assert_eq!(bytes.len(), 32);
        assert_eq!(token.expose().len(), 43);
        assert_ne!(token.expose(), Token::generate().expose());
    }

    #[test]
    fn presented_token_has_the_stored_hash() {
        let token = Token::generate();
        assert_eq!(TokenHash::of(token.expose()), token.hash());
        assert_ne!(TokenHash::of(""), token.hash());
    }

    #[test]
    fn hash_is_sha_256() {
        // The example of FIPS 180-2, appendix B.1.
        assert_eq!(
            TokenHash::of("abc").as_slice()[..4],
            [0xba, 0x78, 0x16, 0xbf]
        );
    }

    #[test]
    fn debug_does_not_show_the_token() {
        assert_eq!(format!("{:?}", Token::generate()), "Token(..)");
    }
}

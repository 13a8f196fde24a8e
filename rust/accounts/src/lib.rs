//! Accounts: the passwords and the tokens of people who sign in.
//!
//! - [`Passwords`] hashes and verifies passwords with argon2id, a bounded number at once.
//! - [`Token`] is a secret that the holder presents; only its [`TokenHash`] is stored.
//!
//! The services of `bookstore.accounts.v1` are not implemented yet.

mod passwords;
mod token;

pub use passwords::{HashCost, InvalidHashCost, PasswordError, Passwords, Verdict};
pub use token::{Token, TokenHash};

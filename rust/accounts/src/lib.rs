//! Accounts: who can sign in, with which password, and who is signed in.
//!
//! - [`Accounts`] has the use cases. It uses neither tonic nor SQL text.
//! - [`Accounts::server`] and [`Accounts::session_server`] serve `bookstore.accounts.v1`.
//! - [`Accounts::authenticator`] verifies the session tokens of all calls to the process.
//! - [`Passwords`] hashes and verifies passwords with argon2id, a bounded number at once.
//! - [`Token`] is a secret that its holder presents: of a session, or in a mail. Only its
//!   [`TokenHash`] is stored.
//!
//! # What a stranger learns
//! Nothing: for an address with an account and for one without, the same statements run, the
//! same hashes are computed, and the responses are equal. Only a mail tells the difference.
//!
//! # Limits
//! Comparisons with passwords, and requests for mails, are limited for each address and for
//! each network of a caller. They are counted before any password is hashed, and taken back
//! when the password was right. So a network cannot guess the passwords of many accounts, and
//! many networks cannot guess that of one.

mod account_data;
mod domain;
mod error;
mod grpc;
mod passwords;
mod proto_json;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod token;

pub use self::account_data::DataService;
pub use self::passwords::{HashCost, InvalidHashCost, PasswordError, Passwords, Verdict};
pub use self::service::{Accounts, Options, SessionAuthenticator};
pub use domain::{Account, EmailAddress, Profile, ProfileChange, Session, SessionId, SignUp};
pub use error::AccountsError;
pub use grpc::{AccountGrpc, SessionGrpc};
pub use store::SCHEMA;
pub use token::{Token, TokenHash};

//! The methods of the contract with the options that layers and clients need.

use crate::{Condition, DeclaredError};

/// A method of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The path on the wire: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub path: &'static str,
    /// The full name of the service: `bookstore.inventory.v1.InventoryService`.
    pub service: &'static str,
    /// The name of the method: `GetBook`.
    pub name: &'static str,
    /// Whether a client may retry a call. Retry policies use nothing else.
    pub idempotency: Idempotency,
    /// Whether a call costs the server much more than others: `(bookstore.type.v1.expensive)`.
    pub expensive: bool,
    /// Who may call the method, from `(proofread.v1.access)`: a caller who satisfies one
    /// of the alternatives. Empty: everybody.
    pub access: &'static [Access],
    /// Whether the client sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the server sends a stream of messages.
    pub server_streaming: bool,
    /// The errors with a reason that the method can return: those that it or its service
    /// declares, and those of the credentials that `access` names.
    pub errors: &'static [DeclaredError],
}

/// An alternative of who may call a method. One with neither a credential nor services
/// applies to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The credential that the caller needs: `operator` or `account`.
    pub credential: Option<&'static str>,
    /// The names of the services that may call: `cart`.
    pub services: &'static [&'static str],
    /// The requests to which the alternative applies; `None`: all.
    pub condition: Option<Condition>,
}

/// The idempotency level of a method, as declared in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// The method only reads: a call may be retried at any time.
    NoSideEffects,
    /// The method writes, and a repeated call has the same effect as a single one.
    Idempotent,
    /// Not declared: a call must not be retried.
    Unknown,
}

/// All methods of the contract, sorted by path.
pub const METHODS: &[Method] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// Finds a method by its path, `/SERVICE/METHOD`.
pub fn method(path: &str) -> Option<&'static Method> {
    let index = METHODS.binary_search_by(|method| method.path.cmp(path));
    index.ok().map(|index| &METHODS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_the_options_of_the_contract() {
        let reserve = method("/bookstore.inventory.v1.InventoryService/ReserveStock");
        let reserve = reserve.expect("the method exists");
        assert_eq!(reserve.access[0].credential, Some("operator"));
        assert_eq!(reserve.idempotency, Idempotency::Idempotent);
        assert!(!reserve.expensive);
        let sign_in = method("/bookstore.accounts.v1.SessionService/SignIn");
        assert!(sign_in.is_some_and(|sign_in| sign_in.expensive));
        assert!(
            method("/bookstore.inventory.v1.InventoryService/ImportBooks")
                .is_some_and(|import| import.client_streaming)
        );
    }

    #[test]
    fn every_method_is_found_by_its_path() {
        for expected in METHODS {
            assert_eq!(method(expected.path), Some(expected));
        }
        assert_eq!(method("/no.such.Service/Method"), None);
    }
}

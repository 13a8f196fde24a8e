//! What the contract says of each method, as a table for layers and clients.

/// A method of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// The path on the wire: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub path: &'static str,
    /// The full name of the service: `bookstore.inventory.v1.InventoryService`.
    pub service: &'static str,
    /// The name of the method: `GetBook`.
    pub name: &'static str,
    /// Whether a call may be repeated; nothing else decides it.
    pub idempotency: Idempotency,
    /// The credential that the method asks for, by `(proofread.v1.access)`.
    pub credential: Option<&'static str>,
    /// Whether the caller sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the server answers a stream of messages.
    pub server_streaming: bool,
}

/// The idempotency level of a method, as declared in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Reads only: a call may be repeated at will.
    NoSideEffects,
    /// Writes, and a repeated call has the effect of one.
    Idempotent,
    /// Not declared: a call is never repeated.
    Unknown,
}

/// All methods of the contract, sorted by path.
pub const METHODS: &[Method] = include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// Finds a method by its path on the wire.
pub fn method(path: &str) -> Option<&'static Method> {
    let index = METHODS.binary_search_by(|method| method.path.cmp(path));
    index.ok().map(|index| &METHODS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_carry_what_the_contract_says() {
        let reserve = method("/bookstore.inventory.v1.InventoryService/ReserveStock");
        let reserve = reserve.expect("the method exists");
        assert_eq!(reserve.credential, Some("operator"));
        assert_eq!(reserve.idempotency, Idempotency::Idempotent);
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

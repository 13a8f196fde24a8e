//! Who calls.

/// Who a caller has proved to be. A request extension, set by the authentication
/// layer on every request: `request.extensions().get::<Caller>()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody known: no token, or one that is not the operator's.
    Anonymous,
    /// The operator of the shop, by token.
    Operator,
    /// Another service of the same process, by [`Router::in_process`](crate::Router::in_process).
    Internal,
}

impl Caller {
    /// Whether the caller may use the methods kept for the operator.
    pub fn is_trusted(self) -> bool {
        matches!(self, Self::Operator | Self::Internal)
    }
}

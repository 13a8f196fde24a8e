//! The identity of a caller.

/// The authenticated identity of a caller. The authentication layer adds it to the
/// extensions of every request: `request.extensions().get::<Caller>()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// No token, or a token that is not the operator's.
    Anonymous,
    /// The operator of the bookstore, identified by the operator token.
    Operator,
    /// Another service of the same process, which calls on the channel of
    /// [`Router::in_process`](crate::Router::in_process).
    Internal,
}

impl Caller {
    /// Whether the caller may use the methods that are reserved for the operator.
    pub fn is_trusted(self) -> bool {
        matches!(self, Self::Operator | Self::Internal)
    }
}

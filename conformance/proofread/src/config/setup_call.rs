//! A call that answers something that is needed before the first case: a token, or
//! the name of something that exists.

use serde_json::Value;

/// A call, as it is written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The method: `pkg.Accounts/SignIn`, or any end of it that is unmistakable.
    pub method: String,
    /// The request, as protobuf JSON; strings in it are still to be expanded.
    pub request: Value,
    /// Where in the response it stands: `session.token`. Of a list on the way all
    /// items count.
    pub field: String,
}

//! A call that is made before the first case, because its response contains a token or
//! fixture values, such as the id of a reservation.

use serde_json::Value;

/// A setup call, as the configuration describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupCall {
    /// The method: `pkg.Accounts/SignIn`, or any unique ending of it.
    pub method: String,
    /// The request as protobuf JSON; its strings are not expanded yet.
    pub request: Value,
    /// The path of the value in the response: `session.token`. If the path leads through
    /// a list, all items are used.
    pub field: String,
}

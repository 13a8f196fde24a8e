//! The credentials that the correct server accepts, and the metadata that carries them.

/// The token for methods that require the credential `operator`.
pub const OPERATOR_TOKEN: &str = "operator-of-the-faults";
/// The token for methods that require the credential `account`.
pub const ACCOUNT_TOKEN: &str = "account-of-the-faults";
/// The token of another account.
pub const OTHER_ACCOUNT_TOKEN: &str = "other-account-of-the-faults";
/// The metadata with which a service proves its name.
pub const SERVICE_KEY: &str = "bindery-service";
/// The service that may call methods for services.
pub const CART: &str = "cart secret-of-the-cart";
/// A service that may call none of the methods.
pub const REVIEWS: &str = "reviews secret-of-the-reviews";

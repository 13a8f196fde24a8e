//! Declares the statements of a module, so that none is missing from the test that prepares
//! all of them.

/// Declares statements and, for tests, the list `STATEMENTS` of all of them:
///
/// ```
/// store::statements! {
///     /// A comment is allowed.
///     const BALANCE = store::Sql::portable("SELECT balance FROM accounts WHERE id = $1");
/// }
/// # fn main() {}
/// ```
///
/// A module has at most one such list. `store::testing::prepare_all` prepares it.
#[macro_export]
macro_rules! statements {
    ($($(#[$attribute:meta])* $visibility:vis const $name:ident = $sql:expr;)+) => {
        $($(#[$attribute])* $visibility const $name: $crate::Sql = $sql;)+

        /// All statements of this module, for the test that prepares them.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, $crate::Sql)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),+];
    };
}

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
/// A module has at most one such list. `store::testing::prepare_all` prepares it. A list that
/// begins with `pub;` is public, and not only for tests.
#[macro_export]
macro_rules! statements {
    (pub; $($statements:tt)+) => {
        $crate::statements! { @constants $($statements)+ }
        $crate::statements! {
            @list
            /// The statements of this module, for the test of each service that prepares them.
            pub const $($statements)+
        }
    };
    (@constants $($(#[$attribute:meta])* $visibility:vis const $name:ident = $sql:expr;)+) => {
        $($(#[$attribute])* $visibility const $name: $crate::Sql = $sql;)+
    };
    (
        @list $(#[$list_attribute:meta])* $list_visibility:vis const
        $($(#[$attribute:meta])* $visibility:vis const $name:ident = $sql:expr;)+
    ) => {
        $(#[$list_attribute])*
        $list_visibility const STATEMENTS: &[(&str, $crate::Sql)] =
            &[$((concat!(module_path!(), "::", stringify!($name)), $name)),+];
    };
    ($($statements:tt)+) => {
        $crate::statements! { @constants $($statements)+ }
        $crate::statements! {
            @list
            /// All statements of this module, for the test that prepares them.
            #[cfg(test)]
            pub(crate) const $($statements)+
        }
    };
}

//! The forms of the account page.

use contract::bookstore::accounts::v1::Address;

use crate::{
    forms::{Field, Form},
    pages::address,
};

/// The path of the address in UpdateAccountRequest.
pub(super) const ADDRESS: &str = "profile.default_shipping_address";

/// The name.
pub(super) fn profile(name: &str) -> Form {
    let field = Field::new("profile.display_name", "Your name", "text", "name")
        .hint("How pages and mails address you")
        .value(name);
    Form::new("/account/profile", "Save").field(field)
}

/// The default address.
pub(super) fn address(saved: Option<&Address>) -> Form {
    let mut form = Form::new("/account/address", "Save");
    form.fields = address::fields(ADDRESS, saved.unwrap_or(&Address::default()));
    form
}

/// The change of the password.
pub(super) fn password() -> Form {
    Form::new("/account/password", "Change the password")
        .field(Field::new(
            "current_password",
            "Current password",
            "password",
            "current-password",
        ))
        .field(
            Field::new("new_password", "New password", "password", "new-password")
                .hint("At least 8 characters of any kind"),
        )
}

/// The deletion of the account. The id of its field differs from that of the other form.
pub(super) fn deletion() -> Form {
    let mut form = Form::new("/account/delete", "Delete my account").field(
        Field::new(
            "current_password",
            "Current password",
            "password",
            "current-password",
        )
        .id_prefix("delete-"),
    );
    form.is_dangerous = true;
    form
}

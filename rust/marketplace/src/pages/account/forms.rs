//! The forms of the account page.

use contract::bookstore::accounts::v1::Address;

use crate::forms::{Field, Form, SentForm};

/// The path of the address in UpdateAccountRequest.
const ADDRESS: &str = "profile.default_shipping_address";
/// The largest number of lines that an address has.
const STREET_LINES: usize = 3;

/// The name.
pub(super) fn profile(name: &str) -> Form {
    let field = Field::new("profile.display_name", "Your name", "text", "name")
        .hint("How pages and mails address you")
        .value(name);
    Form::new("/account/profile", "Save").field(field)
}

/// The default address.
pub(super) fn address(address: Option<&Address>) -> Form {
    let mut form = Form::new("/account/address", "Save");
    form.fields = address_fields(ADDRESS, address.unwrap_or(&Address::default()));
    form
}

/// The address that was typed; `None` if all its fields are empty.
pub(super) fn sent_address(sent: &SentForm) -> Option<Address> {
    let text = |name: &str| sent.text(&format!("{ADDRESS}.{name}"));
    let mut street_lines: Vec<_> = (0..STREET_LINES)
        .map(|index| text(&format!("street_lines[{index}]")))
        .collect();
    // Lines in between stay, so that each line keeps its number.
    while street_lines.last().is_some_and(String::is_empty) {
        street_lines.pop();
    }
    let address = Address {
        recipient: text("recipient"),
        street_lines,
        city: text("city"),
        region: text("region"),
        postal_code: text("postal_code"),
        country_code: text("country_code").to_uppercase(),
    };
    (address != Address::default()).then_some(address)
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

/// The fields of an address at a path.
fn address_fields(path: &str, address: &Address) -> Vec<Field> {
    let field = |name: &str, label, autocomplete| {
        Field::new(format!("{path}.{name}"), label, "text", autocomplete)
    };
    let line = |index: usize| address.street_lines.get(index).cloned().unwrap_or_default();
    vec![
        field("recipient", "Recipient", "name").value(&address.recipient),
        field("street_lines[0]", "Street and number", "address-line1").value(line(0)),
        field("street_lines[1]", "Second line (optional)", "address-line2").value(line(1)),
        field("street_lines[2]", "Third line (optional)", "address-line3").value(line(2)),
        field("postal_code", "Postal code (optional)", "postal-code").value(&address.postal_code),
        field("city", "City", "address-level2").value(&address.city),
        field("region", "State or province (optional)", "address-level1").value(&address.region),
        field("country_code", "Country", "country")
            .hint("The two letters of the country, such as NL")
            .value(&address.country_code),
    ]
}

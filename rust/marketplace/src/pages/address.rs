//! The fields of an address, in the forms of several pages.

use contract::bookstore::accounts::v1::Address;

use crate::forms::{Field, SentForm};

/// The largest number of lines that an address has.
const STREET_LINES: usize = 3;

/// The fields of an address at a path.
pub(crate) fn fields(path: &str, address: &Address) -> Vec<Field> {
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

/// The address that was typed into the fields at a path; `None` if all its fields are empty.
pub(crate) fn sent(sent: &SentForm, path: &str) -> Option<Address> {
    let text = |name: &str| sent.text(&format!("{path}.{name}"));
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

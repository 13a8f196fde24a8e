//! `unset.md`: what it means to leave a request field unset.

use std::collections::BTreeMap;

use super::{
    PLAIN, Site, fields, markdown::Table, methods::unset_key, package::package_key, page::Page,
    title_of,
};
use crate::{
    contract::{Message, Method, Package},
    unset::{RequestField, Unset, UnsetFields, seen_by_the_server},
    words::code,
};

const INTRODUCTION: &str = "In proto3 a client may leave out any field. Of a field without \
presence the server then sees the zero value, and can't tell it from one that was sent; of a field \
with presence (`optional`, a message, a member of a oneof) it sees that it is absent. A server that \
takes zero for an answer where the client has merely forgotten the field is wrong in silence.

Hence the contract says for each field of each request what happens. **Refused** means \
`INVALID_ARGUMENT` with a `buf.validate.Violations` that names the field and the rule. Everything \
else is a value like any other, and means what is written.";

pub(super) fn page<'c, 'p>(site: &Site<'c>, mut page: Page<'p>) -> Page<'p> {
    page.heading(1, "What an unset field means", &[]);
    page.paragraph("[All packages](README.md)");
    page.paragraph(INTRODUCTION);
    let shared = shared_messages(site);
    let packages = site.contract.packages();
    page.table(totals(site, &page));
    for package in packages.iter().filter(|package| !package.is_plain()) {
        section(site, &mut page, package, &shared);
    }
    for package in packages.iter().filter(|package| package.is_plain()) {
        section(site, &mut page, package, &shared);
    }
    page
}

/// Messages that stand in several places of requests, with the number of places:
/// they get a table of their own. All others are shown where they stand.
fn shared_messages<'c>(site: &Site<'c>) -> BTreeMap<&'c str, usize> {
    let contract = site.contract;
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for method in contract.methods() {
        *places.entry(method.request.as_str()).or_default() += 1;
    }
    for name in contract.request_messages() {
        let Some(message) = contract.message(name) else {
            continue;
        };
        let nested = message.fields.iter();
        for nested in nested.filter_map(|field| contract.message_in(field)) {
            *places.entry(nested.full_name.as_str()).or_default() += 1;
        }
    }
    places.retain(|_, count| *count > 1);
    places
}

fn totals(site: &Site<'_>, page: &Page<'_>) -> Table {
    let mut table = Table::new(&[
        "Package",
        "Request fields",
        "Refused",
        "With a meaning",
        "Not said",
    ]);
    let (plain, full): (Vec<&Package>, Vec<&Package>) = site
        .contract
        .packages()
        .iter()
        .partition(|package| package.is_plain());
    for package in full.into_iter().chain(plain) {
        let fields = package.messages.iter().flat_map(|message| &message.fields);
        let unset: Vec<&Unset> = fields.filter_map(|field| site.unset.of(field)).collect();
        if unset.is_empty() {
            continue;
        }
        let count = |which: fn(&Unset) -> bool| unset.iter().filter(|it| which(it)).count();
        let refused = count(|it| matches!(it, Unset::Refused { .. } | Unset::RefusedAlone { .. }));
        let meant = count(|it| matches!(it, Unset::Means(_)));
        let not_said = unset.len() - refused - meant;
        let exempt = if package.is_plain() { " (exempt)" } else { "" };
        table.row(&[
            page.link(&package_key(package), title_of(package)),
            unset.len().to_string(),
            refused.to_string(),
            meant.to_string(),
            format!("{not_said}{exempt}"),
        ]);
    }
    table
}

fn section<'c>(
    site: &Site<'c>,
    page: &mut Page<'_>,
    package: &'c Package,
    shared: &BTreeMap<&str, usize>,
) {
    let is_shared = |message: &Message| shared.contains_key(message.full_name.as_str());
    let messages = package.messages.iter();
    let shared_here: Vec<&Message> = messages.filter(|message| is_shared(message)).collect();
    if package.services.is_empty() && shared_here.is_empty() {
        return;
    }
    page.heading(2, title_of(package), &[]);
    if package.is_plain() {
        page.paragraph(&format!("> {PLAIN}"));
    }
    let mut fieldless = Vec::new();
    for service in &package.services {
        for method in &service.methods {
            let Some(request) = site.contract.message(&method.request) else {
                continue;
            };
            if request.fields.is_empty() {
                fieldless.push(page.link(&method.full_name, &method.name));
                continue;
            }
            let title = format!("{}.{}", service.name, method.name);
            page.heading(3, &title, &[&unset_key(&method.full_name)]);
            introduce(page, method, request);
            let fields = site.unset.of_message(request, |nested| !is_shared(nested));
            page.table(table(site, page, fields, &is_shared));
        }
    }
    if !fieldless.is_empty() {
        page.paragraph(&format!(
            "Requests without fields: {}.",
            fieldless.join(", ")
        ));
    }
    for message in shared_here {
        page.heading(3, &message.name, &[&unset_key(&message.full_name)]);
        let name = page.link(&message.full_name, &code(&message.name));
        let users = users(site, page, message);
        page.paragraph(&format!("{name} is part of several requests: {users}."));
        let fields = site.unset.of_message(message, |nested| !is_shared(nested));
        page.table(table(site, page, fields, &is_shared));
    }
}

fn introduce(page: &mut Page<'_>, method: &Method, request: &Message) {
    let each = if method.client_streaming {
        ", each message of the stream"
    } else {
        ""
    };
    let method = page.link(&method.full_name, "the method");
    page.paragraph(&format!("{}{each}; see {method}.", code(&request.name)));
}

/// The methods whose requests contain a message.
fn users(site: &Site<'_>, page: &Page<'_>, message: &Message) -> String {
    let contains = |unset: &UnsetFields<'_>, method: &&Method| {
        let fields = unset.of_method(method);
        fields
            .iter()
            .any(|field| field.message.full_name == message.full_name)
    };
    let methods = site.contract.methods();
    let methods = methods.filter(|method| contains(&site.unset, method));
    let links = methods.map(|method| page.link(&unset_key(&method.full_name), &method.name));
    links.collect::<Vec<_>>().join(", ")
}

fn table(
    site: &Site<'_>,
    page: &Page<'_>,
    fields: Vec<RequestField<'_>>,
    is_shared: &dyn Fn(&Message) -> bool,
) -> Table {
    let mut table = Table::new(&["Field", "Unset, the server sees", "What happens"]);
    for field in fields {
        let nested = site.contract.message_in(field.field);
        let path = code(&field.path);
        let path = match nested.filter(|message| is_shared(message)) {
            None => path,
            Some(message) => {
                let key = unset_key(&message.full_name);
                format!("{path} → {}", page.link(&key, &message.name))
            }
        };
        let seen = seen_by_the_server(field.field);
        table.row(&[path, seen, fields::outcome(&field.unset)]);
    }
    table
}

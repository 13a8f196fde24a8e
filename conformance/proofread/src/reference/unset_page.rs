//! The page `unset.md`: what happens when a request field is left unset.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ReferenceContext, UNANNOTATED_NOTE, field_tables, markdown::Table, methods::unset_key,
    package::package_key, page::Page, title_of,
};
use crate::{
    contract::{Message, Method, Package},
    rule_text::code,
    unset::{RequestField, UnsetBehaviour, value_seen_by_server},
};

const INTRODUCTION: &str = "In proto3 a client may leave out any field. For a field without \
presence the server then sees the zero value and can't distinguish it from a zero that was sent. \
For a field with presence (`optional`, a message, a member of a oneof) it sees that the field is \
absent. A server that treats a forgotten field as an intended zero causes errors that nobody sees.

Therefore the contract declares for each field of each request what happens. **Refused** means \
`INVALID_ARGUMENT` with a `buf.validate.Violations` that names the field and the rule. Otherwise \
the request is accepted, and the table says what the unset field means.";

pub(super) fn page<'c, 'p>(context: &ReferenceContext<'c>, mut page: Page<'p>) -> Page<'p> {
    page.heading(1, "What an unset field means", &[]);
    page.paragraph("[All packages](README.md)");
    page.paragraph(INTRODUCTION);
    let shared = shared_messages(context);
    let users = users_by_message(context);
    let packages = context.contract.packages();
    page.table(totals(context, &page));
    for package in packages.iter().filter(|package| !package.is_unannotated()) {
        section(context, &mut page, package, (&shared, &users));
    }
    for package in packages.iter().filter(|package| package.is_unannotated()) {
        section(context, &mut page, package, (&shared, &users));
    }
    page
}

type Users<'c> = BTreeMap<&'c str, Vec<&'c Method>>;

/// Messages that requests use more than once, with the number of uses. They get a table
/// of their own; all other messages are shown in the table of the request.
fn shared_messages<'c>(context: &ReferenceContext<'c>) -> BTreeMap<&'c str, usize> {
    let contract = context.contract;
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for method in contract.methods() {
        *uses.entry(method.request.as_str()).or_default() += 1;
    }
    for name in contract.request_messages() {
        let Some(message) = contract.message(name) else {
            continue;
        };
        let nested = message.fields.iter();
        for nested in nested.filter_map(|field| contract.message_in(field)) {
            *uses.entry(nested.full_name.as_str()).or_default() += 1;
        }
    }
    uses.retain(|_, count| *count > 1);
    uses
}

fn totals(context: &ReferenceContext<'_>, page: &Page<'_>) -> Table {
    let mut table = Table::new(&[
        "Package",
        "Request fields",
        "Refused",
        "With a meaning",
        "Not declared",
    ]);
    let (unannotated, annotated): (Vec<&Package>, Vec<&Package>) = context
        .contract
        .packages()
        .iter()
        .partition(|package| package.is_unannotated());
    for package in annotated.into_iter().chain(unannotated) {
        let fields = package.messages.iter().flat_map(|message| &message.fields);
        let unset: Vec<&UnsetBehaviour> =
            fields.filter_map(|field| context.unset.of(field)).collect();
        if unset.is_empty() {
            continue;
        }
        let count =
            |which: fn(&UnsetBehaviour) -> bool| unset.iter().filter(|it| which(it)).count();
        let refused = count(|it| {
            matches!(
                it,
                UnsetBehaviour::Refused { .. }
                    | UnsetBehaviour::RequiredByType
                    | UnsetBehaviour::RefusedUnlessOther { .. }
            )
        });
        let with_meaning = count(|it| matches!(it, UnsetBehaviour::Means(_)));
        let not_declared = unset.len() - refused - with_meaning;
        let exempt = if package.is_unannotated() {
            " (exempt)"
        } else {
            ""
        };
        table.row(&[
            page.link(&package_key(package), title_of(package)),
            unset.len().to_string(),
            refused.to_string(),
            with_meaning.to_string(),
            format!("{not_declared}{exempt}"),
        ]);
    }
    table
}

fn section<'c>(
    context: &ReferenceContext<'c>,
    page: &mut Page<'_>,
    package: &'c Package,
    (shared, users): (&BTreeMap<&str, usize>, &Users<'c>),
) {
    let is_shared = |message: &Message| shared.contains_key(message.full_name.as_str());
    let messages = package.messages.iter();
    let shared_here: Vec<&Message> = messages.filter(|message| is_shared(message)).collect();
    if package.services.is_empty() && shared_here.is_empty() {
        return;
    }
    page.heading(2, title_of(package), &[]);
    if package.is_unannotated() {
        page.paragraph(&format!("> {UNANNOTATED_NOTE}"));
    }
    let mut fieldless = Vec::new();
    for service in &package.services {
        for method in &service.methods {
            let Some(request) = context.contract.message(&method.request) else {
                continue;
            };
            if request.fields.is_empty() {
                fieldless.push(page.link(&method.full_name, &method.name));
                continue;
            }
            let title = format!("{}.{}", service.name, method.name);
            page.heading(3, &title, &[&unset_key(&method.full_name)]);
            introduce(page, method, request);
            let fields = context
                .unset
                .of_message(request, |nested| !is_shared(nested));
            page.table(table(context, page, fields, &is_shared));
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
        let users = users.get(message.full_name.as_str()).into_iter().flatten();
        let users = users.map(|method| page.link(&unset_key(&method.full_name), &method.name));
        let users = users.collect::<Vec<_>>().join(", ");
        page.paragraph(&format!("{name} is part of several requests: {users}."));
        let fields = context
            .unset
            .of_message(message, |nested| !is_shared(nested));
        page.table(table(context, page, fields, &is_shared));
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

/// The methods whose requests contain a message, by the full name of the message.
fn users_by_message<'c>(context: &ReferenceContext<'c>) -> Users<'c> {
    let mut users = Users::new();
    for method in context.contract.methods() {
        let fields = context.unset.of_method(method);
        let messages = fields.iter().map(|field| field.message.full_name.as_str());
        for message in messages.collect::<BTreeSet<_>>() {
            users.entry(message).or_default().push(method);
        }
    }
    users
}

fn table(
    context: &ReferenceContext<'_>,
    page: &Page<'_>,
    fields: Vec<RequestField<'_>>,
    is_shared: &dyn Fn(&Message) -> bool,
) -> Table {
    let mut table = Table::new(&["Field", "Value seen by the server", "Result"]);
    for field in fields {
        let nested = context.contract.message_in(field.field);
        let path = code(&field.path);
        let path = match nested.filter(|message| is_shared(message)) {
            None => path,
            Some(message) => {
                let key = unset_key(&message.full_name);
                format!("{path} → {}", page.link(&key, &message.name))
            }
        };
        let seen = value_seen_by_server(field.field);
        table.row(&[path, seen, field_tables::unset_text(&field.unset)]);
    }
    table
}

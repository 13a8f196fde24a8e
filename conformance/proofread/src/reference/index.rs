//! The index page, `README.md`.

use super::{
    ReferenceContext, UNANNOTATED_NOTE, file_of, first_sentence,
    markdown::{Table, escape_prose},
    package::package_key,
    page::Page,
    title_of,
};
use crate::contract::Package;

const INTRODUCTION: &str = "Each package has a page with its services, messages and enums. \
The request tables show which values a field accepts (**Rules**) and what happens if the field is \
left out (**Unset**): either a rule, named by its id, refuses the request, or the table says what \
the unset field means. [What an unset field means](unset.md) lists this for all methods on one \
page.

Nested fields are written as paths: `books[].book.title` is the title of the book in each item of \
`books`, and `prices{}.amount` is the amount in each value of the map `prices`. The server checks \
every rule, whether or not the client knows it. A server that behaves differently from this \
reference does not conform to the contract.";

pub(super) fn page<'p>(context: &ReferenceContext<'_>, mut page: Page<'p>) -> Page<'p> {
    page.heading(1, "API reference", &[]);
    page.paragraph(INTRODUCTION);
    let (unannotated, annotated): (Vec<&Package>, Vec<&Package>) = context
        .contract
        .packages()
        .iter()
        .partition(|package| package.is_unannotated());
    page.heading(2, "Packages", &[]);
    page.table(packages(&page, &annotated));
    if !unannotated.is_empty() {
        page.heading(2, "Contracts without annotations", &[]);
        page.paragraph(UNANNOTATED_NOTE);
        page.table(packages(&page, &unannotated));
    }
    page.heading(2, "Methods", &[]);
    for package in annotated.into_iter().chain(unannotated) {
        methods(&mut page, package);
    }
    page
}

fn packages(page: &Page<'_>, packages: &[&Package]) -> Table {
    let mut table = Table::new(&["Package", "Contents"]);
    for package in packages {
        let key = package_key(package);
        table.row(&[page.link(&key, title_of(package)), summary(package)]);
    }
    table
}

/// The first sentences of the comments of the services; without services, those of the
/// files or of the first three messages.
fn summary(package: &Package) -> String {
    let services = package.services.iter().map(|it| it.comment.as_str());
    let files = package.files.iter().map(|it| it.comment.as_str());
    let messages = package.messages.iter().map(|it| it.comment.as_str());
    let first_sentences = |comments: &mut dyn Iterator<Item = &str>| {
        let sentences = comments.map(first_sentence).filter(|it| !it.is_empty());
        sentences.collect::<Vec<_>>().join(" ")
    };
    let candidates = [
        first_sentences(&mut services.chain([])),
        first_sentences(&mut files.chain([])),
        first_sentences(&mut messages.take(3)),
    ];
    let found = candidates.into_iter().find(|text| !text.is_empty());
    escape_prose(&found.unwrap_or_default())
}

fn methods(page: &mut Page<'_>, package: &Package) {
    for service in &package.services {
        let link = page.link(&service.full_name, &service.name);
        let package_page = file_of(package);
        page.paragraph(&format!(
            "**{link}** ([{}]({package_page}))",
            title_of(package)
        ));
        let mut table = Table::new(&["Method", "Description"]);
        for method in &service.methods {
            let link = page.link(&method.full_name, &method.name);
            table.row(&[link, escape_prose(&first_sentence(&method.comment))]);
        }
        page.table(table);
    }
}

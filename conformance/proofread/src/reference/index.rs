//! The index: `README.md`.

use super::{
    PLAIN, Site, file_of, first_sentence,
    markdown::{Table, prose},
    package::package_key,
    page::Page,
    title_of,
};
use crate::contract::Package;

const HOW_TO_READ: &str = "Each package has a page with its services, messages and enums. \
The tables of requests say for each field which values are taken (**Rules**) and what happens \
if it is left out (**Unset**): it is either refused by a rule, named by its id, or it means \
something, said in words. [What an unset field means](unset.md) lists that for all methods on one \
page.

Nested fields are written as paths: `books[].book.title` is the title of the book of each item \
of `books`, and `prices{}.amount` the amount of each value of the map `prices`. A rule on a field \
holds whether or not the client knows it: a server that answers something else than what is \
written here is wrong.";

pub(super) fn page<'p>(site: &Site<'_>, mut page: Page<'p>) -> Page<'p> {
    page.heading(1, "API reference", &[]);
    page.paragraph(HOW_TO_READ);
    let (plain, full): (Vec<&Package>, Vec<&Package>) = site
        .contract
        .packages()
        .iter()
        .partition(|package| package.is_plain());
    page.heading(2, "Packages", &[]);
    page.table(packages(&page, &full));
    if !plain.is_empty() {
        page.heading(2, "Plain contracts", &[]);
        page.paragraph(PLAIN);
        page.table(packages(&page, &plain));
    }
    page.heading(2, "Methods", &[]);
    for package in full.into_iter().chain(plain) {
        methods(&mut page, package);
    }
    page
}

fn packages(page: &Page<'_>, packages: &[&Package]) -> Table {
    let mut table = Table::new(&["Package", "What is in it"]);
    for package in packages {
        let key = package_key(package);
        table.row(&[page.link(&key, title_of(package)), summary(package)]);
    }
    table
}

/// What the services of a package say they are, or what its files say.
fn summary(package: &Package) -> String {
    let services = package.services.iter().map(|it| it.comment.as_str());
    let files = package.files.iter().map(|it| it.comment.as_str());
    let messages = package.messages.iter().map(|it| it.comment.as_str());
    let said = |comments: &mut dyn Iterator<Item = &str>| {
        let sentences = comments.map(first_sentence).filter(|it| !it.is_empty());
        sentences.collect::<Vec<_>>().join(" ")
    };
    let candidates = [
        said(&mut services.chain([])),
        said(&mut files.chain([])),
        said(&mut messages.take(3)),
    ];
    let found = candidates.into_iter().find(|text| !text.is_empty());
    prose(&found.unwrap_or_default())
}

fn methods(page: &mut Page<'_>, package: &Package) {
    for service in &package.services {
        let link = page.link(&service.full_name, &service.name);
        let package_page = file_of(package);
        page.paragraph(&format!(
            "**{link}** ([{}]({package_page}))",
            title_of(package)
        ));
        let mut table = Table::new(&["Method", "What it does"]);
        for method in &service.methods {
            let link = page.link(&method.full_name, &method.name);
            table.row(&[link, prose(&first_sentence(&method.comment))]);
        }
        page.table(table);
    }
}

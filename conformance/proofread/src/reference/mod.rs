//! The API reference: a page for each package, an index, and the page that says
//! what an unset field means. All of it comes from the contract alone, and the
//! same contract gives the same bytes.

mod fields;
mod files;
mod index;
mod markdown;
mod methods;
mod package;
mod page;
#[cfg(test)]
mod tests;
mod unset_page;

use std::collections::BTreeMap;

use crate::{
    contract::{Contract, Package},
    unset::UnsetFields,
};
pub use files::{Written, stale, write};
use page::{Page, Targets};

/// The remark on every page and in every list about a package that declares no
/// rules and no options.
const PLAIN: &str = "This contract is plain: it imports no rules and no options. It is kept as it was \
     published, so that its clients go on working, and is exempt from what is asked of the others; \
     what its unset fields mean, only its server knows.";

/// What all pages are written from.
struct Site<'c> {
    contract: &'c Contract,
    unset: UnsetFields<'c>,
}

/// Writes all pages, by their file names.
pub fn pages(contract: &Contract) -> BTreeMap<String, String> {
    let site = Site {
        contract,
        unset: UnsetFields::decide(contract),
    };
    // The first pass has no links and finds out where they lead; see `Page`.
    let (_, targets) = site.render(&Targets::new());
    site.render(&targets).0
}

impl Site<'_> {
    fn render(&self, targets: &Targets) -> (BTreeMap<String, String>, Targets) {
        let mut pages = vec![
            index::page(self, Page::new("README.md", targets)),
            unset_page::page(self, Page::new("unset.md", targets)),
        ];
        for package in self.contract.packages() {
            let page = Page::new(&file_of(package), targets);
            pages.push(package::page(self, package, page));
        }
        let mut files = BTreeMap::new();
        let mut found = Targets::new();
        for (file, text, targets) in pages.into_iter().map(Page::finish) {
            files.insert(file, text);
            found.extend(targets);
        }
        (files, found)
    }
}

/// How a package is called in text.
fn title_of(package: &Package) -> &str {
    match package.name.as_str() {
        "" => "(no package)",
        name => name,
    }
}

fn file_of(package: &Package) -> String {
    match package.name.as_str() {
        "" => "no-package.md".to_owned(),
        name => format!("{name}.md"),
    }
}

/// The first sentence of a comment, for lists.
fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}

//! Generates the API reference: a page for each package, an index, and a page about
//! unset fields. It depends on the contract only, and the same contract gives the same
//! bytes.

mod field_tables;
mod files;
mod index;
mod markdown;
mod methods;
mod package;
mod page;
#[cfg(test)]
mod tests;
mod unset_page;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    contract::{Contract, Package},
    unset::UnsetAnalysis,
};
pub use files::{WriteSummary, stale_pages, write_pages};
use page::{LinkTargets, Page};

/// The note about packages that import neither rules nor options.
const UNANNOTATED_NOTE: &str = "This contract has no annotations: it imports neither validation rules nor proofread options. \
     It is kept as it was published, so that existing clients continue to work. The requirements \
     for annotated contracts do not apply to it, and it does not declare what unset fields mean.";

/// The input of all pages.
struct ReferenceContext<'c> {
    contract: &'c Contract,
    unset: UnsetAnalysis<'c>,
    /// The full names of the messages that are the type of a field.
    field_types: BTreeSet<&'c str>,
    /// The full names of the messages that are requests or responses.
    requests_and_responses: BTreeSet<&'c str>,
}

/// Renders all pages; the keys are file names.
pub fn render_pages(contract: &Contract) -> BTreeMap<String, String> {
    let methods = contract.methods();
    let all_fields = contract.messages().flat_map(|message| &message.fields);
    let context = ReferenceContext {
        contract,
        field_types: all_fields
            .filter_map(|field| contract.message_in(field))
            .map(|message| message.full_name.as_str())
            .collect(),
        requests_and_responses: methods
            .flat_map(|method| [method.request.as_str(), method.response.as_str()])
            .collect(),
        unset: UnsetAnalysis::new(contract),
    };
    // The first pass collects the link targets, the second uses them; see `Page`.
    let (_, targets) = context.render(&LinkTargets::new());
    context.render(&targets).0
}

impl ReferenceContext<'_> {
    fn render(&self, targets: &LinkTargets) -> (BTreeMap<String, String>, LinkTargets) {
        let mut pages = vec![
            index::page(self, Page::new("README.md", targets)),
            unset_page::page(self, Page::new("unset.md", targets)),
        ];
        for package in self.contract.packages() {
            let page = Page::new(&file_of(package), targets);
            pages.push(package::page(self, package, page));
        }
        let mut files = BTreeMap::new();
        let mut found = LinkTargets::new();
        for (file, text, targets) in pages.into_iter().map(Page::finish) {
            files.insert(file, text);
            found.extend(targets);
        }
        (files, found)
    }
}

/// The name of a package for display.
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

/// The first sentence of a comment, on one line.
fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}

//! Failures with the line of the contract to which they belong, for reports that other
//! tools show in the source code.

use super::view::{Group, View};

/// A group of failures with its position in the source code.
pub(super) struct Annotation<'v> {
    pub(super) group: &'v Group,
    /// "rule not checked: book_id left unset".
    pub(super) title: String,
    /// What was sent and expected, what the answer was, and how to reproduce it.
    pub(super) text: String,
    /// The path of the file, and the line from 1. `None` if the contract has no source
    /// info, like one from server reflection.
    pub(super) position: Option<(String, u32)>,
}

/// All failures. Their position is the line of the rule that was tested, or else of the
/// method. `file_path` converts the name of a proto, by which others import it, to the path
/// of its file.
pub(super) fn annotations<'v>(
    view: &'v View,
    file_path: &dyn Fn(&str) -> String,
) -> Vec<Annotation<'v>> {
    let groups = view.methods.iter().flat_map(|method| &method.groups);
    let annotations = groups.chain(&view.shared).map(|group| {
        let location = group.source_locations.first().or_else(|| {
            let name = group.methods.first()?;
            let method = view.methods.iter().find(|method| method.name == *name)?;
            method.source_location.as_ref()
        });
        let position = location.and_then(|location| {
            let (file, line) = location.rsplit_once(':')?;
            Some((file_path(file), line.parse().ok()?))
        });
        Annotation {
            group,
            title: format!("{}: {}", group.title, group.intent),
            text: super::plain_text(group),
            position,
        }
    });
    annotations.collect()
}

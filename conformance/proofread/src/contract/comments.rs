//! The comments of a file, indexed by the descriptor path of the commented element.

use std::collections::HashMap;

use prost_types::FileDescriptorProto;

/// Paths of the `package` and `syntax` statements: field numbers of
/// `FileDescriptorProto`, as source locations use them.
const PACKAGE: &[i32] = &[2];
const SYNTAX: &[i32] = &[12];

/// The comments of one file, keyed by descriptor path.
pub(super) struct Comments(HashMap<Vec<i32>, String>);

impl Comments {
    /// Collects the comments. An image without source info has none. Leading comments
    /// win over trailing ones.
    pub(super) fn of(file: &FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let comments = locations.filter_map(|location| {
            let leading = location.leading_comments.as_deref();
            let comment = strip_indentation(leading.or(location.trailing_comments.as_deref())?);
            (!comment.is_empty()).then(|| (location.path.clone(), comment))
        });
        Self(comments.collect())
    }

    /// The comment of the element with this path; empty if it has none.
    pub(super) fn of_path(&self, path: &[i32]) -> String {
        self.0.get(path).cloned().unwrap_or_default()
    }

    /// The comments above `syntax` and above `package`, as two paragraphs.
    pub(super) fn of_file(&self) -> String {
        let paragraphs = [SYNTAX, PACKAGE].map(|path| self.of_path(path));
        let present: Vec<_> = paragraphs
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        present.join("\n\n")
    }
}

/// Removes the space after `//` on each line, and trailing space.
fn strip_indentation(raw: &str) -> String {
    let lines: Vec<&str> = raw
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}

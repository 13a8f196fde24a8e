//! The comments of a file, by the path of what they stand above.

use std::collections::HashMap;

use prost_types::FileDescriptorProto;

/// Field numbers of `FileDescriptorProto`, as paths of source locations use them.
const PACKAGE: &[i32] = &[2];
const SYNTAX: &[i32] = &[12];

/// The comments of one file.
pub(super) struct Comments(HashMap<Vec<i32>, String>);

impl Comments {
    /// Collects them. An image without source info has none.
    pub(super) fn of(file: &FileDescriptorProto) -> Self {
        let locations = file.source_code_info.iter().flat_map(|info| &info.location);
        let comments = locations.filter_map(|location| {
            let above = location.leading_comments.as_deref();
            let comment = tidy(above.or(location.trailing_comments.as_deref())?);
            (!comment.is_empty()).then(|| (location.path.clone(), comment))
        });
        Self(comments.collect())
    }

    /// The comment of the element with this path, or an empty text.
    pub(super) fn at(&self, path: &[i32]) -> String {
        self.0.get(path).cloned().unwrap_or_default()
    }

    /// What stands at the head of the file, above `syntax` or above `package`.
    pub(super) fn head(&self) -> String {
        let paragraphs = [SYNTAX, PACKAGE].map(|path| self.at(path));
        let said: Vec<_> = paragraphs
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        said.join("\n\n")
    }
}

/// Takes off the space that follows `//` on each line.
fn tidy(raw: &str) -> String {
    let lines: Vec<&str> = raw
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}

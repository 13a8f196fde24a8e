//! The failures as workflow commands of GitHub Actions, which shows them at their lines in
//! a pull request.

use std::fmt::Write;

use super::{annotation::annotations, view::View};

/// Renders one command for each group of failures. `file_path` converts the name of a
/// proto to its path relative to the root of the repository.
pub fn render(view: &View, file_path: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    for annotation in annotations(view, file_path) {
        let position = annotation.position.map(|(file, line)| {
            let file = escape_property(&file);
            format!("file={file},line={line},")
        });
        let _ = writeln!(
            text,
            "::error {}title={}::{}",
            position.unwrap_or_default(),
            escape_property(&annotation.title),
            escape_data(&format!(
                "{}\n{}",
                annotation.group.methods.join(", "),
                annotation.text
            ))
        );
    }
    text
}

/// The escapes of `@actions/core`.
fn escape_data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

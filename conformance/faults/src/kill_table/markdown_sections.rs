//! Replaces the generated sections of Markdown files, which are between two comments.

use std::{fs, path::Path};

use anyhow::{Context, bail};

/// Names and contents. A section is between `<!-- NAME -->` and `<!-- end of NAME -->`.
type Sections<'s> = [(&'s str, &'s str)];

/// Replaces those of the sections that the file contains.
///
/// # Errors
/// When the file can't be read or written, or contains none of the sections.
fn write(file: &Path, sections: &Sections<'_>) -> anyhow::Result<()> {
    let (old, new) = old_and_new_text(file, sections)?;
    if old != new {
        fs::write(file, new).with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(())
}

/// Whether a section of the file has another content.
///
/// # Errors
/// When the file can't be read, or contains none of the sections.
fn is_stale(file: &Path, sections: &Sections<'_>) -> anyhow::Result<bool> {
    let (old, new) = old_and_new_text(file, sections)?;
    Ok(old != new)
}

/// Writes sections into a Markdown file, or with `check` only prints which command updates
/// it. Returns whether the file is up to date.
///
/// # Errors
/// As [`write`] and [`is_stale`].
pub fn update(
    file: &Path,
    sections: &Sections<'_>,
    check: bool,
    command: &str,
) -> anyhow::Result<bool> {
    if !check {
        write(file, sections)?;
    } else if is_stale(file, sections)? {
        println!("{} is out of date; run `{command}`", file.display());
        return Ok(false);
    }
    Ok(true)
}

fn old_and_new_text(file: &Path, sections: &Sections<'_>) -> anyhow::Result<(String, String)> {
    let old = fs::read_to_string(file);
    let old = old.with_context(|| format!("can't read {}", file.display()))?;
    match replaced(&old, sections) {
        Some(new) => Ok((old, new)),
        None => {
            let (name, _) = sections.first().copied().unwrap_or_default();
            bail!(
                "{} has no section for the table: add <!-- {name} --> and <!-- end of {name} -->",
                file.display()
            )
        }
    }
}

/// The text with its sections replaced; `None` if it contains none of them.
fn replaced(text: &str, sections: &Sections<'_>) -> Option<String> {
    let mut replaced = None;
    for (name, content) in sections {
        let current = replaced.as_deref().unwrap_or(text);
        let (begin, end) = (
            format!("<!-- {name} -->\n"),
            format!("<!-- end of {name} -->"),
        );
        if let Some((before, rest)) = current.split_once(&begin)
            && let Some((_, after)) = rest.split_once(&end)
        {
            let content = content.trim_end();
            replaced = Some(format!("{before}{begin}\n{content}\n\n{end}{after}"));
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\n<!-- table -->\nold\n<!-- end of table -->\nb\n";

    #[test]
    fn only_the_section_is_replaced() {
        let new = replaced(TEXT, &[("other", "no"), ("table", "new\n\n")]);
        let expected = "a\n<!-- table -->\n\nnew\n\n<!-- end of table -->\nb\n";
        assert_eq!(new.as_deref(), Some(expected));
        assert_eq!(
            replaced(expected, &[("table", "new")]).as_deref(),
            Some(expected)
        );
    }

    #[test]
    fn text_without_section_or_end_is_refused() {
        assert_eq!(replaced("a\n", &[("table", "new")]), None);
        let endless = TEXT.replace("end of table", "end");
        assert_eq!(replaced(&endless, &[("table", "new")]), None);
    }

    #[test]
    fn stale_file_is_detected_and_updated() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("README.md");
        fs::write(&file, TEXT).expect("it is written");
        let sections = [("table", "new")];
        assert!(is_stale(&file, &sections).expect("it is read"));
        write(&file, &sections).expect("it is written");
        assert!(!is_stale(&file, &sections).expect("it is read"));
        let error = write(&file, &[("other", "")]).expect_err("it has no such section");
        assert!(error.to_string().contains("<!-- other -->"), "{error}");
    }
}

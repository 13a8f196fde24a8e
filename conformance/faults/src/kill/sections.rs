//! The kill table in Markdown files: what stands between two comments is ours.

use std::{fs, path::Path};

use anyhow::{Context, bail};

/// What stands between `<!-- NAME -->` and `<!-- end of NAME -->`, by name.
pub type Sections<'s> = [(&'s str, &'s str)];

/// Replaces the sections that the file has.
///
/// # Errors
/// When the file can't be read or written, or has none of the sections.
pub fn write(file: &Path, sections: &Sections<'_>) -> anyhow::Result<()> {
    let (old, new) = both(file, sections)?;
    if old != new {
        fs::write(file, new).with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(())
}

/// Whether the file has anything else in its sections.
///
/// # Errors
/// When the file can't be read, or has none of the sections.
pub fn stale(file: &Path, sections: &Sections<'_>) -> anyhow::Result<bool> {
    let (old, new) = both(file, sections)?;
    Ok(old != new)
}

fn both(file: &Path, sections: &Sections<'_>) -> anyhow::Result<(String, String)> {
    let old = fs::read_to_string(file);
    let old = old.with_context(|| format!("can't read {}", file.display()))?;
    match replaced(&old, sections) {
        Some(new) => Ok((old, new)),
        None => {
            let (name, _) = sections.first().copied().unwrap_or_default();
            bail!(
                "{} has no place for the table: write <!-- {name} --> and <!-- end of {name} --> where it shall stand",
                file.display()
            )
        }
    }
}

/// The text with its sections replaced; none if it has none of them.
fn replaced(text: &str, sections: &Sections<'_>) -> Option<String> {
    let mut replaced = None;
    for (name, content) in sections {
        let whole = replaced.as_deref().unwrap_or(text);
        let (begin, end) = (
            format!("<!-- {name} -->\n"),
            format!("<!-- end of {name} -->"),
        );
        if let Some((before, rest)) = whole.split_once(&begin)
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
    fn a_section_is_replaced_and_the_rest_stays() {
        let new = replaced(TEXT, &[("other", "no"), ("table", "new\n\n")]);
        let expected = "a\n<!-- table -->\n\nnew\n\n<!-- end of table -->\nb\n";
        assert_eq!(new.as_deref(), Some(expected));
        assert_eq!(
            replaced(expected, &[("table", "new")]).as_deref(),
            Some(expected)
        );
    }

    #[test]
    fn a_text_without_a_section_or_its_end_is_refused() {
        assert_eq!(replaced("a\n", &[("table", "new")]), None);
        let endless = TEXT.replace("end of table", "end");
        assert_eq!(replaced(&endless, &[("table", "new")]), None);
    }

    #[test]
    fn a_stale_file_is_told_and_mended() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("README.md");
        fs::write(&file, TEXT).expect("it is written");
        let sections = [("table", "new")];
        assert!(stale(&file, &sections).expect("it is read"));
        write(&file, &sections).expect("it is written");
        assert!(!stale(&file, &sections).expect("it is read"));
        let error = write(&file, &[("other", "")]).expect_err("it has no such section");
        assert!(error.to_string().contains("<!-- other -->"), "{error}");
    }
}

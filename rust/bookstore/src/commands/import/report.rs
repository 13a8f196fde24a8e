//! What an import prints.

use anyhow::bail;
use indicatif::HumanCount;
use inventory::{
    Removal,
    import::{Comparison, Example, Notes, Summary},
};

use crate::commands::print_line;

/// Prints what was imported. Fails if rows were refused.
pub fn print_summary(name: &str, summary: &Summary) -> anyhow::Result<()> {
    print_line(format_args!(
        "{name}: {} new books, {} updated, {} unchanged",
        HumanCount(summary.created),
        HumanCount(summary.updated),
        HumanCount(summary.unchanged)
    ));
    print_notes(&summary.notes);
    print_bad_rows(name, summary);
    if summary.bad_rows > 0 {
        let (rows, them) = rows_and_them(summary.bad_rows);
        bail!(
            "{} {rows} skipped ({} listed above); correct {them} and import the file again",
            HumanCount(summary.bad_rows),
            summary.first_bad_rows.len()
        );
    }
    Ok(())
}

/// Prints which books are gone.
pub fn print_removal(name: &str, removal: Removal) {
    if removal.removed > 0 {
        print_line(format_args!(
            "{name}: {} books that are not in it are removed",
            HumanCount(removal.removed)
        ));
    }
    if removal.ordered > 0 {
        print_line(format_args!(
            "{name}: {} books that are not in it stay without available copies, because orders \
             refer to them",
            HumanCount(removal.ordered)
        ));
    }
}

/// Prints what an import would do. Fails if it would refuse rows.
pub fn print_comparison(
    name: &str,
    format: &str,
    comparison: &Comparison,
    removed: Option<u64>,
) -> anyhow::Result<()> {
    let summary = &comparison.summary;
    print_line(format_args!(
        "{name} is {format}; an import would add {} books, change {} and leave {} unchanged",
        HumanCount(summary.created),
        HumanCount(summary.updated),
        HumanCount(summary.unchanged)
    ));
    if let Some(removed) = removed {
        print_line(format_args!(
            "  {} books of the catalogue are not in the file and would be removed",
            HumanCount(removed)
        ));
    }
    print_examples("new", &comparison.created);
    print_examples("changed", &comparison.updated);
    print_notes(&summary.notes);
    print_bad_rows(name, summary);
    if summary.bad_rows > 0 {
        let (rows, _) = rows_and_them(summary.bad_rows);
        bail!(
            "{} {rows} not valid ({} listed above); nothing was imported",
            HumanCount(summary.bad_rows),
            summary.first_bad_rows.len()
        );
    }
    Ok(())
}

fn print_examples(kind: &str, examples: &[Example]) {
    for example in examples {
        let Example {
            line,
            book_id,
            title,
            changes,
        } = example;
        print_line(format_args!("  {kind}: line {line}, id {book_id}, {title}"));
        for (field, old, new) in changes {
            print_line(format_args!("    {field}: {old:?} becomes {new:?}"));
        }
    }
}

fn print_notes(notes: &Notes) {
    for (note, rows, line) in notes.iter() {
        print_line(format_args!(
            "  {} rows {note}, the first one on line {line}",
            HumanCount(rows)
        ));
    }
}

fn print_bad_rows(name: &str, summary: &Summary) {
    for bad_row in &summary.first_bad_rows {
        eprintln!("{name}, {bad_row}");
    }
}

fn rows_and_them(bad_rows: u64) -> (&'static str, &'static str) {
    match bad_rows {
        1 => ("row was", "it"),
        _ => ("rows were", "them"),
    }
}

//! The report as styled text for the terminal.

use std::fmt::Write;

use super::view::{Coverage, Group, Method, Note, View, group_notes};
use crate::style::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, paint, with_thousands_separators};

/// The greatest number of notes of one kind. Further notes are only counted; the other
/// reports show all.
const MAX_NOTES: usize = 12;

/// The greatest length of a line of a request or an answer, in characters.
const MAX_LINE: usize = 600;

/// Renders a report as lines of styled text.
pub fn render(view: &View) -> String {
    let mut text = failures(view);
    totals(&mut text, view);
    coverage(&mut text, &view.coverage);
    notes(&mut text, "uncovered", &view.uncovered);
    notes(&mut text, "baseline", &view.baseline);
    notes(&mut text, "defects of proofread", &view.defects);
    for remark in &view.remarks {
        let _ = writeln!(text, "{} {remark}", paint(DIM, "remark"));
    }
    if let Some(why) = &view.aborted {
        let _ = writeln!(text, "{} {why}", paint(YELLOW, "ended early:"));
    }
    let _ = writeln!(
        text,
        "{}",
        paint(DIM, format!("seed {}, profile {}", view.seed, view.profile))
    );
    verdict(&mut text, view);
    text
}

/// Renders only the failures and the verdict; nothing if there are no failures.
pub fn render_failures(view: &View) -> String {
    if view.keeps_contract() {
        return String::new();
    }
    let mut text = failures(view);
    verdict(&mut text, view);
    text
}

fn failures(view: &View) -> String {
    let mut text = String::new();
    for method in view
        .methods
        .iter()
        .filter(|method| !method.groups.is_empty())
    {
        title(&mut text, method);
        for group in &method.groups {
            failure(&mut text, group);
        }
    }
    if !view.shared.is_empty() {
        let _ = writeln!(text, "{}\n", paint(BOLD, "The server as a whole"));
        for group in &view.shared {
            failure(&mut text, group);
        }
    }
    text
}

fn title(text: &mut String, method: &Method) {
    let location = method.source_location.as_ref();
    let location = location.map(|location| format!("  {}", paint(DIM, location)));
    let _ = writeln!(
        text,
        "{}{}\n",
        paint(BOLD, &method.name),
        location.unwrap_or_default()
    );
}

fn failure(text: &mut String, group: &Group) {
    let count_label = match group.count {
        0 | 1 => format!("#{}", group.id),
        size => format!("#{} and {}", group.id, count(size - 1, "similar failure")),
    };
    let _ = writeln!(
        text,
        "  {} {}: {}  {}",
        paint(RED, "✗"),
        paint(RED, &group.title),
        group.intent,
        paint(DIM, format!("{} {count_label}", group.case))
    );
    let mut row = |name: &str, value: &str| {
        for (index, line) in value.lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(
                text,
                "      {}  {}",
                paint(DIM, format!("{name:<9}")),
                shorten(line)
            );
        }
    };
    if group.methods.len() > 1 {
        row("methods", &abbreviated(&group.methods));
    }
    row("sent", &group.sent);
    row("contract", &group.expected);
    for location in &group.source_locations {
        row("", &paint(CYAN, location));
    }
    row("answer", &group.observed);
    if !group.reproduce.is_empty() {
        // Never shortened, so that it can be copied.
        let _ = writeln!(
            text,
            "      {}  {}",
            paint(DIM, "reproduce"),
            group.reproduce
        );
    }
    text.push('\n');
}

/// The first three names, and the number of the others.
fn abbreviated(names: &[String]) -> String {
    const MAX_NAMES: usize = 3;
    let first = names
        .iter()
        .take(MAX_NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{} … ({} bytes)", &line[..end], line.len()),
        None => line.to_owned(),
    }
}

fn totals(text: &mut String, view: &View) {
    let failed = |failed: u64| match failed {
        0 => paint(DIM, format!("{:>8}", 0)),
        failed => paint(RED, format!("{:>8}", with_thousands_separators(failed))),
    };
    let heading = format!("{:<10}{:>10}{:>8}", "phase", "cases", "failed");
    let _ = writeln!(text, "{}", paint(DIM, heading));
    for phase in &view.phases {
        let cases = with_thousands_separators(phase.cases);
        let _ = writeln!(
            text,
            "{:<10}{cases:>10}{}",
            phase.name,
            failed(phase.failed)
        );
    }
    let speed = format!(
        "in {:.1} s, {} cases/s",
        view.seconds,
        with_thousands_separators(view.cases_per_second())
    );
    let cases = with_thousands_separators(view.cases);
    let _ = writeln!(
        text,
        "{:<10}{cases:>10}{}  {}\n",
        "total",
        failed(view.failed()),
        paint(DIM, speed)
    );
}

fn coverage(text: &mut String, coverage: &Coverage) {
    if coverage.rules() == 0 {
        let _ = writeln!(text, "coverage   the tested requests have no rules");
        return;
    }
    let _ = writeln!(
        text,
        "coverage   {} of {} from both sides, {} from one, {} from none",
        with_thousands_separators(coverage.both),
        count(coverage.rules(), "rule"),
        with_thousands_separators(coverage.one),
        with_thousands_separators(coverage.none)
    );
    let gaps: Vec<Note> = coverage
        .gaps
        .iter()
        .map(|gap| Note {
            about: format!("{} {}", gap.field, gap.rule),
            text: gap.reason.clone(),
        })
        .collect();
    list(text, &gaps);
}

fn notes(text: &mut String, title: &str, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(text, "{} ({})", paint(YELLOW, title), notes.len());
    let grouped: Vec<Note> = group_notes(notes)
        .into_iter()
        .map(|it| Note {
            about: abbreviated(&it.about),
            text: it.text,
        })
        .collect();
    list(text, &grouped);
}

fn list(text: &mut String, notes: &[Note]) {
    for note in notes.iter().take(MAX_NOTES) {
        let _ = writeln!(text, "  {}  {}", paint(CYAN, &note.about), note.text);
    }
    if let Some(more) = notes.len().checked_sub(MAX_NOTES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
}

fn verdict(text: &mut String, view: &View) {
    let _ = if view.keeps_contract() {
        writeln!(text, "{} {}", paint(GREEN, "✓"), view.verdict())
    } else {
        writeln!(text, "{} {}", paint(RED, "✗"), paint(BOLD, view.verdict()))
    };
    if let Some(hint) = view.hint() {
        let _ = writeln!(text, "  {}", paint(YELLOW, hint));
    }
    if let Some(failures) = view.failures.as_ref().filter(|_| !view.keeps_contract()) {
        let command = format!("reproduce: proofread replay {}", super::quoted(failures));
        let _ = writeln!(text, "  {}", paint(DIM, command));
        if view.left_out > 0 {
            let note = format!(
                "{} further failures are not recorded, since the file is limited to 1,000",
                with_thousands_separators(view.left_out)
            );
            let _ = writeln!(text, "  {}", paint(DIM, note));
        }
    }
}

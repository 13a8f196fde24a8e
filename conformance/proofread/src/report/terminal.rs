//! The report on a terminal.

use std::fmt::Write;

use super::view::{Coverage, Group, Method, Note, View, group_notes};
use crate::style::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, paint, with_thousands_separators};

/// How many lines of notes are shown of one kind; the rest is counted. The other
/// reports show all of them.
const NOTES: usize = 12;

/// How many characters are shown of what was sent or came back.
const LONG: usize = 600;

/// Writes a report as lines of styled text.
pub fn render(view: &View) -> String {
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
    totals(&mut text, view);
    coverage(&mut text, &view.coverage);
    notes(&mut text, "uncovered", &view.uncovered);
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

fn title(text: &mut String, method: &Method) {
    let place = method.place.as_ref();
    let place = place.map(|place| format!("  {}", paint(DIM, place)));
    let _ = writeln!(
        text,
        "{}{}\n",
        paint(BOLD, &method.name),
        place.unwrap_or_default()
    );
}

fn failure(text: &mut String, group: &Group) {
    let like_it = match group.count {
        0 | 1 => format!("#{}", group.id),
        count => format!("#{} and {} more like it", group.id, count - 1),
    };
    let _ = writeln!(
        text,
        "  {} {}: {}  {}",
        paint(RED, "✗"),
        paint(RED, &group.title),
        group.intent,
        paint(DIM, format!("{} {like_it}", group.case))
    );
    let mut row = |name: &str, value: &str| {
        for (index, line) in value.lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(
                text,
                "      {}  {}",
                paint(DIM, format!("{name:<8}")),
                shorten(line)
            );
        }
    };
    if group.methods.len() > 1 {
        row("methods", &some_of(&group.methods));
    }
    row("sent", &group.sent);
    row("contract", &group.expected);
    for place in &group.places {
        row("", &paint(CYAN, place));
    }
    row("answer", &group.observed);
    if !group.reproduce.is_empty() {
        // Never shortened: it is there to be copied.
        let _ = writeln!(
            text,
            "      {}  {}",
            paint(DIM, "again   "),
            group.reproduce
        );
    }
    text.push('\n');
}

fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn shorten(line: &str) -> String {
    match line.char_indices().nth(LONG) {
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
        let _ = writeln!(text, "coverage   the requests that were sent have no rules");
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
    let folded: Vec<Note> = group_notes(notes)
        .into_iter()
        .map(|it| Note {
            about: some_of(&it.about),
            text: it.text,
        })
        .collect();
    list(text, &folded);
}

fn list(text: &mut String, notes: &[Note]) {
    for note in notes.iter().take(NOTES) {
        let _ = writeln!(text, "  {}  {}", paint(CYAN, &note.about), note.text);
    }
    if let Some(more) = notes.len().checked_sub(NOTES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
}

fn verdict(text: &mut String, view: &View) {
    let _ = match view.keeps_contract() {
        true => writeln!(text, "{} {}", paint(GREEN, "✓"), view.verdict()),
        false => writeln!(text, "{} {}", paint(RED, "✗"), paint(BOLD, view.verdict())),
    };
    if let Some(hint) = view.hint() {
        let _ = writeln!(text, "  {}", paint(YELLOW, hint));
    }
    if let Some(failures) = view.failures.as_ref().filter(|_| !view.keeps_contract()) {
        let again = format!("again: proofread replay {}", super::quoted(failures));
        let _ = writeln!(text, "  {}", paint(DIM, again));
        if view.left_out > 0 {
            let some = format!(
                "{} of the failures are not recorded: there are too many",
                with_thousands_separators(view.left_out)
            );
            let _ = writeln!(text, "  {}", paint(DIM, some));
        }
    }
}

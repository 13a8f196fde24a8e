//! Prints a failure as one line on standard error and chooses the exit code.

use std::process::ExitCode;

use clap::error::ErrorKind;

/// The exit code for a wrong command line: `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;

/// Prints the error with its causes on one line, if there is one. Exit code 0 for success
/// and 1 for an error.
pub fn report(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bookstore: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// Prints what clap could not parse: help and version in clap's own layout (exit code 0),
/// a wrong command line on one line (exit code 64).
pub fn report_usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // This fails only if the output is closed, so there is nowhere to report it.
        let _ = error.print();
    } else {
        eprintln!("bookstore: {}; see --help", one_line(error));
    }
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}

/// The error and its causes, separated by `: `. Many errors already contain the text of
/// their cause: that cause is left out.
fn with_causes(error: &anyhow::Error) -> String {
    let mut report = String::new();
    for cause in error.chain() {
        // The message of a database may have several lines.
        let words: Vec<_> = cause
            .to_string()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let text = words.join(" ");
        if report.is_empty() {
            report = text;
        } else if !report.contains(&text) {
            report = format!("{report}: {text}");
        }
    }
    report
}

/// clap's message without the lines about usage and help.
fn one_line(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let mut report = String::new();
    for line in rendered.lines().map(str::trim) {
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        match line {
            "" => {}
            tip if tip.starts_with("tip:") => report.push_str(&format!("; {tip}")),
            line if report.is_empty() => report.push_str(line.trim_start_matches("error: ")),
            line => report.push_str(&format!(" {line}")),
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use std::io;

    use inventory::import::OpenError;

    use super::*;

    #[test]
    fn repeated_cause_is_printed_once() {
        let torn = OpenError::Unreadable(io::Error::other("it is\n  torn"));
        let error = anyhow::Error::new(torn).context("books.csv");
        assert_eq!(
            with_causes(&error),
            "books.csv: cannot read the file: it is torn"
        );
    }
}

//! How the process says that it can't: one line on standard error, and an exit code.

use std::process::ExitCode;

use clap::error::ErrorKind;

/// The command line was wrong, by the convention of sysexits: EX_USAGE.
const USAGE: u8 = 64;

/// Success, or the error with its causes on one line.
pub fn ending(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bookstore: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// What clap has to say: help and version as it writes them, anything else on one
/// line.
pub fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Nobody reads the output any more: there is nothing left to say.
        let _ = error.print();
    } else {
        eprintln!("bookstore: {}; see --help", one_line(error));
    }
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}

/// Many errors repeat their cause in their own text, which is not said twice.
fn with_causes(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        // A database may answer in paragraphs.
        let words: Vec<_> = cause
            .to_string()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let text = words.join(" ");
        if said.is_empty() {
            said = text;
        } else if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
    }
    said
}

/// Without the paragraphs that point to the usage.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut said = String::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        match line {
            "" => {}
            tip if tip.starts_with("tip:") => said.push_str(&format!("; {tip}")),
            line if said.is_empty() => said.push_str(line.trim_start_matches("error: ")),
            line => said.push_str(&format!(" {line}")),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use std::io;

    use inventory::import::OpenError;

    use super::*;

    #[test]
    fn a_cause_is_not_said_twice() {
        let torn = OpenError::Unreadable(io::Error::other("it is\n  torn"));
        let error = anyhow::Error::new(torn).context("books.csv");
        assert_eq!(
            with_causes(&error),
            "books.csv: cannot read the file: it is torn"
        );
    }
}

//! What the checks have found.

use super::super::print_line;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing to do.
    Fine,
    /// Something will fail, or is not as it should be.
    Warning,
    /// Something fails.
    Failure,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was checked, such as `clock of http://10.0.0.7:50051`.
    pub subject: String,
    /// What is so.
    pub text: String,
    /// What to do about it; empty if the text says so.
    pub advice: String,
}

impl Finding {
    /// Nothing to do.
    pub fn fine(subject: impl Into<String>, text: String) -> Self {
        Self::new(Level::Fine, subject.into(), text)
    }

    /// Something that will fail, or is not as it should be.
    pub fn warning(subject: impl Into<String>, text: String) -> Self {
        Self::new(Level::Warning, subject.into(), text)
    }

    /// Something that fails.
    pub fn failure(subject: impl Into<String>, text: String) -> Self {
        Self::new(Level::Failure, subject.into(), text)
    }

    fn new(level: Level, subject: String, text: String) -> Self {
        Self {
            level,
            subject,
            text,
            advice: String::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

/// All findings, in the order of the checks.
#[derive(Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Adds the findings of a check.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings);
    }

    /// Prints the findings and their numbers; returns how many failures there are.
    pub fn print(&self) -> usize {
        for finding in &self.0 {
            let level = match finding.level {
                Level::Fine => "ok     ",
                Level::Warning => "WARNING",
                Level::Failure => "FAILURE",
            };
            print_line(format_args!(
                "{level}  {}: {}",
                finding.subject, finding.text
            ));
            if !finding.advice.is_empty() {
                print_line(format_args!("         to do: {}", finding.advice));
            }
        }
        let count = |level| {
            self.0
                .iter()
                .filter(|finding| finding.level == level)
                .count()
        };
        let (warnings, failures) = (count(Level::Warning), count(Level::Failure));
        let all = self.0.len();
        print_line(format_args!(
            "{all} checks: {failures} failures, {warnings} warnings"
        ));
        failures
    }
}

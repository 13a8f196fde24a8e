//! Parses the `--report` flag: `terminal,json=report.json`.

use std::{path::PathBuf, str::FromStr};

use crate::suggest::did_you_mean;

/// The format of a report and its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Styled text on standard output.
    Terminal,
    /// All data, for programs.
    Json(Output),
    /// JUnit XML, which CI systems display.
    Junit(Output),
    /// One self-contained page.
    Html(Output),
    /// SARIF 2.1.0, which code hosts and editors display.
    Sarif(Output),
    /// Annotations of GitHub Actions on standard output.
    Github,
    /// One JSON object per line for each event, while the run is in progress.
    Events(Output),
}

const NAMES: [&str; 7] = [
    "terminal", "github", "json", "junit", "html", "sarif", "events",
];

/// The destination of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err(format!("{text:?} has no file name after the =")),
            Some((name, "-")) => (name, Output::Stdout),
            Some((name, file)) => (name, Output::File(file.into())),
            None => (text, Output::Stdout),
        };
        match (name, file) {
            ("terminal", Output::Stdout) => Ok(Self::Terminal),
            ("terminal", Output::File(_)) => {
                Err("the terminal report can't be written to a file".to_owned())
            }
            ("json", file) => Ok(Self::Json(file)),
            ("junit", file) => Ok(Self::Junit(file)),
            ("html", file) => Ok(Self::Html(file)),
            ("sarif", file) => Ok(Self::Sarif(file)),
            ("events", file) => Ok(Self::Events(file)),
            ("github", Output::Stdout) => Ok(Self::Github),
            ("github", Output::File(_)) => {
                Err("GitHub reads annotations from the standard output of a step".to_owned())
            }
            (other, _) => {
                let suggestion = did_you_mean(other, &NAMES);
                Err(format!(
                    "there is no report {other:?}{suggestion}; it is terminal, github, or one of json, junit, html, sarif and events with =FILE"
                ))
            }
        }
    }
}

impl Format {
    /// Whether the report is written to standard output.
    pub fn is_stdout(&self) -> bool {
        match self {
            Self::Terminal | Self::Github => true,
            Self::Json(output)
            | Self::Junit(output)
            | Self::Html(output)
            | Self::Sarif(output)
            | Self::Events(output) => *output == Output::Stdout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_flag_is_parsed() {
        let parsed = |text: &str| text.parse::<Format>();
        assert_eq!(parsed("terminal"), Ok(Format::Terminal));
        let file = Output::File("a=b.json".into());
        assert_eq!(parsed("json=a=b.json"), Ok(Format::Json(file)));
        assert_eq!(parsed("html"), Ok(Format::Html(Output::Stdout)));
        assert_eq!(parsed("junit=-"), Ok(Format::Junit(Output::Stdout)));
        for (text, expected) in [
            ("json=", "has no file name"),
            ("terminal=a", "can't be written to a file"),
            ("github=a", "standard output"),
            ("jnuit=a", "did you mean \"junit\"?"),
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
    }
}

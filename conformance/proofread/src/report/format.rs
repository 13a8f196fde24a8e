//! Which reports are wanted: `terminal,json=report.json`.

use std::{path::PathBuf, str::FromStr};

use crate::suggest::did_you_mean;

/// A report and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// To standard output, for people.
    Terminal,
    /// Everything, for programs.
    Json(Output),
    /// JUnit XML, for CI.
    Junit(Output),
    /// One page with everything in it.
    Html(Output),
}

/// Where a report goes.
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
            Some((_, "")) => return Err(format!("{text:?} names no file behind the =")),
            Some((name, "-")) => (name, Output::Stdout),
            Some((name, file)) => (name, Output::File(file.into())),
            None => (text, Output::Stdout),
        };
        match (name, file) {
            ("terminal", Output::Stdout) => Ok(Self::Terminal),
            ("terminal", Output::File(_)) => {
                Err("terminal goes to the terminal, not to a file".to_owned())
            }
            ("json", file) => Ok(Self::Json(file)),
            ("junit", file) => Ok(Self::Junit(file)),
            ("html", file) => Ok(Self::Html(file)),
            (other, _) => {
                let near = did_you_mean(other, &["terminal", "json", "junit", "html"]);
                Err(format!(
                    "there is no report {other:?}{near}; it is terminal, json=FILE, junit=FILE or html=FILE"
                ))
            }
        }
    }
}

impl Format {
    /// Whether it goes to standard output.
    pub fn is_stdout(&self) -> bool {
        match self {
            Self::Terminal => true,
            Self::Json(output) | Self::Junit(output) | Self::Html(output) => {
                *output == Output::Stdout
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_named_with_their_files() {
        let parsed = |text: &str| text.parse::<Format>();
        assert_eq!(parsed("terminal"), Ok(Format::Terminal));
        let file = Output::File("a=b.json".into());
        assert_eq!(parsed("json=a=b.json"), Ok(Format::Json(file)));
        assert_eq!(parsed("html"), Ok(Format::Html(Output::Stdout)));
        assert_eq!(parsed("junit=-"), Ok(Format::Junit(Output::Stdout)));
        for (text, expected) in [
            ("json=", "names no file"),
            ("terminal=a", "not to a file"),
            ("jnuit=a", "did you mean \"junit\"?"),
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
    }
}

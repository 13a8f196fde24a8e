//! The baseline: known failures that a team accepts for a limited time, so that only new
//! ones fail the check.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use jiff::{ToSpan, civil::Date};
use serde::Deserialize;
use toml::value::Datetime;

use super::{ConfigError, key_lines::line_at, parse};

/// How many days an entry that `--update-baseline` writes is valid.
const DAYS: i64 = 90;

const HEADING: &str = "\
# Known failures that `proofread check` accepts. From the day `expires` on, a failure counts
# again, so that none is forgotten. `proofread check --update-baseline REASON` adds those of
# a run and removes those that were fixed.
";

/// The accepted failures, on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Vec<Entry>,
    today: Date,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    id: String,
    reason: String,
    expires: Date,
}

/// The content of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BaselineFile {
    finding: Vec<toml::Spanned<FileEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    /// One of [`Finding::ids`](crate::finding::Finding::ids).
    id: String,
    /// Why the failure is accepted.
    reason: String,
    /// The day from which on it fails again.
    expires: Datetime,
}

impl Baseline {
    /// A baseline without entries.
    pub fn empty(today: Date) -> Self {
        Self {
            entries: Vec::new(),
            today,
        }
    }

    /// Reads a baseline file.
    ///
    /// # Errors
    /// If the file can't be read or is invalid. Each entry needs an id, a reason and a date.
    pub fn open(path: &Path, today: Date) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let file: BaselineFile =
            toml::from_str(&text).map_err(|error| parse::toml_error(path, &text, &error))?;
        let entries = file.finding.into_iter().map(|spanned| {
            let line = line_at(&text, spanned.span().start);
            let FileEntry {
                id,
                reason,
                expires,
            } = spanned.into_inner();
            let invalid = |message: String| ConfigError::Invalid {
                path: path.to_owned(),
                line,
                message,
            };
            if reason.trim().is_empty() {
                return Err(invalid(format!("the reason of {id:?} is empty")));
            }
            let day: Result<Date, _> = expires.to_string().parse();
            let expires = day.map_err(|_| {
                invalid(format!(
                    "expires is {expires}; give a day, as in 2027-01-31"
                ))
            })?;
            Ok(Entry {
                id,
                reason,
                expires,
            })
        });
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
            today,
        })
    }

    /// Whether a finding with these ids is accepted: each of them has an entry that has not
    /// expired.
    pub fn accepts(&self, ids: &[String]) -> bool {
        !ids.is_empty() && ids.iter().all(|id| self.is_accepted(id))
    }

    fn is_accepted(&self, id: &str) -> bool {
        let valid = |entry: &&Entry| entry.expires > self.today;
        self.entries.iter().filter(valid).any(|it| it.id == id)
    }

    /// What to do about entries, with their ids: those that expired, and those that are not
    /// found any more. `found` are the ids of all findings; `was_checked` tells whether a
    /// run would have found the failures of a method.
    pub fn notes(
        &self,
        found: &BTreeSet<String>,
        was_checked: impl Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let notes = self.entries.iter().filter_map(|entry| {
            let text = if !found.contains(&entry.id) {
                was_checked(method_of(&entry.id))
                    .then(|| "no longer found: remove it from the baseline".to_owned())?
            } else if entry.expires <= self.today {
                let Entry {
                    expires, reason, ..
                } = entry;
                format!("accepted until {expires}, so it fails again (reason: {reason})")
            } else {
                return None;
            };
            Some((entry.id.clone(), text))
        });
        notes.collect()
    }

    /// Accepts these ids. Entries that are valid keep their reason and date; expired and new
    /// ones get this reason for 90 days. Entries that are not found any more are
    /// removed where `was_checked` says that a run would have found them.
    pub fn update(
        &mut self,
        found: &BTreeSet<String>,
        reason: &str,
        was_checked: impl Fn(&str) -> bool,
    ) {
        self.entries
            .retain(|it| found.contains(&it.id) || !was_checked(method_of(&it.id)));
        let expires = self.today.saturating_add(DAYS.days());
        for id in found
            .iter()
            .filter(|id| !self.is_accepted(id))
            .cloned()
            .collect::<Vec<_>>()
        {
            self.entries.retain(|entry| entry.id != id);
            self.entries.push(Entry {
                id,
                reason: reason.to_owned(),
                expires,
            });
        }
        self.entries.sort_by(|left, right| left.id.cmp(&right.id));
    }

    /// The number of accepted ids.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is accepted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The content of the file.
    pub fn to_toml(&self) -> String {
        let mut text = HEADING.to_owned();
        for entry in &self.entries {
            let _ = write!(
                text,
                "\n[[finding]]\nid = {}\nreason = {}\nexpires = {}\n",
                toml_string(&entry.id),
                toml_string(&entry.reason),
                entry.expires
            );
        }
        text
    }
}

/// The method in an id, or `server`.
fn method_of(id: &str) -> &str {
    id.split(' ').next().unwrap_or_default()
}

/// A basic string of TOML. Its escapes are those of JSON, except that TOML also requires
/// one for DEL.
pub(crate) fn toml_string(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn open(text: &str) -> Result<Baseline, ConfigError> {
        let folder = tempfile::tempdir().expect("the folder can be created");
        let path = folder.path().join("b.toml");
        fs::write(&path, text).expect("the file can be written");
        Baseline::open(&path, date(2026, 12, 1))
    }

    fn ids(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const TWO: &str = "[[finding]]\nid = 'M a'\nreason = 'later'\nexpires = 2026-12-02\n\
        [[finding]]\nid = 'M b'\nreason = 'never'\nexpires = 2026-12-01\n";

    #[test]
    fn entry_is_valid_until_it_expires() {
        let baseline = open(TWO).expect("the file is valid");
        assert!(baseline.accepts(&["M a".to_owned()]));
        assert!(!baseline.accepts(&["M b".to_owned()]));
        assert!(!baseline.accepts(&["M a".to_owned(), "M c".to_owned()]));
        assert!(!baseline.accepts(&[]));
        let notes = baseline.notes(&ids(&["M b"]), |_| true);
        let texts: Vec<&str> = notes.iter().map(|(_, text)| text.as_str()).collect();
        assert!(texts[0].contains("no longer found"), "{notes:?}");
        assert!(texts[1].contains("until 2026-12-01"), "{notes:?}");
        assert!(texts[1].contains("never"), "{notes:?}");
        assert_eq!(baseline.notes(&ids(&["M a"]), |_| false), []);
    }

    #[test]
    fn update_keeps_valid_entries_and_removes_fixed_ones() {
        let mut baseline = open(TWO).expect("the file is valid");
        baseline.update(&ids(&["M a", "M \"c\"\u{7f}"]), "new", |_| true);
        let written = open(&baseline.to_toml()).expect("the written file is valid");
        assert_eq!(written, baseline);
        insta::assert_snapshot!(written.to_toml());
        baseline.update(&ids(&[]), "new", |method| method != "M");
        assert_eq!(baseline, written, "M was not checked");
    }

    #[test]
    fn entry_without_reason_or_day_is_refused_with_its_line() {
        let error = |text: &str| open(text).expect_err(text).to_string();
        let missing = error("[[finding]]\nid = 'a'\nexpires = 2026-12-02");
        assert!(
            missing.contains("b.toml:1: missing field `reason`"),
            "{missing}"
        );
        let empty = error("\n[[finding]]\nid = 'a'\nreason = ' '\nexpires = 2026-12-02");
        assert!(
            empty.contains("b.toml:2: the reason of \"a\" is empty"),
            "{empty}"
        );
        let time = error("[[finding]]\nid = 'a'\nreason = 'r'\nexpires = 12:00:00");
        assert!(time.contains("b.toml:1: expires is 12:00:00"), "{time}");
        let unknown = error("[[finding]]\nid = 'a'\nreson = 'r'");
        assert!(unknown.contains("did you mean \"reason\"?"), "{unknown}");
    }
}

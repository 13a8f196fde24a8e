//! The line that makes a failure happen again.

use crate::finding::Finding;

/// How to call the server of a run by hand.
#[derive(Debug, Clone, Default)]
pub struct CommandTemplate {
    /// `host:port`.
    pub authority: String,
    /// The flags of grpcurl for the connection: `-plaintext`, or `-cacert ca.pem`.
    pub connection: Vec<String>,
    /// Metadata by method globs, each as a word of the shell without its value being
    /// expanded, so that no secret gets into a report.
    pub headers: Vec<HeaderArgument>,
    /// Where the failures are recorded.
    pub failures: String,
}

/// A header as it may be shown.
#[derive(Debug, Clone)]
pub struct HeaderArgument {
    /// Matches the methods that carry it; all where there is none.
    pub methods: Option<globset::GlobMatcher>,
    /// The word of the shell: `'authorization: Bearer ${TOKEN}'`.
    pub word: String,
    /// Whether grpcurl is to expand variables in it.
    pub expands: bool,
}

impl CommandTemplate {
    /// The line for a failure: grpcurl where JSON says all that was sent, and
    /// otherwise `proofread replay`. The id is its number in the recorded failures.
    pub fn line(&self, finding: &Finding, id: usize) -> String {
        let plain = finding.again.as_ref().is_some_and(|again| {
            again.headers.is_empty() && !again.reset && again.path == finding.method
        });
        match &finding.json {
            // A shell can't pass more than some 100 KiB in one word.
            Some(json) if plain && json.len() < 4096 => self.grpcurl(&finding.method, json),
            _ => format!("proofread replay {} --only {id}", quoted(&self.failures)),
        }
    }

    fn grpcurl(&self, path: &str, json: &str) -> String {
        let method = path.trim_start_matches('/');
        let mut words = vec!["grpcurl".to_owned()];
        words.extend(self.connection.iter().cloned());
        let applies = |header: &&HeaderArgument| {
            let methods = header.methods.as_ref();
            methods.is_none_or(|methods| methods.is_match(method))
        };
        let headers: Vec<&HeaderArgument> = self.headers.iter().filter(applies).collect();
        if headers.iter().any(|header| header.expands) {
            words.push("-expand-headers".to_owned());
        }
        for header in headers {
            words.extend(["-H".to_owned(), header.word.clone()]);
        }
        // The messages of a stream may stand on one line.
        let json = json.replace('\n', " ");
        words.extend(["-d".to_owned(), quoted_always(&json)]);
        words.extend([self.authority.clone(), method.to_owned()]);
        words.join(" ")
    }
}

/// A word for the shell, in quotes where it needs them.
pub fn quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,".contains(character);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => quoted_always(word),
    }
}

fn quoted_always(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::{Expect, Phase},
        finding::{Again, FindingKind},
    };

    fn finding(json: Option<&str>) -> Finding {
        Finding {
            method: "/shop.v1.Shop/Get".to_owned(),
            phase: Phase::Unset,
            case: "unset/id".to_owned(),
            kind: FindingKind::RuleNotChecked,
            intent: String::new(),
            expected: String::new(),
            observed: String::new(),
            sent: Vec::new(),
            json: json.map(str::to_owned),
            again: Some(Again {
                path: "/shop.v1.Shop/Get".to_owned(),
                headers: Vec::new(),
                reset: false,
                expect: Expect::Accepted,
                exercises: Vec::new(),
            }),
        }
    }

    fn reproduce() -> CommandTemplate {
        let glob = globset::Glob::new("shop.v1.Shop/*").expect("it is one");
        CommandTemplate {
            authority: "127.0.0.1:50051".to_owned(),
            connection: vec!["-plaintext".to_owned()],
            headers: vec![HeaderArgument {
                methods: Some(glob.compile_matcher()),
                word: "'authorization: Bearer ${TOKEN}'".to_owned(),
                expands: true,
            }],
            failures: "my failures.json".to_owned(),
        }
    }

    #[test]
    fn what_json_can_say_is_a_line_of_grpcurl() {
        assert_eq!(
            reproduce().line(&finding(Some(r#"{"name":"it's"}"#)), 1),
            r#"grpcurl -plaintext -expand-headers -H 'authorization: Bearer ${TOKEN}' -d '{"name":"it'\''s"}' 127.0.0.1:50051 shop.v1.Shop/Get"#
        );
        let mut elsewhere = finding(Some("{}"));
        elsewhere.method = "/shop.v1.Till/Pay".to_owned();
        if let Some(again) = &mut elsewhere.again {
            again.path.clone_from(&elsewhere.method);
        }
        assert_eq!(
            reproduce().line(&elsewhere, 1),
            "grpcurl -plaintext -d '{}' 127.0.0.1:50051 shop.v1.Till/Pay"
        );
    }

    #[test]
    fn what_json_can_not_say_is_replayed() {
        let expected = "proofread replay 'my failures.json' --only 7";
        assert_eq!(reproduce().line(&finding(None), 7), expected);
        let mut reset = finding(Some("{}"));
        if let Some(again) = &mut reset.again {
            again.reset = true;
        }
        assert_eq!(reproduce().line(&reset, 7), expected);
    }
}

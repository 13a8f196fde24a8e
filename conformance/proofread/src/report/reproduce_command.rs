//! The shell command that reproduces a failure.

use crate::finding::Finding;

/// What the commands that reproduce the failures of one run have in common.
#[derive(Debug, Clone, Default)]
pub struct CommandTemplate {
    /// `host:port`.
    pub authority: String,
    /// The grpcurl flags for the connection: `-plaintext`, or `-cacert ca.pem`.
    pub connection: Vec<String>,
    /// Metadata of the calls. Variables and files are not expanded, so that no secret
    /// gets into a report.
    pub headers: Vec<HeaderArgument>,
    /// The file in which the failures are recorded.
    pub failures: String,
}

/// One `-H` argument of grpcurl, without secrets.
#[derive(Debug, Clone)]
pub struct HeaderArgument {
    /// Matches the methods that carry the header; `None` means all methods.
    pub methods: Option<globset::GlobMatcher>,
    /// Quoted for the shell: `'authorization: Bearer ${TOKEN}'`.
    pub shell_word: String,
    /// Whether it contains variables that grpcurl has to expand.
    pub has_variables: bool,
}

/// Longer requests are replayed from the file: they are unreadable in a report, and a
/// shell argument is limited to about 100 KiB.
const MAX_JSON_BYTES: usize = 4096;

impl CommandTemplate {
    /// The command for a failure: grpcurl where JSON can express all that was sent, and
    /// otherwise `proofread replay`. `id` is the number of the recorded failure.
    pub fn command(&self, finding: &Finding, id: usize) -> String {
        let is_plain_call = finding.suspects.is_empty()
            && finding.reproduction.as_ref().is_some_and(|reproduction| {
                reproduction.headers.is_empty()
                    && !reproduction.reset
                    && reproduction.path == finding.method
            });
        match &finding.json {
            Some(json) if is_plain_call && json.len() < MAX_JSON_BYTES => {
                self.grpcurl(&finding.method, json)
            }
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
        if headers.iter().any(|header| header.has_variables) {
            words.push("-expand-headers".to_owned());
        }
        for header in headers {
            words.extend(["-H".to_owned(), header.shell_word.clone()]);
        }
        // grpcurl accepts the messages of a stream on one line.
        let json = json.replace('\n', " ");
        words.extend(["-d".to_owned(), quoted_always(&json)]);
        words.extend([self.authority.clone(), method.to_owned()]);
        words.join(" ")
    }
}

/// A word for the shell, in single quotes if it contains special characters.
pub fn quoted(word: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        quoted_always(word)
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
        finding::{FindingKind, Reproduction},
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
            reproduction: Some(Reproduction {
                path: "/shop.v1.Shop/Get".to_owned(),
                headers: Vec::new(),
                reset: false,
                piece: 0,
                expect: Expect::Accepted,
                exercises: Vec::new(),
            }),
            suspects: Vec::new(),
        }
    }

    fn template() -> CommandTemplate {
        let glob = globset::Glob::new("shop.v1.Shop/*").expect("the glob is valid");
        CommandTemplate {
            authority: "127.0.0.1:50051".to_owned(),
            connection: vec!["-plaintext".to_owned()],
            headers: vec![HeaderArgument {
                methods: Some(glob.compile_matcher()),
                shell_word: "'authorization: Bearer ${TOKEN}'".to_owned(),
                has_variables: true,
            }],
            failures: "my failures.json".to_owned(),
        }
    }

    #[test]
    fn plain_json_request_is_reproduced_by_grpcurl() {
        assert_eq!(
            template().command(&finding(Some(r#"{"name":"it's"}"#)), 1),
            r#"grpcurl -plaintext -expand-headers -H 'authorization: Bearer ${TOKEN}' -d '{"name":"it'\''s"}' 127.0.0.1:50051 shop.v1.Shop/Get"#
        );
        let mut elsewhere = finding(Some("{}"));
        elsewhere.method = "/shop.v1.Payments/Pay".to_owned();
        if let Some(reproduction) = &mut elsewhere.reproduction {
            reproduction.path.clone_from(&elsewhere.method);
        }
        assert_eq!(
            template().command(&elsewhere, 1),
            "grpcurl -plaintext -d '{}' 127.0.0.1:50051 shop.v1.Payments/Pay"
        );
    }

    #[test]
    fn request_that_json_cannot_express_is_replayed_from_the_file() {
        let expected = "proofread replay 'my failures.json' --only 7";
        assert_eq!(template().command(&finding(None), 7), expected);
        let mut reset = finding(Some("{}"));
        if let Some(reproduction) = &mut reset.reproduction {
            reproduction.reset = true;
        }
        assert_eq!(template().command(&reset, 7), expected);
    }
}

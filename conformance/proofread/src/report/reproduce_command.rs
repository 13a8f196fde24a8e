//! The shell command that reproduces a failure.

use std::collections::BTreeMap;

use crate::finding::{Finding, Sequence};

/// What the commands that reproduce the failures of one run have in common.
#[derive(Debug, Clone, Default)]
pub struct CommandTemplate {
    /// `host:port`.
    pub authority: String,
    /// The grpcurl flags for all connections: `-plaintext`, or `-cacert ca.pem`.
    pub connection: Vec<String>,
    /// The client certificates of the calls. The first that matches is used.
    pub certificates: Vec<CertificateArgument>,
    /// Metadata of the calls. Variables and files are not expanded, so that no secret
    /// gets into a report.
    pub headers: Vec<HeaderArgument>,
    /// The header of each credential by its name, for calls of another caller than usual.
    pub callers: BTreeMap<String, HeaderArgument>,
    /// The file in which the failures are recorded.
    pub failures: String,
}

/// A client certificate as arguments of grpcurl.
#[derive(Debug, Clone)]
pub struct CertificateArgument {
    /// Matches the methods that are called with it; `None` means all methods.
    pub methods: Option<globset::GlobMatcher>,
    /// Quoted for the shell: `-cert`, the file, `-key` and the file.
    pub shell_words: [String; 4],
}

/// One `-H` argument of grpcurl, without secrets.
#[derive(Debug, Clone)]
pub struct HeaderArgument {
    /// The name of the header, in lower case.
    pub name: String,
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

/// Longer sequences are replayed from the file.
const MAX_CALLS: usize = 20;

/// How the names of variables begin that are new idempotency keys in each run.
const REQUEST_ID: &str = "request_id";

/// Around the names of variables, until the JSON is quoted. Requests contain no characters of
/// the private use area unless a rule asks for them.
const BEGIN: char = '\u{e000}';
const END: char = '\u{e001}';

impl CommandTemplate {
    /// The command for a failure: grpcurl where JSON can express all that was sent, and
    /// otherwise `proofread replay`. A sequence of calls is a line for each call. `id` is the
    /// number of the recorded failure.
    pub fn command(&self, finding: &Finding, id: usize) -> String {
        let is_short = |sequence: &&Sequence| {
            let mut calls = sequence.calls.iter();
            sequence.calls.len() <= MAX_CALLS && calls.all(|it| it.request.len() < MAX_JSON_BYTES)
        };
        if let Some(sequence) = finding.sequence.as_ref().filter(is_short) {
            return self.sequence(sequence);
        }
        let is_plain_call = finding.suspects.is_empty()
            && finding.reproduction.as_ref().is_some_and(|reproduction| {
                reproduction.headers.is_empty()
                    && !reproduction.reset
                    && reproduction.path == finding.method
            });
        match &finding.json {
            Some(json) if is_plain_call && json.len() < MAX_JSON_BYTES => {
                self.grpcurl(&finding.method, json, None)
            }
            _ => format!("proofread replay {} --only {id}", quoted(&self.failures)),
        }
    }

    /// The calls of a sequence as shell commands. `jq` reads the values that later calls need
    /// from the responses.
    fn sequence(&self, sequence: &Sequence) -> String {
        let mut lines = Vec::new();
        let mut keys: Vec<&String> = Vec::new();
        for call in &sequence.calls {
            let is_key = |name: &&String| name.starts_with(REQUEST_ID);
            for key in call.variables.values().filter(is_key) {
                if !keys.contains(&key) {
                    keys.push(key);
                    lines.push(format!("{key}=$(uuidgen)"));
                }
            }
            let json = with_variables(&call.request, &call.variables);
            let command = self.grpcurl(&call.method, &json, call.credential.as_deref());
            let command = command.replace(BEGIN, "'\"$").replace(END, "\"'");
            let captured: Vec<(&String, &String)> = call.captured.iter().collect();
            match captured.as_slice() {
                [] => lines.push(command),
                [(name, path)] => lines.push(format!("{name}=$({command} | jq -r {path})")),
                several => {
                    lines.push(format!("answer=$({command})"));
                    for (name, path) in several {
                        lines.push(format!("{name}=$(jq -r {path} <<<\"$answer\")"));
                    }
                }
            }
        }
        lines.join("\n")
    }

    /// `credential` is the name of the caller, if it is not the usual one.
    fn grpcurl(&self, path: &str, json: &str, credential: Option<&str>) -> String {
        let method = path.trim_start_matches('/');
        let mut words = vec!["grpcurl".to_owned()];
        words.extend(self.connection.iter().cloned());
        let is_of_method = |methods: &Option<globset::GlobMatcher>| {
            let methods = methods.as_ref();
            methods.is_none_or(|methods| methods.is_match(method))
        };
        let mut certificates = self.certificates.iter();
        if let Some(used) = certificates.find(|it| is_of_method(&it.methods)) {
            words.extend(used.shell_words.iter().cloned());
        }
        let applies = |header: &&HeaderArgument| is_of_method(&header.methods);
        let caller = credential.and_then(|name| self.callers.get(name));
        let is_of_callers = |header: &HeaderArgument| {
            let mut callers = self.callers.values();
            caller.is_some() && callers.any(|caller| caller.name == header.name)
        };
        let usual = self.headers.iter().filter(applies);
        let headers: Vec<&HeaderArgument> = usual
            .filter(|header| !is_of_callers(header))
            .chain(caller)
            .collect();
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

/// The JSON of a request with the names of variables instead of some values, between
/// [`BEGIN`] and [`END`].
fn with_variables(json: &str, variables: &BTreeMap<String, String>) -> String {
    let Ok(mut request) = serde_json::from_str::<serde_json::Value>(json) else {
        return json.to_owned();
    };
    for (pointer, name) in variables {
        if let Some(value) = request.pointer_mut(pointer) {
            *value = format!("{BEGIN}{name}{END}").into();
        }
    }
    request.to_string()
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
        finding::{FindingKind, Reproduction, SequenceCall},
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
            sequence: None,
        }
    }

    fn template() -> CommandTemplate {
        let glob = globset::Glob::new("shop.v1.Shop/*").expect("the glob is valid");
        CommandTemplate {
            authority: "127.0.0.1:50051".to_owned(),
            connection: vec!["-plaintext".to_owned()],
            callers: BTreeMap::new(),
            certificates: Vec::new(),
            headers: vec![HeaderArgument {
                name: "authorization".to_owned(),
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

    #[test]
    fn sequence_is_reproduced_by_a_command_for_each_call() {
        let call = |method: &str, request: &str| SequenceCall {
            method: format!("/shop.v1.Shop/{method}"),
            credential: None,
            request: request.to_owned(),
            variables: BTreeMap::new(),
            captured: BTreeMap::new(),
            observed: String::new(),
        };
        let mut create = call("Create", r#"{"requestId":"7","title":"it's"}"#);
        create
            .variables
            .insert("/requestId".to_owned(), "request_id_a".to_owned());
        create
            .captured
            .insert("a".to_owned(), ".note.noteId".to_owned());
        let mut get = call("Get", r#"{"noteId":"n1"}"#);
        get.variables.insert("/noteId".to_owned(), "a".to_owned());
        get.credential = Some("bob".to_owned());
        let mut found = finding(None);
        found.sequence = Some(Sequence {
            resource: "shop.v1.Note".to_owned(),
            steps: Vec::new(),
            calls: vec![create, get],
        });
        let mut template = template();
        let bob = HeaderArgument {
            name: "authorization".to_owned(),
            methods: None,
            shell_word: "'authorization: Bearer ${BOB_TOKEN}'".to_owned(),
            has_variables: true,
        };
        template.callers.insert("bob".to_owned(), bob);
        let lines = template.command(&found, 1);
        assert_eq!(
            lines.lines().collect::<Vec<_>>(),
            [
                "request_id_a=$(uuidgen)",
                r#"a=$(grpcurl -plaintext -expand-headers -H 'authorization: Bearer ${TOKEN}' -d '{"requestId":"'"$request_id_a"'","title":"it'\''s"}' 127.0.0.1:50051 shop.v1.Shop/Create | jq -r .note.noteId)"#,
                r#"grpcurl -plaintext -expand-headers -H 'authorization: Bearer ${BOB_TOKEN}' -d '{"noteId":"'"$a"'"}' 127.0.0.1:50051 shop.v1.Shop/Get"#,
            ]
        );
    }
}

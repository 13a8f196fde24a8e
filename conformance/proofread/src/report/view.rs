//! The content of a report. Renderers need nothing else.

use serde::Serialize;

use crate::style::count;

/// The content of a report; also the `summary` of the JSON report.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct View {
    /// The URL of the server.
    pub url: String,
    /// The path of the contract, or that it came from reflection.
    pub contract: String,
    /// The name of the profile.
    pub profile: String,
    /// The seed of the random cases.
    pub seed: u64,
    /// The duration of the run in seconds.
    pub seconds: f64,
    /// The number of cases that were sent.
    pub cases: u64,
    /// The totals of each phase, in the order in which they ran.
    pub phases: Vec<Phase>,
    /// The methods, in the order of the contract.
    pub methods: Vec<Method>,
    /// Failures that occur in several methods, or concern the server as a whole.
    pub shared: Vec<Group>,
    /// The rule coverage of all methods together.
    pub coverage: Coverage,
    /// What could not be tested, and why.
    pub uncovered: Vec<Note>,
    /// The number of failures that the baseline accepts.
    pub accepted: u64,
    /// Entries of the baseline that expired or are not needed any more.
    pub baseline: Vec<Note>,
    /// Cases in which proofread contradicts itself.
    pub defects: Vec<Note>,
    /// Observations that are no failures, such as a lost connection.
    pub remarks: Vec<String>,
    /// The file in which the failures are recorded.
    pub failures: Option<String>,
    /// The number of failures that are not recorded, because there were too many.
    pub left_out: u64,
    /// The reason why the run ended early, if it did.
    pub aborted: Option<String>,
}

/// The counts of a phase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// The name: `boundary`.
    pub name: String,
    /// The number of cases that were sent.
    pub cases: u64,
    /// The number of failures.
    pub failed: u64,
}

/// The results of a method.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Method {
    /// The name: `bookstore.inventory.v1.InventoryService/GetBook`.
    pub name: String,
    /// Where the method is declared: `shop/v1/shop.proto:5`.
    #[serde(rename = "place")]
    pub source_location: Option<String>,
    /// The counts of each phase.
    pub phases: Vec<Phase>,
    /// The failures, similar ones grouped.
    pub groups: Vec<Group>,
    /// The coverage of the rules of its request.
    pub coverage: Coverage,
}

/// A group of similar failures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The number of the first failure, for `replay --only`.
    pub id: usize,
    /// The numbers of all recorded failures of the group.
    pub ids: Vec<usize>,
    /// The number of failures in the group.
    pub count: u64,
    /// The ids of up to 20 further cases of the group.
    #[serde(rename = "alike")]
    pub similar_cases: Vec<String>,
    /// The [ids](crate::finding::Finding::ids) of the first failure, the same in each run.
    pub finding_ids: Vec<String>,
    /// The kind of failure: "rule not checked".
    pub title: String,
    /// The phase of the first failure.
    pub phase: String,
    /// The id of the first case.
    pub case: String,
    /// Why the case was sent: "book_id left unset".
    pub intent: String,
    /// The request as JSON, or in hexadecimal.
    pub sent: String,
    /// The answer that the contract requires.
    pub expected: String,
    /// Where the contract requires it.
    #[serde(rename = "places")]
    pub source_locations: Vec<String>,
    /// The answers of the server, one per line.
    pub observed: String,
    /// The shell command that reproduces the first failure.
    pub reproduce: String,
    /// The methods in which the failures occurred.
    pub methods: Vec<String>,
}

/// From how many sides rules were tested: with requests that keep a rule, and with requests
/// that break it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// The number of rules that were tested from both sides.
    pub both: u64,
    /// The number of rules that were tested from one side.
    pub one: u64,
    /// The number of rules that were not tested.
    pub none: u64,
    /// The rules that were not tested from both sides.
    pub gaps: Vec<Gap>,
}

/// A rule that was not tested from both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// The full name of the field.
    pub field: String,
    /// The id of the rule.
    pub rule: String,
    /// What is missing, and the reason if it is known.
    pub reason: String,
}

/// A note about a part of the contract or a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The method, field or case that the note is about.
    pub about: String,
    /// The text of the note.
    pub text: String,
}

/// A note that applies to several methods, fields or cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupedNote {
    /// What the note is about.
    pub about: Vec<String>,
    /// The text of the note.
    pub text: String,
}

/// Merges notes with the same text into one.
pub fn group_notes(notes: &[Note]) -> Vec<GroupedNote> {
    let mut grouped: Vec<GroupedNote> = Vec::new();
    for note in notes {
        match grouped.iter_mut().find(|known| known.text == note.text) {
            Some(known) => known.about.push(note.about.clone()),
            None => grouped.push(GroupedNote {
                about: vec![note.about.clone()],
                text: note.text.clone(),
            }),
        }
    }
    grouped
}

impl View {
    /// The number of failures.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }

    /// Whether at least one case was sent and none failed.
    pub fn keeps_contract(&self) -> bool {
        self.failed() == 0 && !self.is_empty()
    }

    /// Whether the run tested nothing and so has no verdict.
    pub fn is_empty(&self) -> bool {
        self.failed() == 0 && self.methods.iter().all(|method| method.cases() == 0)
    }

    /// The number of cases per second.
    pub fn cases_per_second(&self) -> u64 {
        match self.seconds {
            seconds if seconds > 0.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "a rate to be shown"
                )]
                let rate = (self.cases as f64 / seconds) as u64;
                rate
            }
            _ => 0,
        }
    }

    /// The number of methods with a failure.
    pub fn failing_methods(&self) -> usize {
        let shared = self.shared.iter().flat_map(|group| &group.methods);
        let own = self
            .methods
            .iter()
            .filter(|method| !method.groups.is_empty());
        let mut names: Vec<&String> = shared.chain(own.map(|method| &method.name)).collect();
        names.sort();
        names.dedup();
        names.len()
    }

    /// Advice to choose a profile, if only the wire phase fails: gRPC implementations differ
    /// there.
    pub fn hint(&self) -> Option<&'static str> {
        let failed_elsewhere = |phase: &Phase| phase.name != "wire" && phase.failed > 0;
        let only_wire = !self.keeps_contract() && !self.phases.iter().any(failed_elsewhere);
        (only_wire && self.profile == "strict").then_some(
            "only the wire phase fails, in which gRPC implementations differ; name yours by --profile tonic, grpcio, grpc-go, grpc-java, connect or connect-node",
        )
    }

    /// The verdict in one line.
    pub fn verdict(&self) -> String {
        if self.is_empty() {
            return "nothing was checked".to_owned();
        }
        let checked = self.checked_methods();
        let methods = count(checked as u64, "method");
        let verdict = match (self.keeps_contract(), self.failing_methods()) {
            (true, _) => {
                let cases = count(self.cases, "case");
                format!("the server keeps its contract in {cases} of {methods}")
            }
            (false, failing) => {
                let failed = count(self.failed(), "failure");
                match failing {
                    0 => format!("the server breaks its contract: {failed}"),
                    _ => format!(
                        "the server breaks its contract: {failed} in {failing} of {methods}"
                    ),
                }
            }
        };
        let verdict = match self.accepted {
            0 => verdict,
            accepted => format!("{verdict}; {} accepted", count(accepted, "known failure")),
        };
        match self.methods.len() - checked {
            0 => verdict,
            others => format!("{verdict}; {} not checked", count(others as u64, "method")),
        }
    }

    /// The number of methods that were checked.
    pub fn checked_methods(&self) -> usize {
        let methods = self.methods.iter();
        methods.filter(|method| method.is_checked()).count()
    }
}

impl Method {
    /// Whether the method was tested beyond the baseline, which only shows that the method
    /// exists, beyond the behaviour phase, which only tests its credential, and beyond the
    /// sequences, which concern only some methods.
    pub fn is_checked(&self) -> bool {
        let is_rule_phase =
            |phase: &&Phase| !matches!(phase.name.as_str(), "baseline" | "behaviour" | "sequences");
        let mut others = self.phases.iter().filter(is_rule_phase).peekable();
        match others.peek() {
            Some(_) => others.any(|phase| phase.cases > 0),
            None => self.cases() > 0,
        }
    }

    /// The number of cases that were sent to the method.
    pub fn cases(&self) -> u64 {
        self.phases.iter().map(|phase| phase.cases).sum()
    }

    /// The number of failures of the method.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }
}

impl Coverage {
    /// The number of rules.
    pub fn rules(&self) -> u64 {
        self.both + self.one + self.none
    }

    /// A part of the rules in thousandths.
    pub fn per_mille(&self, part: &u64) -> u64 {
        (part * 1000).checked_div(self.rules()).unwrap_or(0)
    }
}

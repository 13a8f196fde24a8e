//! What a report shows, ready to be laid out: no renderer looks anything up.

use serde::Serialize;

use crate::style::count;

/// A report.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct View {
    /// The server.
    pub url: String,
    /// Where the contract comes from.
    pub contract: String,
    /// The profile that the server was held to.
    pub profile: String,
    /// The seed of the random cases.
    pub seed: u64,
    /// How long the run took.
    pub seconds: f64,
    /// How many cases were sent.
    pub cases: u64,
    /// The totals of each phase, in the order in which they ran.
    pub phases: Vec<Phase>,
    /// The methods, in the order of the contract.
    pub methods: Vec<Method>,
    /// Failures that several methods share, or that concern the server as a whole.
    pub shared: Vec<Group>,
    /// How much of the rules was exercised.
    pub coverage: Coverage,
    /// What has no case, and why.
    pub uncovered: Vec<Note>,
    /// Where proofread contradicts itself.
    pub defects: Vec<Note>,
    /// What happened that is no finding.
    pub remarks: Vec<String>,
    /// Where the failures are recorded.
    pub failures: Option<String>,
    /// How many of them are not recorded: there were too many.
    pub left_out: u64,
    /// Why the run ended early, where it did.
    pub aborted: Option<String>,
}

/// How a phase went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// `boundary`.
    pub name: String,
    /// How many cases were sent.
    pub cases: u64,
    /// How many findings there are.
    pub failed: u64,
}

/// How a method fares.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Method {
    /// `bookstore.inventory.v1.InventoryService/GetBook`.
    pub name: String,
    /// Where it is declared.
    pub place: Option<String>,
    /// Its phases.
    pub phases: Vec<Phase>,
    /// Its failures, alike ones as one.
    pub groups: Vec<Group>,
    /// The rules of its request.
    pub coverage: Coverage,
}

/// Failures that are alike.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The number of the first one, by which `replay --only` finds it.
    pub id: usize,
    /// The numbers of all that are recorded.
    pub ids: Vec<usize>,
    /// How many failures are alike, this one among them.
    pub count: u64,
    /// The ids of some other cases.
    pub alike: Vec<String>,
    /// What is wrong: "rule not checked".
    pub title: String,
    /// The phase that found the first one.
    pub phase: String,
    /// The id of its case.
    pub case: String,
    /// Why it was sent.
    pub intent: String,
    /// What was sent: JSON, or a hexadecimal dump.
    pub sent: String,
    /// What the contract says.
    pub expected: String,
    /// Where it says so.
    pub places: Vec<String>,
    /// What came back.
    pub observed: String,
    /// The line that does it again.
    pub reproduce: String,
    /// The methods that it concerns.
    pub methods: Vec<String>,
}

/// How many rules were seen from which sides.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Coverage {
    /// From both.
    pub both: u64,
    /// From one.
    pub one: u64,
    /// From none.
    pub none: u64,
    /// Those that are not seen from both sides: field, rule and reason.
    pub gaps: Vec<Gap>,
}

/// A rule that was not seen from both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// The full name of the field.
    pub field: String,
    /// The id of the rule.
    pub rule: String,
    /// What is missing, and why where it is known.
    pub reason: String,
}

/// Something about something.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// What it is about: a method, a field, a case.
    pub about: String,
    /// What is to say.
    pub text: String,
}

/// What is said of several things.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupedNote {
    /// The things.
    pub about: Vec<String>,
    /// What is to say.
    pub text: String,
}

/// What is said of many things is said once.
pub fn group_notes(notes: &[Note]) -> Vec<GroupedNote> {
    let mut folded: Vec<GroupedNote> = Vec::new();
    for note in notes {
        match folded.iter_mut().find(|known| known.text == note.text) {
            Some(known) => known.about.push(note.about.clone()),
            None => folded.push(GroupedNote {
                about: vec![note.about.clone()],
                text: note.text.clone(),
            }),
        }
    }
    folded
}

impl View {
    /// How many failures there are.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }

    /// Whether the server keeps its contract, as far as it was asked anything.
    pub fn keeps_contract(&self) -> bool {
        self.failed() == 0 && !self.is_empty()
    }

    /// Whether there is no verdict: no method was sent anything, and nothing failed.
    pub fn is_empty(&self) -> bool {
        self.failed() == 0 && self.methods.iter().all(|method| method.cases() == 0)
    }

    /// Cases sent and judged in a second.
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

    /// How many methods have a failure.
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

    /// What to try where nothing fails but what stacks do in their own ways.
    pub fn hint(&self) -> Option<&'static str> {
        let elsewhere = |phase: &Phase| phase.name != "wire" && phase.failed > 0;
        let only_wire = !self.keeps_contract() && !self.phases.iter().any(elsewhere);
        (only_wire && self.profile == "strict").then_some(
            "only the wire phase fails: stacks differ there; say which one it is by --profile tonic, grpcio, grpc-go, grpc-java or connect",
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
        match self.methods.len() - checked {
            0 => verdict,
            others => format!("{verdict}; {} not checked", count(others as u64, "method")),
        }
    }

    /// How many methods were checked.
    pub fn checked_methods(&self) -> usize {
        let methods = self.methods.iter();
        methods.filter(|method| method.is_checked()).count()
    }
}

impl Method {
    /// Whether it was sent more than the first request, which shows whether it is
    /// there, and the claims about its credential.
    pub fn is_checked(&self) -> bool {
        let beyond = |phase: &&Phase| !matches!(phase.name.as_str(), "baseline" | "behaviour");
        let mut others = self.phases.iter().filter(beyond).peekable();
        match others.peek() {
            Some(_) => others.any(|phase| phase.cases > 0),
            None => self.cases() > 0,
        }
    }

    /// How many cases were sent to it.
    pub fn cases(&self) -> u64 {
        self.phases.iter().map(|phase| phase.cases).sum()
    }

    /// How many failures it has.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }
}

impl Coverage {
    /// How many rules there are.
    pub fn rules(&self) -> u64 {
        self.both + self.one + self.none
    }

    /// A share of the rules, of 1000.
    pub fn per_mille(&self, part: &u64) -> u64 {
        (part * 1000).checked_div(self.rules()).unwrap_or(0)
    }
}

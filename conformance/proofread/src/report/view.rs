//! What a report shows, ready to be laid out: no renderer looks anything up.

use serde::Serialize;

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
    /// Where the failures are recorded.
    pub failures: Option<String>,
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
    /// The numbers of all.
    pub ids: Vec<usize>,
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

impl View {
    /// How many failures there are.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }

    /// Whether the server keeps its contract.
    pub fn is_kept(&self) -> bool {
        self.failed() == 0
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
        let own = self.methods.iter().filter(|method| !method.groups.is_empty());
        let mut names: Vec<&String> = shared.chain(own.map(|method| &method.name)).collect();
        names.sort();
        names.dedup();
        names.len()
    }

    /// The verdict in one line.
    pub fn verdict(&self) -> String {
        use crate::style::count;
        if self.is_kept() {
            return format!("the server keeps its contract in {}", count(self.cases, "case"));
        }
        let methods = self.methods.len() as u64;
        let failed = count(self.failed(), "failure");
        match self.failing_methods() {
            0 => format!("the server breaks its contract: {failed}"),
            failing => format!(
                "the server breaks its contract: {failed} in {failing} of {}",
                count(methods, "method")
            ),
        }
    }
}

impl Method {
    /// How many cases were sent to it.
    pub fn cases(&self) -> u64 {
        self.phases.iter().map(|phase| phase.cases).sum()
    }

    /// How many failures it has.
    pub fn failed(&self) -> u64 {
        self.phases.iter().map(|phase| phase.failed).sum()
    }
}

impl Group {
    /// How many failures are alike.
    pub fn count(&self) -> usize {
        self.ids.len()
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

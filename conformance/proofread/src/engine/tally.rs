//! Keeps count, and keeps what was found in an order that does not depend on which
//! answer came first.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use super::{Count, Event, Found, Note, Plan, Report};
use crate::{
    behaviour::Observed,
    case::{Case, Expect, Phase, RuleTarget},
    contract::Code,
    finding::{Finding, FindingKind},
};

/// How many random failures are made smaller; each takes many calls.
const SHRUNK: usize = 20;

/// The counts and findings of a run.
pub(super) struct Tally<'p, E> {
    events: E,
    plan: &'p Plan<'p>,
    /// The place of each method in the report.
    order: HashMap<String, usize>,
    counts: BTreeMap<(usize, Phase), Count>,
    groups: BTreeMap<Group, Members>,
    random: BTreeMap<(usize, FindingKind), Failed>,
    answers: HashMap<String, Answers>,
    exercised: HashSet<RuleTarget>,
    report: Report,
    launched: u64,
    failed: u64,
}

/// What makes findings alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    method: usize,
    phase: Phase,
    kind: FindingKind,
    family: String,
}

/// The number of a case, and that of a finding among those of the case.
type At = (u64, usize);

struct Members {
    /// Of the first: what `finding` is about.
    at: At,
    finding: Finding,
    others: BTreeMap<At, Finding>,
    count: u64,
}

/// A random case that failed, to be made smaller.
pub(super) struct Failed {
    index: u64,
    pub(super) case: Case,
    pub(super) kind: FindingKind,
}

/// How a method answered valid requests.
#[derive(Default)]
struct Answers {
    codes: BTreeSet<Code>,
}

impl<'p, E: FnMut(Event)> Tally<'p, E> {
    pub(super) fn new(plan: &'p Plan<'p>, events: E) -> Self {
        let methods = plan.methods.iter().enumerate();
        Self {
            events,
            plan,
            // What concerns the server comes first.
            order: methods
                .map(|(at, method)| (method.path.clone(), at + 1))
                .collect(),
            counts: BTreeMap::new(),
            groups: BTreeMap::new(),
            random: BTreeMap::new(),
            answers: HashMap::new(),
            exercised: HashSet::new(),
            report: Report {
                profile: plan.profile.name.to_owned(),
                seed: plan.seed,
                ..Report::default()
            },
            launched: 0,
            failed: 0,
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        (self.events)(event);
    }

    /// The number of the next case.
    pub(super) fn launch(&mut self) -> u64 {
        self.launched += 1;
        self.launched
    }

    pub(super) fn uncover(&mut self, about: &str, text: String) {
        let about = about.to_owned();
        self.report.uncovered.push(Note { about, text });
    }

    pub(super) fn derived(&mut self, uncovered: Vec<Note>, defects: Vec<Note>) {
        self.report.uncovered.extend(uncovered);
        self.report.defects.extend(defects);
    }

    pub(super) fn remark(&mut self, text: &str) {
        self.report.remarks.push(text.to_owned());
    }

    pub(super) fn stop(&mut self, why: &str) {
        self.report.stopped.get_or_insert_with(|| why.to_owned());
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.report.stopped.is_some()
    }

    /// Notes a case that was judged; without a code there was no answer.
    pub(super) fn record(
        &mut self,
        index: u64,
        case: Case,
        code: Option<Code>,
        findings: Vec<Finding>,
    ) {
        let failed = !findings.is_empty();
        let count = self.count(&case.method, case.phase);
        count.sent += 1;
        count.failed += u64::from(failed);
        if let (Expect::Accepted, Some(code)) = (&case.expect, code) {
            if !self.answers.contains_key(&case.method) {
                self.answers.insert(case.method.clone(), Answers::default());
            }
            if let Some(answers) = self.answers.get_mut(&case.method) {
                answers.codes.insert(code);
            }
        }
        for exercise in &case.exercises {
            if !self.exercised.contains(exercise) {
                self.exercised.insert(exercise.clone());
            }
        }
        self.progress(failed);
        if !failed {
            return;
        }
        if case.phase == Phase::Random {
            let kind = findings[0].kind;
            let method = self.place(&case.method);
            let earlier = self.random.get(&(method, kind));
            if earlier.is_none_or(|earlier| index < earlier.index) {
                let failed = Failed { index, case, kind };
                self.random.insert((method, kind), failed);
            }
        }
        for (nth, finding) in findings.into_iter().enumerate() {
            self.found((index, nth), finding);
        }
    }

    /// Notes a case that a busy server did not look at.
    pub(super) fn inconclusive(&mut self, case: &Case) {
        let count = self.count(&case.method, case.phase);
        count.sent += 1;
        count.inconclusive += 1;
        self.progress(false);
    }

    /// Notes what behaviour showed.
    pub(super) fn observed(&mut self, observed: Observed) {
        for (method, claims) in observed.claims {
            let method = method.unwrap_or_default();
            self.count(&method, Phase::Behaviour).sent += claims;
            self.report.cases += claims;
        }
        for (about, text) in observed.untried {
            self.uncover(&about, text);
        }
        for finding in observed.findings {
            let index = self.launch();
            self.count(&finding.method, Phase::Behaviour).failed += 1;
            self.failed += 1;
            self.found((index, 0), finding);
        }
    }

    fn progress(&mut self, failed: bool) {
        self.report.cases += 1;
        self.failed += u64::from(failed);
        let (cases, failed) = (self.report.cases, self.failed);
        self.event(Event::Case { cases, failed });
        if self.plan.stop_after.is_some_and(|most| failed >= most) {
            self.stop("enough cases have failed");
        }
    }

    fn found(&mut self, at: At, finding: Finding) {
        let group = Group {
            method: self.place(&finding.method),
            phase: finding.phase,
            kind: finding.kind,
            family: family(&finding),
        };
        if let Some(members) = self.groups.get_mut(&group) {
            members.count += 1;
            let (later, other) = match at < members.at {
                true => (
                    std::mem::replace(&mut members.at, at),
                    std::mem::replace(&mut members.finding, finding),
                ),
                false => (at, finding),
            };
            members.others.insert(later, other);
            if members.others.len() >= Report::KEPT {
                members.others.pop_last();
            }
            return;
        }
        self.event(Event::Found {
            finding: Box::new(finding.clone()),
        });
        let members = Members {
            at,
            finding,
            others: BTreeMap::new(),
            count: 1,
        };
        self.groups.insert(group, members);
    }

    fn place(&self, method: &str) -> usize {
        self.order.get(method).copied().unwrap_or(0)
    }

    fn count(&mut self, method: &str, phase: Phase) -> &mut Count {
        let place = self.place(method);
        self.counts.entry((place, phase)).or_insert_with(|| Count {
            method: method.to_owned(),
            phase,
            sent: 0,
            failed: 0,
            inconclusive: 0,
        })
    }

    /// The first random failures of each method and kind.
    pub(super) fn take_random_failures(&mut self) -> Vec<Failed> {
        let failures = std::mem::take(&mut self.random).into_values();
        failures.take(SHRUNK).collect()
    }

    /// Shows the smallest case in place of the one that was found.
    pub(super) fn shrunk(&mut self, failed: &Failed, findings: Vec<Finding>) {
        let smaller = findings.into_iter().find(|it| it.kind == failed.kind);
        let group = self
            .groups
            .values_mut()
            .find(|members| members.at.0 == failed.index && members.finding.kind == failed.kind);
        if let (Some(smaller), Some(group)) = (smaller, group) {
            group.finding = smaller;
        }
    }

    /// Whether all valid requests of a method were answered by this code.
    pub(super) fn answered_only(&self, method: &str, code: Code) -> bool {
        let answers = self.answers.get(method);
        answers.is_some_and(|answers| answers.codes.iter().all(|it| *it == code))
    }

    /// The codes of a method that never answered OK.
    pub(super) fn never_ok(&self, method: &str) -> Option<String> {
        let answers = self.answers.get(method)?;
        if answers.codes.contains(&Code(0)) || answers.codes.is_empty() {
            return None;
        }
        let names: Vec<String> = answers.codes.iter().map(Code::to_string).collect();
        Some(names.join(", "))
    }

    /// Takes back what was found about a method that is not there.
    pub(super) fn forget(&mut self, method: &str) {
        let place = self.place(method);
        let groups = std::mem::take(&mut self.groups).into_iter();
        self.groups = groups.filter(|(group, _)| group.method != place).collect();
        for ((of, _), count) in &mut self.counts {
            if *of == place {
                self.failed -= count.failed;
                self.report.cases -= count.sent;
                (count.sent, count.failed) = (0, 0);
            }
        }
    }

    pub(super) fn finish(mut self, took: Duration) -> Report {
        self.report.seconds = took.as_secs_f64();
        self.report.counts = self.counts.into_values().collect();
        let mut room = Report::KEPT.saturating_sub(self.groups.len());
        let groups = self.groups.into_values();
        self.report.findings = groups
            .map(|members| {
                let alike: Vec<Finding> = members.others.into_values().take(room).collect();
                room -= alike.len();
                Found {
                    finding: members.finding,
                    alike,
                    count: members.count,
                }
            })
            .collect();
        self.report.exercised = self.exercised.into_iter().collect();
        self.report
    }
}

/// The first two parts of the id: the phase, and what it is about. Random cases of
/// a method are one family.
fn family(finding: &Finding) -> String {
    let parts = match finding.phase {
        Phase::Random => 1,
        _ => 2,
    };
    let parts: Vec<&str> = finding.case.split('/').take(parts).collect();
    parts.join("/")
}

//! Collects counts and findings in an order that does not depend on the order in which
//! answers arrive.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use super::{Count, Event, FindingGroup, Note, Plan, Report};
use crate::{
    behaviour::ScenarioResults,
    case::{Case, Expect, Phase, RuleTarget},
    contract::Code,
    finding::{Finding, FindingKind},
};

/// How many random failures are shrunk at most; each takes many calls.
const MAX_SHRUNK: usize = 20;

/// Collects the results of a run, and reports progress as events.
pub(super) struct ResultCollector<'p, E> {
    events: E,
    plan: &'p Plan<'p>,
    /// The position of each method in the report, by path; 0 is the server itself.
    order: HashMap<String, usize>,
    counts: BTreeMap<(usize, Phase), Count>,
    groups: BTreeMap<GroupKey, GroupMembers>,
    /// The first failure of each method and kind in the random phase.
    random: BTreeMap<(usize, FindingKind), RandomFailure>,
    /// The codes by which each method answered valid requests.
    answers: HashMap<String, AnswerCodes>,
    exercised: HashSet<RuleTarget>,
    report: Report,
    last_index: u64,
    failed: u64,
}

/// What the findings of one group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    method: usize,
    phase: Phase,
    kind: FindingKind,
    family: String,
}

/// The number of a case, then the number of the finding among those of the case.
type Position = (u64, usize);

struct GroupMembers {
    /// The position of `finding`, which is the first of the group.
    position: Position,
    finding: Finding,
    others: BTreeMap<Position, Finding>,
    count: u64,
}

/// A random case that failed and is to be shrunk.
pub(super) struct RandomFailure {
    index: u64,
    pub(super) case: Case,
    pub(super) kind: FindingKind,
}

/// The codes by which a method answered valid requests.
#[derive(Default)]
struct AnswerCodes {
    codes: BTreeSet<Code>,
}

impl<'p, E: FnMut(Event)> ResultCollector<'p, E> {
    pub(super) fn new(plan: &'p Plan<'p>, events: E) -> Self {
        let methods = plan.methods.iter().enumerate();
        Self {
            events,
            plan,
            // Findings about the server as a whole come first, at position 0.
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
            last_index: 0,
            failed: 0,
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        (self.events)(event);
    }

    /// The number of the next case.
    pub(super) fn next_index(&mut self) -> u64 {
        self.last_index += 1;
        self.last_index
    }

    pub(super) fn add_uncovered(&mut self, about: &str, text: String) {
        let about = about.to_owned();
        self.report.uncovered.push(Note { about, text });
    }

    pub(super) fn add_derivation_notes(&mut self, uncovered: Vec<Note>, defects: Vec<Note>) {
        self.report.uncovered.extend(uncovered);
        self.report.defects.extend(defects);
    }

    pub(super) fn add_remark(&mut self, text: &str) {
        self.report.remarks.push(text.to_owned());
    }

    pub(super) fn stop(&mut self, why: &str) {
        self.report.stopped.get_or_insert_with(|| why.to_owned());
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.report.stopped.is_some()
    }

    /// Records a case that was judged. `code` is `None` when there was no answer.
    pub(super) fn record(
        &mut self,
        index: u64,
        case: Case,
        code: Option<Code>,
        mut findings: Vec<Finding>,
    ) {
        let found = !findings.is_empty();
        findings.retain(|finding| !self.is_accepted(finding));
        let failed = !findings.is_empty();
        let count = self.count(&case.method, case.phase);
        count.sent += 1;
        count.accepted += u64::from(found && !failed);
        count.failed += u64::from(failed);
        if let (Expect::Accepted, Some(code)) = (&case.expect, code) {
            if !self.answers.contains_key(&case.method) {
                self.answers
                    .insert(case.method.clone(), AnswerCodes::default());
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
            let method = self.method_index(&case.method);
            let earlier = self.random.get(&(method, kind));
            if earlier.is_none_or(|earlier| index < earlier.index) {
                let failed = RandomFailure { index, case, kind };
                self.random.insert((method, kind), failed);
            }
        }
        for (nth, finding) in findings.into_iter().enumerate() {
            self.add_finding((index, nth), finding);
        }
    }

    /// Records a finding that no single case is proved to cause.
    pub(super) fn record_unproved(&mut self, index: u64, finding: Finding) {
        let accepted = self.is_accepted(&finding);
        let count = self.count(&finding.method, finding.phase);
        count.sent += 1;
        count.failed += u64::from(!accepted);
        count.accepted += u64::from(accepted);
        self.progress(!accepted);
        if !accepted {
            self.add_finding((index, 0), finding);
        }
    }

    /// Whether the baseline accepts a finding, whose ids are recorded in any case.
    fn is_accepted(&mut self, finding: &Finding) -> bool {
        let ids = finding.ids();
        let accepted = self.plan.baseline.accepts(&ids);
        self.report.ids.extend(ids);
        accepted
    }

    /// Records a case to which the server only answered that it is busy.
    pub(super) fn inconclusive(&mut self, case: &Case) {
        let count = self.count(&case.method, case.phase);
        count.sent += 1;
        count.inconclusive += 1;
        self.progress(false);
    }

    /// Records the results of the behaviour scenarios, or of the sequences.
    pub(super) fn record_scenarios(&mut self, phase: Phase, results: ScenarioResults) {
        for (method, claims) in results.claims {
            let method = method.unwrap_or_default();
            self.count(&method, phase).sent += claims;
            self.report.cases += claims;
        }
        for (about, text) in results.skipped {
            self.add_uncovered(&about, text);
        }
        for finding in results.findings {
            let index = self.next_index();
            if self.is_accepted(&finding) {
                self.count(&finding.method, phase).accepted += 1;
                continue;
            }
            self.count(&finding.method, phase).failed += 1;
            self.failed += 1;
            self.add_finding((index, 0), finding);
        }
    }

    fn progress(&mut self, failed: bool) {
        self.report.cases += 1;
        self.failed += u64::from(failed);
        let (cases, failed) = (self.report.cases, self.failed);
        self.event(Event::Case { cases, failed });
        if self.plan.stop_after.is_some_and(|limit| failed >= limit) {
            self.stop("enough cases have failed");
        }
    }

    fn add_finding(&mut self, position: Position, finding: Finding) {
        let group = GroupKey {
            method: self.method_index(&finding.method),
            phase: finding.phase,
            kind: finding.kind,
            family: family(&finding),
        };
        if let Some(members) = self.groups.get_mut(&group) {
            members.count += 1;
            let (later, other) = if position < members.position {
                (
                    std::mem::replace(&mut members.position, position),
                    std::mem::replace(&mut members.finding, finding),
                )
            } else {
                (position, finding)
            };
            members.others.insert(later, other);
            if members.others.len() >= Report::MAX_KEPT {
                members.others.pop_last();
            }
            return;
        }
        self.event(Event::Found {
            ids: finding.ids(),
            finding: Box::new(finding.clone()),
        });
        let members = GroupMembers {
            position,
            finding,
            others: BTreeMap::new(),
            count: 1,
        };
        self.groups.insert(group, members);
    }

    fn method_index(&self, method: &str) -> usize {
        self.order.get(method).copied().unwrap_or(0)
    }

    fn count(&mut self, method: &str, phase: Phase) -> &mut Count {
        let index = self.method_index(method);
        self.counts.entry((index, phase)).or_insert_with(|| Count {
            method: method.to_owned(),
            phase,
            sent: 0,
            failed: 0,
            accepted: 0,
            inconclusive: 0,
        })
    }

    /// Removes and returns the first random failures of each method and kind.
    pub(super) fn take_random_failures(&mut self) -> Vec<RandomFailure> {
        let failures = std::mem::take(&mut self.random).into_values();
        failures.take(MAX_SHRUNK).collect()
    }

    /// Replaces the finding of a random failure by that of its shrunk case.
    pub(super) fn replace_by_shrunk(&mut self, failed: &RandomFailure, findings: Vec<Finding>) {
        let smaller = findings.into_iter().find(|it| it.kind == failed.kind);
        let group = self.groups.values_mut().find(|members| {
            members.position.0 == failed.index && members.finding.kind == failed.kind
        });
        if let (Some(smaller), Some(group)) = (smaller, group) {
            group.finding = smaller;
        }
    }

    /// Whether every valid request of a method was answered by this code.
    pub(super) fn answered_only(&self, method: &str, code: Code) -> bool {
        let answers = self.answers.get(method);
        answers.is_some_and(|answers| answers.codes.iter().all(|it| *it == code))
    }

    /// The codes by which a method answered valid requests, if OK is not among them.
    pub(super) fn codes_if_never_ok(&self, method: &str) -> Option<String> {
        let answers = self.answers.get(method)?;
        if answers.codes.contains(&Code(0)) || answers.codes.is_empty() {
            return None;
        }
        let names: Vec<String> = answers.codes.iter().map(Code::to_string).collect();
        Some(names.join(", "))
    }

    /// Removes the counts and findings of a method that the server does not serve.
    pub(super) fn discard_method(&mut self, method: &str) {
        let index = self.method_index(method);
        let groups = std::mem::take(&mut self.groups).into_iter();
        self.groups = groups.filter(|(group, _)| group.method != index).collect();
        for ((of, _), count) in &mut self.counts {
            if *of == index {
                self.failed -= count.failed;
                self.report.cases -= count.sent;
                (count.sent, count.failed, count.accepted) = (0, 0, 0);
            }
        }
        let prefix = format!("{} ", method.trim_start_matches('/'));
        self.report.ids.retain(|id| !id.starts_with(&prefix));
    }

    pub(super) fn finish(mut self, took: Duration) -> Report {
        self.report.seconds = took.as_secs_f64();
        self.report.counts = self.counts.into_values().collect();
        let mut room = Report::MAX_KEPT.saturating_sub(self.groups.len());
        let groups = self.groups.into_values();
        self.report.findings = groups
            .map(|members| {
                let alike: Vec<Finding> = members.others.into_values().take(room).collect();
                room -= alike.len();
                FindingGroup {
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

/// The first two parts of the case id, `boundary/max_results` for example. All random
/// cases of a method are one family.
fn family(finding: &Finding) -> String {
    let parts = match finding.phase {
        Phase::Random => 1,
        _ => 2,
    };
    let parts: Vec<&str> = finding.case.split('/').take(parts).collect();
    parts.join("/")
}

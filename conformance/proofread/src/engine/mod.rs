//! Runs the cases: phases in order, many calls at once, and what to do when a
//! server slows down, hangs or dies.
//!
//! The order of the report does not depend on which answer comes first. The cases
//! of one phase are in flight together; phases follow one another, and behaviour is
//! tried while nothing else is sent.

mod flight;
mod from_contract;
mod pace;
mod plan;
mod report;
mod source;
mod suspects;
mod tally;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use prost_reflect::DynamicMessage;

use crate::{
    behaviour::{self, Served},
    case::{Case, Expect, Phase, Send},
    cases::Fixtures,
    contract::{Code, Method},
    judge::{Judge, code_of},
    oracle::Oracle,
    probe::{RawBody, Stop},
    wire,
};
use flight::Flight;
use pace::Pace;
use suspects::Trouble;
use tally::Tally;

pub use flight::send;
pub use from_contract::FromContract;
pub use plan::Plan;
pub use report::{Count, Event, Found, Note, Report};
pub use source::{Derived, Source};

/// The phases whose cases are derived together.
const DERIVED: [Phase; 3] = [Phase::Baseline, Phase::Unset, Phase::Boundary];

const UNIMPLEMENTED: Code = Code(12);

/// How many valid requests of a method behaviour is tried with.
const VALID: usize = 24;

/// Runs a plan with the cases of its contract; see [`run_with`].
pub async fn run(plan: &Plan<'_>, fixtures: &Fixtures, events: impl FnMut(Event)) -> Report {
    let source = FromContract::new(plan.contract, fixtures);
    run_with(plan, &source, events).await
}

/// Runs a plan with any cases. Events come as things happen; the report is complete
/// without them.
///
/// A server that can't be reached any more ends the run: the report says so, and
/// holds what was found until then.
pub async fn run_with(plan: &Plan<'_>, source: &impl Source, events: impl FnMut(Event)) -> Report {
    let oracle = Oracle::new(plan.contract);
    let judge = Judge::new(plan.contract, &oracle, &plan.profile);
    let mut run = Run {
        plan,
        source,
        oracle: &oracle,
        judge: &judge,
        flight: Flight::new(plan.probe, &judge, plan.in_flight, plan.timeout),
        tally: Tally::new(plan, events),
        pace: Pace::new(plan),
        trouble: Trouble::default(),
        methods: Vec::new(),
    };
    let started = Instant::now();
    run.prepare().await;
    for phase in Phase::ALL {
        // Without the baseline nothing is known of a method, so it always runs.
        let wanted = phase == Phase::Baseline || plan.phases.contains(&phase);
        if !wanted || run.tally.is_stopped() {
            continue;
        }
        let cases = run.planned(phase);
        run.tally.event(Event::Phase { phase, cases });
        run.phase(phase).await;
        if phase == Phase::Baseline && !run.tally.is_stopped() {
            run.drop_unserved().await;
        }
    }
    run.never_ok();
    run.tally.finish(started.elapsed())
}

/// A run that is under way.
struct Run<'r, S, E> {
    plan: &'r Plan<'r>,
    source: &'r S,
    oracle: &'r Oracle,
    judge: &'r Judge<'r>,
    flight: Flight<'r>,
    tally: Tally<'r, E>,
    pace: Pace,
    trouble: Trouble,
    methods: Vec<Tested<'r>>,
}

/// A method, with what is sent to it.
struct Tested<'r> {
    method: &'r Method,
    /// By phase; taken when the phase runs.
    derived: BTreeMap<Phase, Vec<Case>>,
    valid: Vec<DynamicMessage>,
    authorised: bool,
}

impl<'r, S: Source, E: FnMut(Event)> Run<'r, S, E> {
    async fn prepare(&mut self) {
        for method in &self.plan.methods {
            // Deriving takes its time; the connections must be able to answer a ping.
            tokio::task::yield_now().await;
            let Derived {
                cases,
                uncovered,
                defects,
            } = self.source.derive(method);
            self.tally.derived(uncovered, defects);
            let authorised = self.plan.probe.may_call(method);
            if !authorised && let Some(access) = &method.access {
                let text = format!(
                    "it asks for the credential {:?} under {:?}, and none is configured: only the refusal is tried",
                    access.credential, access.metadata_key
                );
                self.tally.uncover(&method.path, text);
            }
            let valid = valid_requests(&cases);
            let mut derived: BTreeMap<Phase, Vec<Case>> = BTreeMap::new();
            if authorised {
                for case in cases {
                    derived.entry(case.phase).or_default().push(case);
                }
            }
            self.methods.push(Tested {
                method,
                derived,
                valid,
                authorised,
            });
        }
        let methods = self.methods.len();
        self.tally.event(Event::Started { methods });
    }

    /// How many cases a phase sends, where that is known beforehand.
    fn planned(&self, phase: Phase) -> Option<u64> {
        let cases = match phase {
            Phase::Random => self.random_methods().count() * self.plan.random,
            phase if DERIVED.contains(&phase) => {
                let cases = self.methods.iter();
                let cases = cases.filter_map(|tested| tested.derived.get(&phase));
                cases.map(Vec::len).sum()
            }
            _ => return None,
        };
        u64::try_from(cases).ok()
    }

    /// The methods that get random cases.
    fn random_methods(&self) -> impl Iterator<Item = &Tested<'r>> {
        let methods = self.methods.iter();
        methods.filter(|tested| tested.authorised && !tested.valid.is_empty())
    }

    async fn phase(&mut self, phase: Phase) {
        match phase {
            phase if DERIVED.contains(&phase) => {
                let mut cases = Vec::new();
                for tested in &mut self.methods {
                    cases.extend(tested.derived.remove(&phase).unwrap_or_default());
                }
                self.fly(cases).await;
            }
            Phase::Wire => self.wire().await,
            Phase::Behaviour => self.behaviour().await,
            _ => self.random().await,
        }
    }

    /// Sends cases, many at once, and looks into what went wrong on the way.
    async fn fly(&mut self, cases: impl IntoIterator<Item = Case>) {
        let mut cases = cases.into_iter();
        loop {
            let flown = self.flight.run(&mut cases, &mut self.pace, &mut self.tally);
            let suspects = flown.await;
            if suspects.is_empty() {
                return;
            }
            if !self.interrogate(suspects).await {
                return;
            }
        }
    }

    async fn wire(&mut self) {
        for at in 0..self.methods.len() {
            let tested = &self.methods[at];
            if !tested.authorised {
                continue;
            }
            let Some(baseline) = tested.valid.first() else {
                continue;
            };
            let plan = self.plan;
            let cases = wire::cases(
                plan.contract,
                self.oracle,
                tested.method,
                baseline,
                &plan.profile,
            );
            self.fly(cases).await;
            if self.tally.is_stopped() {
                return;
            }
        }
    }

    async fn behaviour(&mut self) {
        let served: Vec<Served<'_>> = self
            .methods
            .iter()
            .filter(|tested| !tested.valid.is_empty())
            .map(|tested| Served {
                method: tested.method,
                valid: tested.valid.clone(),
                authorised: tested.authorised,
            })
            .collect();
        let context = behaviour::Context {
            contract: self.plan.contract,
            oracle: self.oracle,
            judge: self.judge,
            probe: self.plan.probe,
            methods: &served,
            timeout: self.plan.timeout,
        };
        let tried = behaviour::run(&context);
        let observed = match self.pace.left() {
            None => tried.await,
            Some(left) => match tokio::time::timeout(left, tried).await {
                Ok(observed) => observed,
                Err(_) => {
                    self.tally.stop("the time is up");
                    return;
                }
            },
        };
        self.tally.observed(observed);
        // A scenario that takes the server down has its finding already.
        if !self.comes_back().await {
            self.tally.stop("the server went away");
        }
    }

    /// Random cases go around the methods, so that a run that is cut short has seen
    /// a part of each.
    async fn random(&mut self) {
        let source = self.source;
        let seed = self.plan.seed;
        let mut streams: Vec<_> = self
            .random_methods()
            .map(|tested| source.random(tested.method, seed).take(self.plan.random))
            .collect();
        let mut turn = 0;
        let cases = std::iter::from_fn(move || {
            while !streams.is_empty() {
                turn %= streams.len();
                match streams[turn].next() {
                    Some(case) => {
                        turn += 1;
                        return Some(case);
                    }
                    None => drop(streams.remove(turn)),
                }
            }
            None
        });
        self.fly(cases).await;
        self.shrink().await;
    }

    /// Makes the random cases that failed as small as they can be.
    async fn shrink(&mut self) {
        for failed in self.tally.take_random_failures() {
            let (flight, judge) = (&self.flight, self.judge);
            let fails = async |case: &Case| {
                let outcome = flight.send(case).await;
                let findings = judge.judge(case, &outcome);
                findings.iter().any(|finding| finding.kind == failed.kind)
            };
            let smallest = self.source.shrink(&failed.case, fails).await;
            let outcome = flight.send(&smallest).await;
            let findings = judge.judge(&smallest, &outcome);
            self.tally.shrunk(&failed, findings);
        }
    }

    /// Methods that answer UNIMPLEMENTED to a valid request are not there. A service
    /// of which that holds for all methods is not served, which is no failure, unless
    /// the plan requires them; of one that serves others it is one. Reflection is no
    /// witness: some stacks list whatever their descriptors hold.
    async fn drop_unserved(&mut self) {
        let mut unserved = BTreeSet::new();
        for tested in &self.methods {
            let path = &tested.method.path;
            let missing = match tested.authorised {
                true => self.tally.answered_only(path, UNIMPLEMENTED),
                false => self.is_missing(tested).await,
            };
            if missing {
                unserved.insert(path.clone());
            }
        }
        let service = |path: &str| path.rsplit_once('/').map(|(service, _)| service.to_owned());
        let paths = self.methods.iter().map(|tested| &tested.method.path);
        let serving: BTreeSet<Option<String>> = paths
            .filter(|path| !unserved.contains(*path))
            .map(|path| service(path))
            .collect();
        for path in &unserved {
            if !serving.contains(&service(path)) && !self.plan.required.contains(path) {
                self.tally.forget(path);
            }
            let text = "the server does not implement it".to_owned();
            self.tally.uncover(path, text);
        }
        self.methods
            .retain(|tested| !unserved.contains(&tested.method.path));
    }

    /// Whether a method whose credential is not known is there at all.
    async fn is_missing(&self, tested: &Tested<'_>) -> bool {
        let method = tested.method;
        let valid = tested.valid.first().cloned();
        let request = valid.unwrap_or_else(|| DynamicMessage::new(method.descriptor.input()));
        let body = RawBody::messages([&request]).stopping(Stop {
            messages: 1,
            first: self.plan.timeout,
            quiet: Duration::ZERO,
        });
        let (probe, timeout) = (self.plan.probe, self.plan.timeout);
        let outcome = probe.call(&method.path, &[], body, timeout).await;
        code_of(&outcome) == Some(UNIMPLEMENTED)
    }

    fn never_ok(&mut self) {
        for tested in &self.methods {
            let path = &tested.method.path;
            if let Some(codes) = self.tally.never_ok(path) {
                let text = format!(
                    "no valid request was answered by OK, only by {codes}: name what exists by fixtures"
                );
                self.tally.uncover(path, text);
            }
        }
    }
}

/// The valid requests among the cases, the baseline first, each once.
fn valid_requests(cases: &[Case]) -> Vec<DynamicMessage> {
    let mut valid: Vec<DynamicMessage> = Vec::new();
    let mut accepted: Vec<&Case> = cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Accepted))
        .collect();
    accepted.sort_by_key(|case| case.phase);
    for case in accepted {
        if let Send::Messages(messages) = &case.send
            && let [message] = messages.as_slice()
            && !valid.contains(message)
        {
            valid.push(message.clone());
        }
        if valid.len() == VALID {
            break;
        }
    }
    valid
}

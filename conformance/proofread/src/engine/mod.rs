//! Runs the cases against a server, many calls at a time, and handles servers that
//! slow down, hang or crash.
//!
//! Phases run one after the other. The cases of one phase are in flight together,
//! except for the behaviour scenarios and the sequences: they run while nothing else is sent. The order
//! of the report does not depend on the order in which answers arrive.
//!
//! - `dispatcher` sends cases concurrently and retries where the server is busy.
//! - `failure_triage` finds the case that made the server hang or crash.
//! - `result_collector` counts cases and groups findings for the [`Report`].

mod case_source;
mod concurrency;
mod contract_cases;
mod dispatcher;
mod failure_triage;
mod plan;
mod rate_limit;
mod report;
mod result_collector;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use prost::Message;
use prost_reflect::DynamicMessage;

use crate::{
    behaviour::{self, ScenarioResults, ServedMethod},
    case::{Case, Expect, Payload, Phase},
    cases::Fixtures,
    contract::{Code, Method},
    judge::{Judge, code_of},
    oracle::Oracle,
    outcome::Outcome,
    sequences, wire,
};
use dispatcher::Dispatcher;
use failure_triage::{FailureCounts, Reachability};
use rate_limit::RateLimit;
use result_collector::ResultCollector;

pub use case_source::{CaseSource, DerivedCases};
pub use contract_cases::ContractCases;
pub use dispatcher::send;
pub use plan::Plan;
pub use report::{Count, Event, FindingGroup, Note, Report};

/// The phases whose cases [`CaseSource::derive`] returns in one call.
const DERIVED: [Phase; 3] = [Phase::Baseline, Phase::Unset, Phase::Boundary];

const UNIMPLEMENTED: Code = Code(12);

/// [`Report::stopped`] of a run that was interrupted from outside.
pub const INTERRUPTED: &str = "it was interrupted";

/// How many valid requests of a method the behaviour scenarios may choose from.
const MAX_VALID_REQUESTS: usize = 24;

/// The same for requests that break rules.
const MAX_REFUSED_REQUESTS: usize = 6;

/// Runs a plan with the cases that its contract implies; see [`run_with`].
pub async fn run(plan: &Plan<'_>, fixtures: &Fixtures, events: impl FnMut(Event)) -> Report {
    let source = ContractCases::new(plan.contract, fixtures);
    run_with(plan, &source, events).await
}

/// Runs a plan with the cases of `source`. `events` is called while the run is in
/// progress; the report contains everything that the events say.
///
/// When the server can't be reached any more, the run ends early: the report then
/// contains the findings so far and the reason in [`Report::stopped`].
pub async fn run_with(
    plan: &Plan<'_>,
    source: &impl CaseSource,
    events: impl FnMut(Event),
) -> Report {
    run_until(plan, source, events, std::future::pending()).await
}

/// Like [`run_with`], but ends early when `interrupt` completes: the report then contains
/// the findings so far and [`INTERRUPTED`] in [`Report::stopped`].
pub async fn run_until(
    plan: &Plan<'_>,
    source: &impl CaseSource,
    events: impl FnMut(Event),
    interrupt: impl Future<Output = ()>,
) -> Report {
    let oracle = Oracle::new(plan.contract);
    let judge = Judge::new(plan.contract, &oracle, &plan.profile);
    let mut run = Run {
        plan,
        source,
        oracle: &oracle,
        judge: &judge,
        dispatcher: Dispatcher::new(plan.probe, &judge, plan.in_flight, plan.timeout),
        results: ResultCollector::new(plan, events),
        rate_limit: RateLimit::new(plan),
        failure_counts: FailureCounts::default(),
        methods: Vec::new(),
    };
    let started = Instant::now();
    // Dropping the unfinished phases also cancels the calls that are in flight.
    let interrupted = tokio::select! {
        () = run.run_phases() => false,
        () = interrupt => true,
    };
    if interrupted {
        run.results.stop(INTERRUPTED);
    }
    run.note_methods_never_ok();
    run.results.finish(started.elapsed())
}

/// The state of a run in progress.
struct Run<'r, S, E> {
    plan: &'r Plan<'r>,
    source: &'r S,
    oracle: &'r Oracle,
    judge: &'r Judge<'r>,
    dispatcher: Dispatcher<'r>,
    results: ResultCollector<'r, E>,
    rate_limit: RateLimit,
    failure_counts: FailureCounts,
    methods: Vec<MethodUnderTest<'r>>,
}

/// A method under test, with the cases that are still to be sent to it.
struct MethodUnderTest<'r> {
    method: &'r Method,
    /// Cases by phase; removed when their phase runs.
    derived: BTreeMap<Phase, Vec<Case>>,
    /// Requests that keep every rule, the smallest first.
    valid: Vec<DynamicMessage>,
    /// Requests that break rules.
    refused: Vec<DynamicMessage>,
    /// Whether calls carry the credential that the method requires, if it requires one.
    authorised: bool,
}

impl<'r, S: CaseSource, E: FnMut(Event)> Run<'r, S, E> {
    async fn run_phases(&mut self) {
        self.prepare().await;
        for phase in Phase::ALL {
            // Later phases need to know how each method answers valid requests, so the
            // baseline always runs.
            let wanted = phase == Phase::Baseline || self.plan.phases.contains(&phase);
            if !wanted || self.results.is_stopped() {
                continue;
            }
            let cases = self.planned_cases(phase);
            self.results.event(Event::Phase { phase, cases });
            self.run_phase(phase).await;
            if phase == Phase::Baseline && !self.results.is_stopped() {
                self.drop_unserved_methods().await;
            }
        }
    }

    async fn prepare(&mut self) {
        for method in &self.plan.methods {
            // Deriving is CPU work; yield, so that the connections can answer pings.
            tokio::task::yield_now().await;
            let DerivedCases {
                cases,
                uncovered,
                defects,
            } = self.source.derive(method);
            self.results.add_derivation_notes(uncovered, defects);
            let authorised = self.plan.probe.has_credential_for(method);
            if !authorised && let Some(access) = method.access_text(|name| format!("{name:?}")) {
                let text = format!(
                    "access is for {access}, and no such credential is configured: only who may call is tested"
                );
                self.results.add_uncovered(&method.path, text);
            }
            let valid = valid_requests(&cases);
            let refused = refused_requests(&cases);
            let mut derived: BTreeMap<Phase, Vec<Case>> = BTreeMap::new();
            if authorised {
                for case in cases {
                    derived.entry(case.phase).or_default().push(case);
                }
            }
            self.methods.push(MethodUnderTest {
                method,
                derived,
                valid,
                refused,
                authorised,
            });
        }
        let methods = self.methods.len();
        self.results.event(Event::Started { methods });
    }

    /// How many cases a phase will send; `None` where that is not known beforehand.
    fn planned_cases(&self, phase: Phase) -> Option<u64> {
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

    /// The methods that receive random cases.
    fn random_methods(&self) -> impl Iterator<Item = &MethodUnderTest<'r>> {
        let methods = self.methods.iter();
        methods.filter(|tested| tested.authorised && !tested.valid.is_empty())
    }

    async fn run_phase(&mut self, phase: Phase) {
        match phase {
            phase if DERIVED.contains(&phase) => {
                let mut cases = Vec::new();
                for tested in &mut self.methods {
                    cases.extend(tested.derived.remove(&phase).unwrap_or_default());
                }
                self.dispatch(cases).await;
            }
            Phase::Wire => self.run_wire().await,
            Phase::Behaviour => self.run_behaviour().await,
            Phase::Sequences => self.run_sequences().await,
            _ => self.run_random().await,
        }
    }

    /// Sends cases concurrently, and triages those that got no answer.
    async fn dispatch(&mut self, cases: impl IntoIterator<Item = Case>) {
        let mut cases = cases.into_iter();
        loop {
            let dispatched =
                self.dispatcher
                    .run(&mut cases, &mut self.rate_limit, &mut self.results);
            let unanswered = dispatched.await;
            if unanswered.is_empty() {
                return;
            }
            if !self.triage(unanswered).await {
                return;
            }
        }
    }

    async fn run_wire(&mut self) {
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
            self.dispatch(cases).await;
            if self.results.is_stopped() {
                return;
            }
        }
    }

    async fn run_behaviour(&mut self) {
        let served = self.served_methods();
        let context = self.context(&served);
        let tried = behaviour::run(&context);
        let observed = match self.rate_limit.time_left() {
            None => tried.await,
            Some(left) => match tokio::time::timeout(left, tried).await {
                Ok(observed) => observed,
                Err(_) => {
                    self.results.stop("the time is up");
                    return;
                }
            },
        };
        self.results.record_scenarios(Phase::Behaviour, observed);
        self.check_still_reachable().await;
    }

    async fn run_sequences(&mut self) {
        let served = self.served_methods();
        let source = self.source;
        let inputs = sequences::Inputs {
            settings: &self.plan.sequences,
            seed: self.plan.seed,
            is_fixed: &|field| source.has_fixture(field),
        };
        let mut observed = ScenarioResults::default();
        let context = self.context(&served);
        let tried = sequences::run(&context, &inputs, &mut observed);
        let in_time = match self.rate_limit.time_left() {
            None => {
                tried.await;
                true
            }
            Some(left) => tokio::time::timeout(left, tried).await.is_ok(),
        };
        if !in_time {
            self.results.stop("the time is up");
        }
        self.results.record_scenarios(Phase::Sequences, observed);
        self.check_still_reachable().await;
    }

    /// Ends the run if the server is gone. The scenario that crashed it has already reported a
    /// finding.
    async fn check_still_reachable(&mut self) {
        if !self.results.is_stopped() && self.wait_until_reachable().await == Reachability::Gone {
            self.results.stop("the server went away");
        }
    }

    fn served_methods(&self) -> Vec<ServedMethod<'r>> {
        let served = self
            .methods
            .iter()
            .filter(|tested| !tested.valid.is_empty());
        let served = served.map(|tested| ServedMethod {
            method: tested.method,
            valid: tested.valid.clone(),
            refused: tested.refused.clone(),
            authorised: tested.authorised,
        });
        served.collect()
    }

    fn context<'c>(&'c self, methods: &'c [ServedMethod<'c>]) -> behaviour::Context<'c> {
        behaviour::Context {
            contract: self.plan.contract,
            oracle: self.oracle,
            judge: self.judge,
            probe: self.plan.probe,
            methods,
            timeout: self.plan.timeout,
        }
    }

    /// Sends the random cases of all methods in turns, so that a run that ends early
    /// has tested every method.
    async fn run_random(&mut self) {
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
        self.dispatch(cases).await;
        self.shrink_random_failures().await;
    }

    /// Replaces the random cases that failed by the smallest ones that still fail.
    async fn shrink_random_failures(&mut self) {
        for failed in self.results.take_random_failures() {
            let (dispatcher, judge) = (&self.dispatcher, self.judge);
            let baseline = &self.plan.baseline;
            let fails = async |case: &Case| {
                let outcome = dispatcher.send(case).await;
                let findings = judge.judge(case, &outcome);
                let mut alike = findings.iter().filter(|it| it.kind == failed.kind);
                alike.any(|finding| !baseline.accepts(&finding.ids()))
            };
            let smallest = self.source.shrink(&failed.case, fails).await;
            let outcome = dispatcher.send(&smallest).await;
            let findings = judge.judge(&smallest, &outcome);
            self.results.replace_by_shrunk(&failed, findings);
        }
    }

    /// Removes the methods that answer UNIMPLEMENTED to every valid request.
    ///
    /// When all methods of a service do so, the service is not served: that is a
    /// failure only where the plan requires the method. When only some of them do so,
    /// it is a failure. Reflection can't decide this, because some stacks list every
    /// service in their descriptors, served or not.
    async fn drop_unserved_methods(&mut self) {
        let mut unserved = BTreeSet::new();
        // The answers of methods whose other answers are not recorded.
        let mut unrecorded = Vec::new();
        for tested in &self.methods {
            let path = &tested.method.path;
            let missing = if tested.authorised {
                self.results.answered_only(path, UNIMPLEMENTED)
            } else {
                let (case, outcome) = self.call_without_credential(tested).await;
                let missing = code_of(&outcome) == Some(UNIMPLEMENTED);
                if missing {
                    unrecorded.push((case, outcome));
                }
                missing
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
        for (case, outcome) in unrecorded {
            let index = self.results.next_index();
            self.dispatcher
                .record(index, case, &outcome, &mut self.results);
        }
        for path in &unserved {
            if !serving.contains(&service(path)) && !self.plan.required.contains(path) {
                self.results.discard_method(path);
            }
            let text = "the server does not implement it".to_owned();
            self.results.add_uncovered(path, text);
        }
        self.methods
            .retain(|tested| !unserved.contains(&tested.method.path));
    }

    /// Calls a method for which no credential is configured. The answer only shows
    /// whether the server implements the method.
    async fn call_without_credential(&self, tested: &MethodUnderTest<'_>) -> (Case, Outcome) {
        let method = tested.method;
        let valid = tested.valid.first().cloned();
        let request = valid.unwrap_or_else(|| DynamicMessage::new(method.descriptor.input()));
        let case = Case {
            id: "baseline/without-credential".to_owned(),
            method: method.path.clone(),
            phase: Phase::Baseline,
            intent: "a request without the credential".to_owned(),
            exercises: Vec::new(),
            send: Payload::Messages(vec![request]),
            expect: Expect::Accepted,
        };
        let outcome = self.dispatcher.send(&case).await;
        (case, outcome)
    }

    fn note_methods_never_ok(&mut self) {
        for tested in &self.methods {
            let path = &tested.method.path;
            if let Some(codes) = self.results.codes_if_never_ok(path) {
                let text = format!(
                    "no valid request was answered by OK, only by {codes}: add fixtures with values that exist on the server"
                );
                self.results.add_uncovered(path, text);
            }
        }
    }
}

/// The smallest requests of refused cases, at most [`MAX_REFUSED_REQUESTS`].
fn refused_requests(cases: &[Case]) -> Vec<DynamicMessage> {
    let refused = cases
        .iter()
        .filter_map(|case| match (&case.expect, &case.send) {
            (Expect::Refused(_), Payload::Messages(messages)) => match messages.as_slice() {
                [message] => Some(message),
                _ => None,
            },
            _ => None,
        });
    let mut refused: Vec<&DynamicMessage> = refused.collect();
    refused.sort_by_key(|message| message.encoded_len());
    refused.dedup();
    let refused = refused.into_iter().take(MAX_REFUSED_REQUESTS);
    refused.cloned().collect()
}

/// The distinct requests of accepted cases, the baseline first, at most
/// [`MAX_VALID_REQUESTS`].
pub(crate) fn valid_requests(cases: &[Case]) -> Vec<DynamicMessage> {
    let mut valid: Vec<DynamicMessage> = Vec::new();
    let mut accepted: Vec<&Case> = cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Accepted))
        .collect();
    accepted.sort_by_key(|case| case.phase);
    for case in accepted {
        if let Payload::Messages(messages) = &case.send
            && let [message] = messages.as_slice()
            && !valid.contains(message)
        {
            valid.push(message.clone());
        }
        if valid.len() == MAX_VALID_REQUESTS {
            break;
        }
    }
    valid
}

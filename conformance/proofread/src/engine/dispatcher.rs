//! Sends cases concurrently, and retries while the server says that it is busy.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream::FuturesUnordered};

use super::{
    Event, concurrency::Concurrency, rate_limit::RateLimit, result_collector::ResultCollector,
};
use crate::{
    case::{Case, Expect, Payload},
    contract::Code,
    judge::{Judge, code_of, details},
    outcome::Outcome,
    probe::{Probe, ReadLimits, request_body},
};

/// How often a case is sent at most while the server answers that it is busy.
const MAX_ATTEMPTS: u32 = 5;
/// The delay before the second attempt; it doubles with each further one.
const INITIAL_BACKOFF: Duration = Duration::from_millis(20);

/// After this many consecutive busy answers, cases of the method are no longer retried.
const MAX_CONSECUTIVE_BUSY: u32 = 20;

/// Sends cases to the server and passes the answers to the judge.
pub(super) struct Dispatcher<'d> {
    pub(super) probe: &'d Probe,
    pub(super) judge: &'d Judge<'d>,
    concurrency: Concurrency,
    pub(super) timeout: Duration,
    /// The number of consecutive busy answers, by method path.
    consecutive_busy: Mutex<HashMap<String, u32>>,
}

/// A case that timed out, or whose connection broke.
pub(super) struct UnansweredCase {
    /// The position of the case in the run.
    pub(super) index: u64,
    pub(super) case: Case,
    pub(super) outcome: Outcome,
}

impl<'d> Dispatcher<'d> {
    pub(super) fn new(
        probe: &'d Probe,
        judge: &'d Judge<'d>,
        in_flight: usize,
        timeout: Duration,
    ) -> Self {
        Self {
            probe,
            judge,
            concurrency: Concurrency::new(in_flight, timeout),
            timeout,
            consecutive_busy: Mutex::default(),
        }
    }

    /// Sends cases until none are left or one of them gets no answer. Returns the
    /// unanswered cases in the order of sending, after all calls in flight have ended.
    pub(super) async fn run<E: FnMut(Event)>(
        &self,
        cases: &mut dyn Iterator<Item = Case>,
        rate_limit: &mut RateLimit,
        results: &mut ResultCollector<'_, E>,
    ) -> Vec<UnansweredCase> {
        let mut under_way = FuturesUnordered::new();
        let mut unanswered: Vec<UnansweredCase> = Vec::new();
        let mut more = true;
        loop {
            if more && rate_limit.time_is_up() {
                results.stop("the time is up");
            }
            more = more && unanswered.is_empty() && !results.is_stopped();
            let mut wait = None;
            while more && under_way.len() < self.concurrency.limit() {
                wait = rate_limit.delay_before_next();
                if wait.is_some() {
                    break;
                }
                match cases.next() {
                    Some(case) => under_way.push(self.send_indexed(results.next_index(), case)),
                    None => more = false,
                }
            }
            let arrived = match wait {
                Some(wait) if under_way.is_empty() => {
                    tokio::time::sleep(wait).await;
                    continue;
                }
                Some(wait) => match tokio::time::timeout(wait, under_way.next()).await {
                    Ok(arrived) => arrived,
                    Err(_) => continue,
                },
                None => under_way.next().await,
            };
            let Some((index, case, outcome)) = arrived else {
                unanswered.sort_by_key(|unanswered_case| unanswered_case.index);
                return unanswered;
            };
            match outcome {
                Outcome::TimedOut { .. } | Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                    unanswered.push(UnansweredCase {
                        index,
                        case,
                        outcome,
                    });
                }
                _ => self.record(index, case, &outcome, results),
            }
        }
    }

    /// Judges an outcome and records the findings.
    pub(super) fn record<E: FnMut(Event)>(
        &self,
        index: u64,
        case: Case,
        outcome: &Outcome,
        results: &mut ResultCollector<'_, E>,
    ) {
        let refused = matches!(case.expect, Expect::Refused(_));
        if refused && is_busy(self.judge, &case, outcome) {
            results.inconclusive(&case);
            return;
        }
        let findings = self.judge.judge(&case, outcome);
        results.record(index, case, code_of(outcome), findings);
    }

    async fn send_indexed(&self, index: u64, case: Case) -> (u64, Case, Outcome) {
        let outcome = self.send(&case).await;
        (index, case, outcome)
    }

    /// Sends a case, and retries with exponential backoff while the server is busy.
    pub(super) async fn send(&self, case: &Case) -> Outcome {
        let mut backoff = INITIAL_BACKOFF;
        for _ in 1..MAX_ATTEMPTS {
            let sent = Instant::now();
            let outcome = self.send_once(case).await;
            let busy = is_busy(self.judge, case, &outcome);
            let is_outdated = self.concurrency.record(sent, busy);
            if !self.should_retry(&case.method, busy, is_outdated) {
                return outcome;
            }
            tokio::time::sleep(backoff).await;
            backoff *= 2;
        }
        self.send_once(case).await
    }

    /// Counts consecutive busy answers, and says whether to retry. An answer that more calls in
    /// flight had than there are now does not count.
    fn should_retry(&self, method: &str, busy: bool, is_outdated: bool) -> bool {
        let mut counts = self
            .consecutive_busy
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !busy {
            if !counts.is_empty() {
                counts.remove(method);
            }
            return false;
        }
        let count = counts.entry(method.to_owned()).or_default();
        *count += u32::from(!is_outdated);
        *count < MAX_CONSECUTIVE_BUSY
    }

    async fn send_once(&self, case: &Case) -> Outcome {
        send(self.probe, self.judge, case, self.timeout).await
    }
}

/// Sends a case once, without retries.
pub async fn send(probe: &Probe, judge: &Judge<'_>, case: &Case, timeout: Duration) -> Outcome {
    let mut body = request_body(&case.send);
    let method = judge
        .method_contract(&case.method)
        .map(|contract| contract.method);
    if let Some(method) = method.filter(|method| method.server_streaming) {
        let limits = ReadLimits::for_expectation(&case.expect, method.client_streaming, timeout);
        body = body.with_read_limits(limits);
    }
    let (path, headers) = match &case.send {
        Payload::Raw(call) => (
            call.path.as_deref().unwrap_or(&case.method),
            call.headers.as_slice(),
        ),
        Payload::Messages(_) => (case.method.as_str(), [].as_slice()),
    };
    probe.call(path, headers, body, timeout).await
}

/// Whether a server answered RESOURCE_EXHAUSTED or UNAVAILABLE and the method declares
/// that error. Such an answer says nothing about the request.
fn is_busy(judge: &Judge<'_>, case: &Case, outcome: &Outcome) -> bool {
    let Some(code @ (Code(8) | Code(14))) = code_of(outcome) else {
        return false;
    };
    if matches!(&case.expect, Expect::OneOf(codes) if codes.contains(&code)) {
        return false;
    }
    // A reset with one of these codes means that the call was not processed.
    let Outcome::Answered(answer) = outcome else {
        return true;
    };
    let status_details = details::parse(answer).ok().flatten();
    let reason = status_details.and_then(|status_details| status_details.reason);
    judge
        .method_contract(&case.method)
        .is_some_and(|contract| contract.may_return(code, reason.as_deref()))
}

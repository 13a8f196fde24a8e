//! Finds out which cases make the server hang, drop connections or crash. After a
//! batch with unanswered cases, each of those is sent again while nothing else is in
//! flight, so that the one that causes the failure is identified.

use std::time::{Duration, Instant};

use super::{CaseSource, Event, Run, dispatcher::UnansweredCase};
use crate::{
    case::Case,
    finding::FindingKind,
    judge::{describe_expectation, describe_outcome, finding_for},
    outcome::Outcome,
};

/// The delay between two attempts to reach a server that went away.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The run ends after this many hangs or crashes: more of them add no information.
const MAX_HANGS: u32 = 5;
/// See [`MAX_HANGS`].
const MAX_CRASHES: u32 = 10;

/// How many cases a finding names when any of them may be the cause.
const MAX_NAMED_CASES: usize = 8;

/// The failures of a run so far.
#[derive(Default)]
pub(super) struct FailureCounts {
    hangs: u32,
    crashes: u32,
}

impl<S: CaseSource, E: FnMut(Event)> Run<'_, S, E> {
    /// Sends unanswered cases again, one at a time. Returns whether the run can
    /// continue.
    pub(super) async fn triage(&mut self, unanswered: Vec<UnansweredCase>) -> bool {
        let broken = unanswered
            .iter()
            .any(|unanswered_case| !matches!(unanswered_case.outcome, Outcome::TimedOut { .. }));
        if broken && !self.wait_until_reachable().await {
            self.report_server_gone(&unanswered);
            return false;
        }
        let crashes = self.failure_counts.crashes;
        for unanswered_case in unanswered {
            if !self.resend_alone(unanswered_case).await {
                return false;
            }
        }
        if broken && self.failure_counts.crashes == crashes {
            self.results.add_remark(
                "a connection broke while several calls were in flight; none of them breaks it alone",
            );
        }
        true
    }

    /// Sends one case while no other call is in flight. Returns whether the run can
    /// continue.
    async fn resend_alone(&mut self, unanswered_case: UnansweredCase) -> bool {
        let UnansweredCase { index, case, .. } = unanswered_case;
        let outcome = self.dispatcher.send(&case).await;
        match &outcome {
            Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                self.failure_counts.crashes += 1;
                let back = self.wait_until_reachable().await;
                let observed = if back {
                    format!("{}, each time", describe_outcome(&outcome))
                } else {
                    format!(
                        "{}, and the server does not come back",
                        describe_outcome(&outcome)
                    )
                };
                self.record_crash(index, case, observed);
                if !back {
                    self.results.stop("the server went away");
                } else if self.failure_counts.crashes >= MAX_CRASHES {
                    self.results.stop("the server crashes repeatedly");
                }
            }
            Outcome::TimedOut { .. } => {
                self.failure_counts.hangs += 1;
                self.dispatcher
                    .record(index, case, &outcome, &mut self.results);
                if self.failure_counts.hangs >= MAX_HANGS {
                    self.results.stop("the server hangs repeatedly");
                }
            }
            _ => self
                .dispatcher
                .record(index, case, &outcome, &mut self.results),
        }
        !self.results.is_stopped()
    }

    /// Reports a server that did not come back. The cause is one of the cases that
    /// were in flight, and can't be narrowed down any more.
    fn report_server_gone(&mut self, unanswered: &[UnansweredCase]) {
        let in_flight: Vec<&UnansweredCase> = unanswered
            .iter()
            .filter(|unanswered_case| matches!(unanswered_case.outcome, Outcome::Broken { .. }))
            .collect();
        let suspected = if in_flight.is_empty() {
            unanswered.iter().collect()
        } else {
            in_flight
        };
        let Some(first) = suspected.first() else {
            return;
        };
        let grace = self.plan.grace;
        let observed = match suspected.as_slice() {
            [_] => format!("the server went away and did not come back within {grace:?}"),
            many => {
                let names: Vec<String> = many
                    .iter()
                    .take(MAX_NAMED_CASES)
                    .map(|unanswered_case| {
                        format!(
                            "{} {}",
                            unanswered_case.case.method, unanswered_case.case.id
                        )
                    })
                    .collect();
                format!(
                    "the server went away and did not come back within {grace:?}; it was one of {} calls: {}{}",
                    many.len(),
                    names.join(", "),
                    if many.len() > MAX_NAMED_CASES {
                        ", ..."
                    } else {
                        ""
                    }
                )
            }
        };
        self.record_crash(first.index, first.case.clone(), observed);
        self.results.stop("the server went away");
    }

    fn record_crash(&mut self, index: u64, case: Case, observed: String) {
        let expected = format!(
            "{}; in any case an answer",
            describe_expectation(&case.expect)
        );
        let found = finding_for(&case, (FindingKind::Crash, expected, observed));
        self.results.record(index, case, None, vec![found]);
    }

    /// Waits for the server for [`Plan::grace`](super::Plan::grace) at most. Returns
    /// whether it can be reached.
    pub(super) async fn wait_until_reachable(&mut self) -> bool {
        let end = Instant::now() + self.plan.grace;
        let mut reported = false;
        loop {
            let cause = match self.plan.probe.reachable().await {
                Ok(()) => return true,
                Err(cause) => cause,
            };
            if !reported {
                let cause = cause.to_string();
                self.results.event(Event::Waiting { cause });
                reported = true;
            }
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

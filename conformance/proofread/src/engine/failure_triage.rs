//! Finds out which cases make the server hang, drop connections or crash. After a
//! batch with unanswered cases, each of those is sent again while nothing else is in
//! flight, so that the one that causes the failure is identified.

use std::{
    fmt::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use super::{CaseSource, Event, Run, dispatcher::UnansweredCase};
use crate::{
    case::Case,
    finding::{FindingKind, Suspect},
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

/// Whether the server can be reached after a connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reachability {
    /// The first attempt to connect succeeded.
    Stayed,
    /// A later attempt succeeded: the server was started again.
    CameBack,
    /// No attempt succeeded.
    Gone,
}

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
        let reachability = if broken {
            self.wait_until_reachable().await
        } else {
            Reachability::Stayed
        };
        let suspects = suspects(&unanswered);
        if reachability == Reachability::Gone {
            let grace = self.plan.grace;
            let observed = format!("the server went away and did not come back within {grace:?}");
            self.record_unproved_crash(suspects, observed);
            self.results.stop("the server went away");
            return false;
        }
        let crashes = self.failure_counts.crashes;
        for unanswered_case in unanswered {
            if !self.resend_alone(unanswered_case).await {
                return false;
            }
        }
        if self.failure_counts.crashes > crashes {
            return true;
        }
        match reachability {
            Reachability::CameBack => {
                let observed = "the server went away and came back".to_owned();
                self.record_unproved_crash(suspects, observed);
                self.failure_counts.crashes += 1;
                if self.failure_counts.crashes >= MAX_CRASHES {
                    self.results.stop("the server crashes repeatedly");
                }
            }
            _ if broken => self.results.add_remark(
                "a connection broke while several calls were in flight; none of them breaks it alone",
            ),
            _ => {}
        }
        !self.results.is_stopped()
    }

    /// Sends one case while no other call is in flight. Returns whether the run can
    /// continue.
    async fn resend_alone(&mut self, unanswered_case: UnansweredCase) -> bool {
        let UnansweredCase { index, case, .. } = unanswered_case;
        let outcome = self.dispatcher.send(&case).await;
        match &outcome {
            Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                self.failure_counts.crashes += 1;
                let back = self.wait_until_reachable().await != Reachability::Gone;
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

    /// Records that the server went away when the suspects were in flight, none of which
    /// is proved to be the cause.
    fn record_unproved_crash(&mut self, suspects: Vec<(u64, Case)>, observed: String) {
        let calls = suspects.len();
        let recorded = suspects.iter().map(|(_, case)| Suspect::of(case));
        let recorded: Vec<Suspect> = recorded.collect();
        let names = recorded.iter().take(MAX_NAMED_CASES);
        let names = names.map(|it| format!("{} {}", it.method, it.case));
        let mut list = names.collect::<Vec<_>>().join(", ");
        if calls > MAX_NAMED_CASES {
            list.push_str(", ...");
        }
        let Some((index, case)) = suspects.into_iter().next() else {
            return;
        };
        let expected = format!(
            "{}; in any case an answer",
            describe_expectation(&case.expect)
        );
        let mut found = finding_for(&case, (FindingKind::Crash, expected, observed));
        if calls > 1 {
            // A method and its request would look like the cause.
            found.method = String::new();
            found.case = "server/went-away".to_owned();
            found.intent = format!("{calls} calls in flight, one of which may be the cause");
            found.expected = "an answer to each call".to_owned();
            found.sent = Vec::new();
            found.json = None;
            found.reproduction = None;
            let _ = write!(found.observed, "; the calls: {list}");
        }
        found.suspects = recorded;
        self.results.record_unproved(index, found);
    }

    fn record_crash(&mut self, index: u64, case: Case, observed: String) {
        let expected = format!(
            "{}; in any case an answer",
            describe_expectation(&case.expect)
        );
        let found = finding_for(&case, (FindingKind::Crash, expected, observed));
        self.results.record(index, case, None, vec![found]);
    }

    /// Waits for the server for [`Plan::grace`](super::Plan::grace) at most, after the
    /// restart command if the plan has one and the server can't be reached.
    pub(super) async fn wait_until_reachable(&mut self) -> Reachability {
        let mut end = Instant::now() + self.plan.grace;
        let mut reported = false;
        loop {
            let cause = match self.plan.probe.reachable().await {
                Ok(()) if reported => return Reachability::CameBack,
                Ok(()) => return Reachability::Stayed,
                Err(cause) => cause,
            };
            if !reported {
                let cause = cause.to_string();
                self.results.event(Event::Waiting { cause });
                reported = true;
                if self.restart().await {
                    end = Instant::now() + self.plan.grace;
                }
            }
            if Instant::now() >= end {
                return Reachability::Gone;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Runs the restart command and waits until it returns. Returns whether there is one.
    async fn restart(&mut self) -> bool {
        let Some(command) = &self.plan.restart_command else {
            return false;
        };
        let status = tokio::process::Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let problem = match status.await {
            Ok(status) if status.success() => return true,
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let remark = format!("the restart command failed: {problem}");
        self.results.add_remark(&remark);
        true
    }
}

/// The cases that may have made the server go away: those whose connection broke, or all
/// if there are none.
fn suspects(unanswered: &[UnansweredCase]) -> Vec<(u64, Case)> {
    let broke = |it: &&UnansweredCase| matches!(it.outcome, Outcome::Broken { .. });
    let some_broke = unanswered.iter().any(|it| broke(&it));
    let suspected = unanswered.iter().filter(|it| !some_broke || broke(it));
    suspected.map(|it| (it.index, it.case.clone())).collect()
}

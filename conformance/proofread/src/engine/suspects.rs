//! What to do about cases without an answer: the server hangs, dropped the
//! connection, or died. Each is sent again, alone, so that the one that does it is
//! found.

use std::time::{Duration, Instant};

use super::{Event, Run, Source, flight::Suspect};
use crate::{
    case::Case,
    finding::FindingKind,
    judge::{describe, expectation, finding},
    outcome::Outcome,
};

/// How often a server that went away is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// After so many hangs and crashes there is nothing new to learn.
const HANGS: u32 = 5;
const CRASHES: u32 = 10;

/// How many cases are named where it may have been any of them.
const NAMED: usize = 8;

/// How often things went wrong in a run.
#[derive(Default)]
pub(super) struct Trouble {
    hangs: u32,
    crashes: u32,
}

impl<S: Source, E: FnMut(Event)> Run<'_, S, E> {
    /// Whether the run can go on.
    pub(super) async fn interrogate(&mut self, suspects: Vec<Suspect>) -> bool {
        let broken = suspects
            .iter()
            .any(|suspect| !matches!(suspect.outcome, Outcome::TimedOut { .. }));
        if broken && !self.comes_back().await {
            self.nobody_left(&suspects);
            return false;
        }
        let crashes = self.trouble.crashes;
        for suspect in suspects {
            if !self.alone(suspect).await {
                return false;
            }
        }
        if broken && self.trouble.crashes == crashes {
            self.tally.remark(
                "a connection broke while calls were under way; none of them does it alone",
            );
        }
        true
    }

    /// Sends one suspect alone.
    async fn alone(&mut self, suspect: Suspect) -> bool {
        let Suspect { index, case, .. } = suspect;
        let outcome = self.flight.send(&case).await;
        match &outcome {
            Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                self.trouble.crashes += 1;
                let back = self.comes_back().await;
                let observed = match back {
                    true => format!("{}, each time", describe(&outcome)),
                    false => format!("{}, and the server stays away", describe(&outcome)),
                };
                self.crash(index, case, observed);
                if !back {
                    self.tally.stop("the server went away");
                } else if self.trouble.crashes >= CRASHES {
                    self.tally.stop("the server crashes again and again");
                }
            }
            Outcome::TimedOut { .. } => {
                self.trouble.hangs += 1;
                self.flight.record(index, case, &outcome, &mut self.tally);
                if self.trouble.hangs >= HANGS {
                    self.tally.stop("the server hangs again and again");
                }
            }
            _ => self.flight.record(index, case, &outcome, &mut self.tally),
        }
        !self.tally.is_stopped()
    }

    /// The server is gone: all that can be said is what was under way.
    fn nobody_left(&mut self, suspects: &[Suspect]) {
        let under_way: Vec<&Suspect> = suspects
            .iter()
            .filter(|suspect| matches!(suspect.outcome, Outcome::Broken { .. }))
            .collect();
        let accused = match under_way.is_empty() {
            true => suspects.iter().collect(),
            false => under_way,
        };
        let Some(first) = accused.first() else {
            return;
        };
        let grace = self.plan.grace;
        let observed = match accused.as_slice() {
            [_] => format!("the server went away and did not come back within {grace:?}"),
            many => {
                let names: Vec<String> = many
                    .iter()
                    .take(NAMED)
                    .map(|suspect| format!("{} {}", suspect.case.method, suspect.case.id))
                    .collect();
                format!(
                    "the server went away and did not come back within {grace:?}; it was one of {} calls: {}{}",
                    many.len(),
                    names.join(", "),
                    if many.len() > NAMED { ", ..." } else { "" }
                )
            }
        };
        self.crash(first.index, first.case.clone(), observed);
        self.tally.stop("the server went away");
    }

    fn crash(&mut self, index: u64, case: Case, observed: String) {
        let expected = format!("{}; in any case an answer", expectation(&case.expect));
        let found = finding(&case, (FindingKind::Crash, expected, observed));
        self.tally.record(index, case, None, vec![found]);
    }

    /// Waits for the server, for as long as the plan allows.
    pub(super) async fn comes_back(&mut self) -> bool {
        let end = Instant::now() + self.plan.grace;
        let mut told = false;
        loop {
            let cause = match self.plan.probe.reachable().await {
                Ok(()) => return true,
                Err(cause) => cause,
            };
            if !told {
                let cause = cause.to_string();
                self.tally.event(Event::Waiting { cause });
                told = true;
            }
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

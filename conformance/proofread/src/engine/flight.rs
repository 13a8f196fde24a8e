//! Many calls at once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};

use super::{Event, pace::Pace, tally::Tally};
use crate::{
    case::{Case, Expect, Send},
    contract::Code,
    judge::{Judge, code_of, details},
    outcome::Outcome,
    probe::{Probe, Stop, body_of},
};

/// How often a case is sent again to a server that says that it is busy, and how
/// long it is left in peace before, doubled each time.
const TRIES: u32 = 5;
const PEACE: Duration = Duration::from_millis(20);

/// After so many busy answers in a row, a method is not asked again and again.
const PATIENCE: u32 = 20;

/// Sends cases and judges the answers.
pub(super) struct Flight<'f> {
    pub(super) probe: &'f Probe,
    pub(super) judge: &'f Judge<'f>,
    pub(super) in_flight: usize,
    pub(super) timeout: Duration,
    /// By method, how many busy answers there were in a row.
    busy: Mutex<HashMap<String, u32>>,
}

/// A case without an answer.
pub(super) struct Suspect {
    pub(super) index: u64,
    pub(super) case: Case,
    pub(super) outcome: Outcome,
}

impl<'f> Flight<'f> {
    pub(super) fn new(
        probe: &'f Probe,
        judge: &'f Judge<'f>,
        in_flight: usize,
        timeout: Duration,
    ) -> Self {
        Self {
            probe,
            judge,
            in_flight: in_flight.max(1),
            timeout,
            busy: Mutex::default(),
        }
    }

    /// Sends until there are no more cases, or some of them are left without an
    /// answer: those come back, in their order, when all others are judged.
    pub(super) async fn run<E: FnMut(Event)>(
        &self,
        cases: &mut dyn Iterator<Item = Case>,
        pace: &mut Pace,
        tally: &mut Tally<'_, E>,
    ) -> Vec<Suspect> {
        let mut under_way = FuturesUnordered::new();
        let mut suspects: Vec<Suspect> = Vec::new();
        let mut more = true;
        loop {
            if more && pace.is_over() {
                tally.stop("the time is up");
            }
            more = more && suspects.is_empty() && !tally.is_stopped();
            let mut wait = None;
            while more && under_way.len() < self.in_flight {
                wait = pace.wait();
                if wait.is_some() {
                    break;
                }
                match cases.next() {
                    Some(case) => under_way.push(self.one(tally.launch(), case)),
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
                suspects.sort_by_key(|suspect| suspect.index);
                return suspects;
            };
            match outcome {
                Outcome::TimedOut { .. } | Outcome::Broken { .. } | Outcome::Unreachable { .. } => {
                    suspects.push(Suspect {
                        index,
                        case,
                        outcome,
                    });
                }
                _ => self.record(index, case, &outcome, tally),
            }
        }
    }

    /// Judges an answer and notes the verdict.
    pub(super) fn record<E: FnMut(Event)>(
        &self,
        index: u64,
        case: Case,
        outcome: &Outcome,
        tally: &mut Tally<'_, E>,
    ) {
        let refused = matches!(case.expect, Expect::Refused(_));
        if refused && is_busy(self.judge, &case, outcome) {
            tally.inconclusive(&case);
            return;
        }
        let findings = self.judge.judge(&case, outcome);
        tally.record(index, case, code_of(outcome), findings);
    }

    async fn one(&self, index: u64, case: Case) -> (u64, Case, Outcome) {
        let outcome = self.send(&case).await;
        (index, case, outcome)
    }

    /// Sends a case, again where the server is busy.
    pub(super) async fn send(&self, case: &Case) -> Outcome {
        let mut peace = PEACE;
        for _ in 1..TRIES {
            let outcome = self.send_once(case).await;
            let busy = is_busy(self.judge, case, &outcome);
            if !self.go_on(&case.method, busy) {
                return outcome;
            }
            tokio::time::sleep(peace).await;
            peace *= 2;
        }
        self.send_once(case).await
    }

    /// Whether to try again.
    fn go_on(&self, method: &str, busy: bool) -> bool {
        let mut row = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy {
            if !row.is_empty() {
                row.remove(method);
            }
            return false;
        }
        let count = row.entry(method.to_owned()).or_default();
        *count += 1;
        *count < PATIENCE
    }

    async fn send_once(&self, case: &Case) -> Outcome {
        send(self.probe, self.judge, case, self.timeout).await
    }
}

/// Sends a case once.
pub async fn send(probe: &Probe, judge: &Judge<'_>, case: &Case, timeout: Duration) -> Outcome {
    let mut body = body_of(&case.send);
    let method = judge.known(&case.method).map(|known| known.method);
    if let Some(method) = method.filter(|method| method.server_streaming) {
        let stop = Stop::of(&case.expect, method.client_streaming, timeout);
        body = body.stopping(stop);
    }
    let (path, headers) = match &case.send {
        Send::Raw(call) => (
            call.path.as_deref().unwrap_or(&case.method),
            call.headers.as_slice(),
        ),
        Send::Messages(_) => (case.method.as_str(), [].as_slice()),
    };
    probe.call(path, headers, body, timeout).await
}

/// Whether a server says, as it declares, that it has no time: RESOURCE_EXHAUSTED
/// or UNAVAILABLE. That comes before any verdict about the message.
fn is_busy(judge: &Judge<'_>, case: &Case, outcome: &Outcome) -> bool {
    let Some(code @ (Code(8) | Code(14))) = code_of(outcome) else {
        return false;
    };
    if matches!(&case.expect, Expect::OneOf(codes) if codes.contains(&code)) {
        return false;
    }
    // A stream that is refused is one that nobody has looked at.
    let Outcome::Answered(answer) = outcome else {
        return true;
    };
    let read = details::read(answer).ok().flatten();
    let reason = read.and_then(|read| read.reason);
    judge
        .known(&case.method)
        .is_some_and(|known| known.may_return(code, reason.as_deref()))
}

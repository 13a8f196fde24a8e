//! The circuit breaker of a channel: while its server does not answer, calls fail at once
//! instead of waiting for connections that are not made.
//!
//! It is our own, because the published crates count error rates over time or use the
//! clock of the operating system, which tests can't pause.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::Gauge;
use tokio::time::Instant;

/// So many failures in a row open the breaker: more than the attempts of one call.
const FAILURES: u32 = 5;
/// How long no call is sent. Then some are sent as probes.
pub(super) const OPEN_DURATION: Duration = Duration::from_secs(1);
/// So many probes may be in flight: enough for the calls that one request makes at the same
/// time. If only one of them were sent, the others would fail, and the request would end
/// before its probe is answered, every time.
const MAX_PROBES: u32 = 8;

/// Closed, it permits every call; open, none; half open, its probes, whose first outcome
/// closes or opens it.
#[derive(Debug)]
pub(super) struct Breaker {
    address: Box<str>,
    state: Mutex<State>,
    metrics: StateMetrics,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { probes: u32 },
}

/// The permission to send one call. Dropped without an outcome, for example because the
/// caller gave up, it counts neither as a success nor as a failure.
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

/// The gauges `grpc_client_breaker_state` with the labels `address` and `state`: 1 for the
/// state that the breaker has, else 0. A breaker is half open from the first call after its
/// time on, so without calls it stays open.
#[derive(Debug)]
struct StateMetrics {
    closed: Gauge,
    open: Gauge,
    half_open: Gauge,
}

impl StateMetrics {
    fn register(address: &str) -> Self {
        let gauge = |state: &'static str| {
            metrics::gauge!(
                "grpc_client_breaker_state",
                "address" => address.to_owned(),
                "state" => state,
            )
        };
        let metrics = Self {
            closed: gauge("closed"),
            open: gauge("open"),
            half_open: gauge("half_open"),
        };
        metrics.set(State::Closed { failures: 0 });
        metrics
    }

    fn set(&self, state: State) {
        let value = |is: bool| f64::from(u8::from(is));
        self.closed
            .set(value(matches!(state, State::Closed { .. })));
        self.open.set(value(matches!(state, State::Open { .. })));
        self.half_open
            .set(value(matches!(state, State::HalfOpen { .. })));
    }
}

impl Drop for StateMetrics {
    /// A server that is gone for good, such as a pod that was replaced, must not look open.
    fn drop(&mut self) {
        self.set(State::Closed { failures: 0 });
    }
}

impl Breaker {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.into(),
            state: Mutex::new(State::Closed { failures: 0 }),
            metrics: StateMetrics::register(address),
        }
    }

    /// The permission to send a call now, or `None` if it must fail at once.
    pub(super) fn permit(&self) -> Option<Permit<'_>> {
        let mut state = self.lock();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if until <= Instant::now() => {
                *state = State::HalfOpen { probes: 1 };
                self.metrics.set(*state);
                true
            }
            State::HalfOpen { ref mut probes } if *probes < MAX_PROBES => {
                *probes += 1;
                true
            }
            State::Open { .. } | State::HalfOpen { .. } => return None,
        };
        let breaker = self;
        Some(Permit { breaker, probe })
    }

    /// Whether [`Breaker::permit`] would permit a call.
    pub(super) fn is_permitting(&self) -> bool {
        match *self.lock() {
            State::Closed { .. } => true,
            State::Open { until } => until <= Instant::now(),
            State::HalfOpen { probes } => probes < MAX_PROBES,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The server has answered.
    pub(super) fn succeeded(mut self) {
        self.probe = false;
        let mut state = self.breaker.lock();
        let was_closed = matches!(*state, State::Closed { .. });
        *state = State::Closed { failures: 0 };
        if !was_closed {
            self.breaker.metrics.set(*state);
            tracing::info!(address = %self.breaker.address, "the server answers again");
        }
    }

    /// The server could not be reached, or was unavailable as a whole.
    pub(super) fn failed(mut self) {
        let mut state = self.breaker.lock();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::HalfOpen { .. } if self.probe => FAILURES,
            // The call was sent before the breaker opened.
            State::Open { .. } | State::HalfOpen { .. } => return,
        };
        *state = if failures < FAILURES {
            State::Closed { failures }
        } else {
            if !self.probe {
                tracing::warn!(
                    address = %self.breaker.address,
                    failures,
                    "the server does not answer: calls fail at once until it does"
                );
            }
            State::Open {
                until: Instant::now() + OPEN_DURATION,
            }
        };
        if matches!(*state, State::Open { .. }) {
            self.breaker.metrics.set(*state);
        }
        self.probe = false;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe
            && let State::HalfOpen { probes } = &mut *self.breaker.lock()
        {
            // The next call can be a probe.
            *probes = probes.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_breaker() -> Breaker {
        let breaker = Breaker::new("127.0.0.1:1");
        for _ in 0..FAILURES {
            breaker.permit().expect("it is closed").failed();
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_a_probe_closes_it() {
        let breaker = open_breaker();
        assert!(breaker.permit().is_none(), "it is open");
        tokio::time::advance(OPEN_DURATION).await;
        let probe = breaker.permit().expect("half open");
        probe.failed();
        assert!(breaker.permit().is_none(), "it is open again");
        tokio::time::advance(OPEN_DURATION).await;
        breaker.permit().expect("half open").succeeded();
        assert!(breaker.permit().is_some() && breaker.permit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn success_between_failures_keeps_it_closed() {
        let breaker = Breaker::new("127.0.0.1:1");
        for _ in 0..FAILURES * 3 {
            breaker.permit().expect("it is closed").failed();
            breaker.permit().expect("it is closed").succeeded();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_one_request_are_probes_together_and_abandoned_ones_are_replaced() {
        let breaker = open_breaker();
        tokio::time::advance(OPEN_DURATION).await;
        let probes = || (0..MAX_PROBES).map(|_| breaker.permit().expect("half open"));
        let abandoned: Vec<_> = probes().collect();
        assert!(breaker.permit().is_none(), "there are enough probes");
        drop(abandoned);
        let mut probes: Vec<_> = probes().collect();
        probes.pop().expect("a probe").failed();
        assert!(breaker.permit().is_none(), "it is open again");
        drop(probes);
        assert!(
            breaker.permit().is_none(),
            "abandoned probes decide nothing"
        );
        tokio::time::advance(OPEN_DURATION).await;
        let probe = breaker.permit().expect("half open");
        breaker.permit().expect("half open").succeeded();
        probe.failed();
        assert!(breaker.permit().is_some(), "one failure does not open it");
    }

    #[tokio::test(start_paused = true)]
    async fn state_is_published_as_gauges() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let published = || {
            let text = recorder.handle().render();
            let one = text.lines().find(|line| line.ends_with("} 1"));
            one.expect("one state is set").to_owned()
        };
        let breaker = metrics::with_local_recorder(&recorder, open_breaker);
        assert!(published().contains("state=\"open\""), "{}", published());
        tokio::time::advance(OPEN_DURATION).await;
        let probe = breaker.permit().expect("half open");
        assert!(
            published().contains("state=\"half_open\""),
            "{}",
            published()
        );
        probe.succeeded();
        assert!(published().contains("state=\"closed\""), "{}", published());
    }

    #[tokio::test(start_paused = true)]
    async fn call_from_before_the_opening_does_not_prolong_it() {
        let breaker = Breaker::new("127.0.0.1:1");
        let slow = breaker.permit().expect("it is closed");
        for _ in 0..FAILURES {
            breaker.permit().expect("it is closed").failed();
        }
        tokio::time::advance(OPEN_DURATION).await;
        slow.failed();
        assert!(breaker.permit().is_some(), "half open");
    }
}

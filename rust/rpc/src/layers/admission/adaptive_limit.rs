//! How many calls of a service may be in flight, by the time that they take.
//!
//! The limit follows the gradient, as in Envoy's adaptive concurrency filter and in Netflix's
//! concurrency-limits: several times a second, the calls in flight are multiplied by the time
//! that they take without load and divided by the time that they take now, and the square root
//! of the limit is added as headroom for bursts.
//!
//! The time without load is known for each method from the calls that began while hardly any
//! others were in flight, so no calls are refused only to measure it. It is the mean plus two
//! mean deviations, similar to the estimate of TCP for its longest round trips (RFC 6298), so
//! that the usual differences between two calls are not taken for load.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How often the limit changes, unless there are too few calls.
const WINDOW: Duration = Duration::from_millis(100);
const MIN_CALLS_OF_WINDOW: u32 = 10;

/// The bounds of one change.
const MIN_GRADIENT: f64 = 0.5;
const MAX_GRADIENT: f64 = 2.0;

/// A new server has room for a burst, and soon for more.
const INITIAL_LIMIT: usize = 128;

/// A call has no load to wait for while no more calls than these are in flight, with itself.
const UNLOADED_CALLS: usize = 2;
/// Over how many calls the time without load is averaged, and how many make it known.
const AVERAGED_CALLS: u32 = 32;
const MIN_UNLOADED_CALLS: u32 = 8;
/// How many mean deviations a call may take longer than the mean.
const DEVIATIONS: f64 = 2.0;

/// The time without load grows by this part in each second in which the limit is less than twice
/// the least one. So a service that has become slower for another reason than its load, and never
/// has a moment without load to measure it, gets that limit at least.
const GROWTH_PER_SECOND: f64 = 0.01;

/// A call that has ended.
pub(super) struct EndedCall {
    pub(super) took: Duration,
    /// How many calls were in flight at its beginning, with itself.
    pub(super) in_flight: usize,
    /// Whether it was not cancelled before.
    pub(super) is_answered: bool,
}

/// The limit of one kind of calls of one service.
pub(super) struct AdaptiveLimit {
    min: usize,
    max: usize,
    state: Mutex<State>,
}

struct State {
    limit: f64,
    window: Window,
    /// By the index of the method.
    unloaded: HashMap<usize, UnloadedTime>,
}

/// The calls since the last change of the limit.
struct Window {
    began: Instant,
    calls: u32,
    most_in_flight: usize,
    /// The sum of what was in flight at the beginning of each call, with itself.
    in_flight: f64,
    /// The time of the calls in seconds, and the time of the same calls without load.
    took: f64,
    unloaded: f64,
}

impl Window {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            calls: 0,
            most_in_flight: 0,
            in_flight: 0.0,
            took: 0.0,
            unloaded: 0.0,
        }
    }
}

impl AdaptiveLimit {
    /// `None` if there is nothing to adapt.
    pub(super) fn new(min: usize, max: usize) -> Option<Self> {
        (min < max).then(|| Self {
            min,
            max,
            state: Mutex::new(State {
                limit: INITIAL_LIMIT.clamp(min, max) as f64,
                window: Window::new(),
                unloaded: HashMap::new(),
            }),
        })
    }

    pub(super) fn limit(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit as usize
    }

    /// Records a call that has ended, and calls `resize` if the limit changes by it.
    pub(super) fn record(&self, method: usize, call: &EndedCall, resize: impl FnOnce(usize)) {
        let took = call.took.as_secs_f64();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            window, unloaded, ..
        } = &mut *state;
        window.most_in_flight = window.most_in_flight.max(call.in_flight);
        let unloaded = unloaded.entry(method).or_default();
        if call.is_answered && call.in_flight <= UNLOADED_CALLS {
            unloaded.add(took);
        }
        let Some(longest) = unloaded.longest() else {
            return;
        };
        // A cancelled call would have taken longer, nobody knows how long.
        if !call.is_answered && took < longest {
            return;
        }
        window.calls += 1;
        window.in_flight += call.in_flight as f64;
        window.took += took;
        window.unloaded += longest;
        if window.calls >= MIN_CALLS_OF_WINDOW && window.began.elapsed() >= WINDOW {
            let old = state.limit as usize;
            self.change(&mut state);
            if state.limit as usize != old {
                resize(state.limit as usize);
            }
        }
    }

    /// Changes the limit by the calls of the window, unless they were too few to be limited.
    fn change(&self, state: &mut State) {
        let window = std::mem::replace(&mut state.window, Window::new());
        if (window.most_in_flight as f64) < state.limit / 2.0 {
            return;
        }
        let gradient = window.unloaded / window.took.max(f64::MIN_POSITIVE);
        let in_flight = window.in_flight / f64::from(window.calls);
        let mut wanted =
            in_flight * gradient.clamp(MIN_GRADIENT, MAX_GRADIENT) + state.limit.sqrt();
        if gradient > 1.0 {
            wanted = wanted.max(state.limit);
        }
        state.limit = wanted.clamp(self.min as f64, self.max as f64);
        if gradient < 1.0 && wanted < 2.0 * self.min as f64 {
            let growth = 1.0 + GROWTH_PER_SECOND * window.began.elapsed().as_secs_f64();
            for unloaded in state.unloaded.values_mut() {
                unloaded.mean *= growth;
            }
        }
    }
}

/// How long calls of one method take without load, in seconds.
#[derive(Default)]
struct UnloadedTime {
    calls: u32,
    mean: f64,
    deviation: f64,
}

impl UnloadedTime {
    fn add(&mut self, took: f64) {
        self.calls = (self.calls + 1).min(AVERAGED_CALLS);
        let weight = 1.0 / f64::from(self.calls);
        let difference = took - self.mean;
        self.mean += difference * weight;
        self.deviation += (difference.abs() - self.deviation) * weight;
    }

    /// The time that hardly any call exceeds, if it is known.
    fn longest(&self) -> Option<f64> {
        (self.calls >= MIN_UNLOADED_CALLS).then_some(self.mean + DEVIATIONS * self.deviation)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const METHOD: usize = 7;
    const UNLOADED: Duration = Duration::from_millis(20);

    fn answered(took: Duration, in_flight: usize) -> EndedCall {
        EndedCall {
            took,
            in_flight,
            is_answered: true,
        }
    }

    /// A limit from 4 to 1,000 that knows how long the calls take without load.
    fn limit() -> AdaptiveLimit {
        let limit = AdaptiveLimit::new(4, 1000).expect("it can adapt");
        for _ in 0..AVERAGED_CALLS {
            limit.record(METHOD, &answered(UNLOADED, 1), |_| {});
        }
        limit
    }

    impl AdaptiveLimit {
        /// Lets so many calls in flight take so long, for a while.
        async fn run(&self, windows: u32, in_flight: impl Fn(usize) -> usize, took: Duration) {
            for _ in 0..windows {
                tokio::time::advance(WINDOW).await;
                let in_flight = in_flight(self.limit());
                for _ in 0..MIN_CALLS_OF_WINDOW {
                    self.record(METHOD, &answered(took, in_flight), |_| {});
                }
            }
        }

        async fn run_at_limit(&self, windows: u32, took: Duration) {
            self.run(windows, |limit| limit, took).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn limit_falls_to_the_least_while_calls_take_too_long_and_rises_again() {
        let limit = limit();
        limit.run_at_limit(20, UNLOADED * 5).await;
        assert_eq!(limit.limit(), 4);
        limit.run_at_limit(100, UNLOADED).await;
        assert_eq!(limit.limit(), 1000);
    }

    /// A server with so many workers, on which further calls wait for their turn.
    #[tokio::test(start_paused = true)]
    async fn limit_settles_a_little_above_what_the_server_can_do_at_a_time() {
        let limit = limit();
        for workers in [32, 200, 50] {
            for _ in 0..40 {
                let rounds = (limit.limit() as f64 / f64::from(workers)).max(1.0);
                limit.run_at_limit(1, UNLOADED.mul_f64(rounds)).await;
            }
            let settled = limit.limit() as f64 / f64::from(workers);
            assert!((1.0..1.4).contains(&settled), "{settled} of {workers}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn limit_that_nobody_reaches_does_not_change() {
        let limit = limit();
        limit.run(20, |limit| limit / 2 - 1, UNLOADED * 5).await;
        limit.run(20, |limit| limit / 2 - 1, UNLOADED / 5).await;
        assert_eq!(limit.limit(), INITIAL_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn usual_differences_are_not_load() {
        let limit = AdaptiveLimit::new(4, 1000).expect("it can adapt");
        for call in 0..1000 {
            limit.record(METHOD, &answered(UNLOADED * (call % 4), 1), |_| {});
        }
        limit.run_at_limit(10, UNLOADED * 2).await;
        assert!(limit.limit() > INITIAL_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn service_that_has_become_slower_gets_a_higher_limit_again() {
        let limit = limit();
        let minutes = 60 * 10;
        limit.run_at_limit(20, UNLOADED * 3).await;
        assert_eq!(limit.limit(), 4);
        limit.run_at_limit(3 * minutes, UNLOADED * 3).await;
        assert_eq!(limit.limit(), 8);
        limit
            .run(
                AVERAGED_CALLS * 2 / MIN_CALLS_OF_WINDOW,
                |_| 1,
                UNLOADED * 3,
            )
            .await;
        limit.run_at_limit(100, UNLOADED * 3).await;
        assert_eq!(limit.limit(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn limit_changes_only_by_methods_whose_time_without_load_is_known() {
        let limit = limit();
        for _ in 0..20 {
            tokio::time::advance(WINDOW).await;
            for _ in 0..MIN_CALLS_OF_WINDOW {
                limit.record(METHOD + 1, &answered(UNLOADED * 100, 128), |_| {});
            }
        }
        assert_eq!(limit.limit(), INITIAL_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn cancelled_calls_count_only_if_they_took_too_long() {
        let limit = limit();
        let cancel = |took| {
            for _ in 0..MIN_CALLS_OF_WINDOW {
                let call = EndedCall {
                    is_answered: false,
                    ..answered(took, limit.limit())
                };
                limit.record(METHOD, &call, |_| {});
            }
        };
        limit.run(1, |_| 1, UNLOADED).await;
        tokio::time::advance(WINDOW).await;
        cancel(UNLOADED / 2);
        assert_eq!(limit.limit(), INITIAL_LIMIT);
        cancel(UNLOADED * 3);
        assert!(limit.limit() < INITIAL_LIMIT);
    }

    #[test]
    fn fixed_limit_does_not_adapt() {
        assert!(AdaptiveLimit::new(16, 16).is_none());
        assert!(AdaptiveLimit::new(16, 0).is_none());
    }

    proptest! {
        #[test]
        fn limit_stays_in_its_bounds(calls in prop::collection::vec((0..u64::MAX, 0_usize..2000), 0..300)) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let limit = limit();
                for (nanoseconds, in_flight) in calls {
                    tokio::time::advance(WINDOW / 5).await;
                    let call = answered(Duration::from_nanos(nanoseconds), in_flight);
                    limit.record(METHOD, &call, |size| assert!((4..=1000).contains(&size)));
                    assert!((4..=1000).contains(&limit.limit()));
                }
            });
        }
    }
}

//! Counts the calls of each caller by the generic cell rate algorithm (crate `governor`), in
//! bounded memory.

use std::{
    collections::HashMap, convert::Infallible, net::IpAddr, ops::Add, sync::Arc, time::Duration,
};

use governor::{
    RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed, StateStore},
};
use ipnet::IpNet;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::{CallClass, CallerKind, RatedCaller, settings::Settings};

/// What has a rate of its own: the calls of one class of one caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bucket {
    pub caller: RatedCaller,
    pub class: CallClass,
}

/// The rates, and the calls that were counted.
pub(super) struct Limiter {
    exempt: Vec<IpNet>,
    /// Only what is limited.
    rates: HashMap<(CallerKind, CallClass), Rate>,
}

type Rate = RateLimiter<Bucket, Tracked, TokioClock, NoOpMiddleware<Time>>;

impl Limiter {
    pub fn new(settings: Settings) -> Self {
        let tracked = Tracked(Arc::new(Cache::new(settings.max_tracked)));
        let rates = settings.rates.into_iter().map(|(key, quota)| {
            let limiter = Rate::new(quota, tracked.clone(), TokioClock);
            (key, limiter)
        });
        Self {
            rates: rates.collect(),
            exempt: settings.exempt,
        }
    }

    pub fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.exempt.iter().any(|network| network.contains(&address))
    }

    /// Counts a call; if it is over the rate, the error is the time until the next one.
    pub fn check(&self, bucket: &Bucket) -> Result<(), Duration> {
        let Some(limiter) = self.rates.get(&(bucket.caller.kind(), bucket.class)) else {
            return Ok(());
        };
        let checked = limiter.check_key(bucket);
        checked.map_err(|refused| refused.wait_time_from(TokioClock.now()))
    }
}

/// The state of each bucket. When there are too many, those that were used least are forgotten
/// first: so a flood from ever new addresses displaces itself, and not the callers that are limited.
#[derive(Clone)]
struct Tracked(Arc<Cache<Bucket, Arc<InMemoryState>>>);

impl StateStore for Tracked {
    type Key = Bucket;

    fn measure_and_replace<T, F, E>(&self, bucket: &Bucket, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let new = || Ok::<_, Infallible>(Arc::default());
        let state = match self.0.get_or_insert_with(bucket, new) {
            Ok(state) => state,
            Err(never) => match never {},
        };
        state.measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

/// The clock of tokio, which tests can pause.
#[derive(Clone, Copy)]
struct TokioClock;

impl Clock for TokioClock {
    type Instant = Time;

    fn now(&self) -> Time {
        Time(Instant::now())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Time(Instant);

impl Add<Nanos> for Time {
    type Output = Self;

    fn add(self, duration: Nanos) -> Self {
        Self(self.0 + Duration::from(duration))
    }
}

impl Reference for Time {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        let earlier = self.0.checked_sub(duration.into());
        Self(earlier.unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limits::settings;

    fn limiter(text: &str) -> Limiter {
        Limiter::new(settings::parse(text).expect("valid settings"))
    }

    fn from(address: &str, class: CallClass) -> Bucket {
        let address = address.parse().expect("an address");
        let caller = RatedCaller::address(address);
        Bucket { caller, class }
    }

    const TWO_READS: &str = "[address]\nread = { per_second = 0.5, burst = 2 }";

    #[tokio::test(start_paused = true)]
    async fn call_over_the_burst_is_refused_until_its_rate_allows_it() {
        let limiter = limiter(TWO_READS);
        let read = from("192.0.2.1", CallClass::Read);
        assert_eq!(limiter.check(&read), Ok(()));
        assert_eq!(limiter.check(&read), Ok(()));
        assert_eq!(limiter.check(&read), Err(Duration::from_secs(2)));
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(limiter.check(&read), Err(Duration::from_millis(500)));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(limiter.check(&read), Ok(()));
        assert!(limiter.check(&read).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn callers_and_classes_have_rates_of_their_own() {
        let limiter = limiter(TWO_READS);
        let read = from("2001:db8::1", CallClass::Read);
        let same_network = from("2001:db8::2", CallClass::Read);
        assert_eq!(limiter.check(&read), Ok(()));
        assert_eq!(limiter.check(&same_network), Ok(()));
        assert!(limiter.check(&read).is_err());
        for other in [
            from("2001:db8:0:1::1", CallClass::Read),
            from("2001:db8::1", CallClass::Write),
        ] {
            assert_eq!(limiter.check(&other), Ok(()), "{other:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_a_limited_caller_is_not_forgotten() {
        let limiter = limiter(&format!("max_tracked = 1000\n{TWO_READS}"));
        let limited = from("192.0.2.1", CallClass::Read);
        while limiter.check(&limited).is_ok() {}
        for number in 0..20_000_u32 {
            let caller = RatedCaller::address(IpAddr::from(number.to_be_bytes()));
            let class = CallClass::Read;
            assert_eq!(limiter.check(&Bucket { caller, class }), Ok(()));
            if number % 100 == 0 {
                assert!(limiter.check(&limited).is_err(), "after {number} others");
            }
        }
        let rate = limiter.rates.into_values().next().expect("a rate");
        assert!(rate.into_state_store().0.len() <= 1000);
    }

    #[test]
    fn exempt_networks_are_those_of_the_file() {
        let mapped: IpAddr = "::ffff:127.0.0.7".parse().expect("an address");
        let other = IpAddr::from([192, 0, 2, 1]);
        let built_in = limiter("");
        assert!(built_in.is_exempt(mapped) && !built_in.is_exempt(other));
        let changed = limiter("exempt = [\"192.0.2.0/24\"]");
        assert!(!changed.is_exempt(mapped) && changed.is_exempt(other));
    }
}

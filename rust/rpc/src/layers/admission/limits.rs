//! The permits of each service, and the queue for them.
//!
//! A call without a free permit waits for a short time, as in the controlled delay
//! (CoDel) of Facebook's folly: up to [`Options::max_queue_time`](crate::Options::max_queue_time) while the queue is a
//! burst, but only [`STANDING_QUEUE_TIME`] once it has not been empty for that long,
//! because then waiting only makes every call slower. It never waits longer than its
//! deadline allows after the time that the method usually takes. The number of waiting
//! calls is limited to the number of permits.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use contract::errors::shared as errors;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tonic::Status;

use super::{
    limit_metrics::LimitMetrics,
    peer_shares::{PeerEntry, PeerShares},
};
use crate::{
    CallContext, Options, failure,
    gauge_guard::GaugeGuard,
    method::{self, MethodInfo},
};

/// The delay in `RetryInfo`. Calls take milliseconds, so that there is room again after
/// it, and a user hardly notices it.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// How long a call waits when the queue has not been empty for `max_queue_time`; the
/// target of CoDel.
const STANDING_QUEUE_TIME: Duration = Duration::from_millis(5);

/// The limits of a router, over all its connections and its in-process channel.
pub(crate) struct Limits {
    services: HashMap<&'static str, ServiceLimits>,
    /// The usual time of each method in microseconds, by `MethodInfo::index`.
    usual_times: Vec<AtomicU64>,
    receive_timeout: Duration,
}

struct ServiceLimits {
    calls: Limit,
    streams: Limit,
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        let of_service = |name| {
            let limits = ServiceLimits {
                calls: Limit::new(name, "calls", options.max_calls, options),
                streams: Limit::new(name, "streams", options.max_streams, options),
            };
            (name, limits)
        };
        Self {
            services: method::services().map(of_service).collect(),
            usual_times: std::iter::repeat_with(AtomicU64::default)
                .take(method::count())
                .collect(),
            receive_timeout: options.receive_timeout,
        }
    }

    pub(super) fn receive_timeout(&self) -> Duration {
        self.receive_timeout
    }

    /// Waits for a permit. Fails with RESOURCE_EXHAUSTED if there is none in time.
    pub(super) async fn acquire(self: &Arc<Self>, call: &CallContext) -> Result<Permit, Status> {
        let method = call.method_info();
        let Some(service) = self.services.get(method.service) else {
            return Ok(Permit::unlimited());
        };
        let limit = if method.server_streaming {
            &service.streams
        } else {
            &service.calls
        };
        let usual_time = Duration::from_micros(self.usual_times[method.index].load(Relaxed));
        let peer = call.peer().map(|peer| peer.ip());
        let slots = limit.acquire(peer, call.deadline(), usual_time).await;
        let work = Work {
            _slots: slots.ok_or_else(overloaded)?,
            started: Instant::now(),
            method,
            limits: Arc::clone(self),
        };
        Ok(Permit { _work: Some(work) })
    }

    /// Updates the exponentially weighted mean with the weight 1/8, as TCP does for its
    /// round-trip times. An update may get lost when another is made at the same time,
    /// which does not matter for a mean.
    fn record(&self, method: &MethodInfo, took: Duration) {
        let mean = &self.usual_times[method.index];
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 8);
        let old = mean.load(Relaxed);
        let new = if old == 0 {
            took
        } else {
            old - old / 8 + took / 8
        };
        mean.store(new, Relaxed);
    }
}

fn overloaded() -> Status {
    failure(
        errors::OVERLOADED,
        "the server has reached its limit of calls in flight",
    )
    .retry_after(RETRY_AFTER)
    .into_status()
}

/// The right of one call to be in flight; dropping it releases it.
pub struct Permit {
    /// `None` for a call that is not limited.
    _work: Option<Work>,
}

impl Permit {
    /// For a call that is not limited.
    pub(super) fn unlimited() -> Self {
        Self { _work: None }
    }
}

/// For the answer to a call that an outer layer refuses.
impl Default for Permit {
    fn default() -> Self {
        Self::unlimited()
    }
}

/// The work of one call.
struct Work {
    _slots: Slots,
    started: Instant,
    method: &'static MethodInfo,
    limits: Arc<Limits>,
}

impl Drop for Work {
    fn drop(&mut self) {
        // The length of a stream says nothing about the next one.
        if !self.method.server_streaming {
            self.limits.record(self.method, self.started.elapsed());
        }
    }
}

/// What a call holds of a [`Limit`]. Fields are dropped in this order.
struct Slots {
    _in_use: GaugeGuard,
    _slot: OwnedSemaphorePermit,
    _share: Option<(OwnedSemaphorePermit, PeerEntry)>,
}

/// The permits for the calls, or for the server streams, of one service.
struct Limit {
    service: &'static str,
    /// `calls` or `streams`.
    kind: &'static str,
    metrics: OnceLock<LimitMetrics>,
    slots: Arc<Semaphore>,
    /// Further slots for calls within the process.
    reserve: Arc<Semaphore>,
    shares: Option<Arc<PeerShares>>,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_queue_time: Duration,
    created: Instant,
    /// When the queue was last seen empty, in microseconds since `created`.
    last_empty: AtomicU64,
}

impl Limit {
    fn new(service: &'static str, kind: &'static str, max: usize, options: &Options) -> Self {
        Self {
            service,
            kind,
            metrics: OnceLock::new(),
            slots: Arc::new(Semaphore::new(max)),
            reserve: Arc::new(Semaphore::new(options.in_process_reserve)),
            shares: PeerShares::new(max, options.max_peer_share),
            waiting: AtomicUsize::new(0),
            max_waiting: max,
            max_queue_time: options.max_queue_time,
            created: Instant::now(),
            last_empty: AtomicU64::new(0),
        }
    }

    fn metrics(&self) -> &LimitMetrics {
        let permits = self.max_waiting;
        self.metrics
            .get_or_init(|| LimitMetrics::register(self.service, self.kind, permits))
    }

    async fn acquire(
        &self,
        peer: Option<IpAddr>,
        deadline: Option<Instant>,
        usual_time: Duration,
    ) -> Option<Slots> {
        let slots = self.acquire_in_time(peer, deadline, usual_time).await;
        if slots.is_none() {
            self.metrics().refused.increment(1);
        }
        slots
    }

    async fn acquire_in_time(
        &self,
        peer: Option<IpAddr>,
        deadline: Option<Instant>,
        usual_time: Duration,
    ) -> Option<Slots> {
        let waiting = self.waiting.load(Relaxed);
        if waiting == 0 {
            self.last_empty.store(self.now(), Relaxed);
        }
        if let Some(slots) = self.try_take(peer) {
            return Some(slots);
        }
        let wait = self.queue_time(deadline, usual_time);
        if waiting >= self.max_waiting || wait.is_zero() {
            return None;
        }
        let _waiting = CountGuard::new(&self.waiting);
        let _in_gauge = GaugeGuard::new(&self.metrics().waiting);
        tokio::time::timeout(wait, self.take(peer)).await.ok()?
    }

    fn try_take(&self, peer: Option<IpAddr>) -> Option<Slots> {
        let share = match (peer, &self.shares) {
            (Some(peer), Some(shares)) => Some(shares.entry(peer).try_take()?),
            _ => None,
        };
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        let slot = match peer {
            Some(_) => slot,
            None => slot.or_else(|_| Arc::clone(&self.reserve).try_acquire_owned()),
        };
        Some(Slots {
            _slot: slot.ok()?,
            _share: share,
            _in_use: GaugeGuard::new(&self.metrics().in_use),
        })
    }

    async fn take(&self, peer: Option<IpAddr>) -> Option<Slots> {
        let share = match (peer, &self.shares) {
            (Some(peer), Some(shares)) => Some(shares.entry(peer).take().await?),
            _ => None,
        };
        let slot = Arc::clone(&self.slots).acquire_owned();
        let slot = match peer {
            Some(_) => slot.await,
            None => tokio::select! {
                slot = slot => slot,
                slot = Arc::clone(&self.reserve).acquire_owned() => slot,
            },
        };
        Some(Slots {
            // Semaphores fail only when they are closed, which these never are.
            _slot: slot.ok()?,
            _share: share,
            _in_use: GaugeGuard::new(&self.metrics().in_use),
        })
    }

    fn queue_time(&self, deadline: Option<Instant>, usual_time: Duration) -> Duration {
        let busy_for = self.now().saturating_sub(self.last_empty.load(Relaxed));
        let wait = if Duration::from_micros(busy_for) > self.max_queue_time {
            STANDING_QUEUE_TIME.min(self.max_queue_time)
        } else {
            self.max_queue_time
        };
        match deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                wait.min(left.saturating_sub(usual_time))
            }
            None => wait,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Counts one while it exists, also when its future is dropped.
struct CountGuard<'a>(&'a AtomicUsize);

impl<'a> CountGuard<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for CountGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

//! The permits of each service, and the queue for them.
//!
//! A call without a free permit waits for a short time, as in the controlled delay
//! (CoDel) of Facebook's folly: up to [`Options::max_queue_time`](crate::Options::max_queue_time)
//! while the queue is a burst. Once it has not been empty for that long, or others have just waited
//! in vain, waiting only makes every call slower and refusals dearer: then calls wait for
//! [`STANDING_QUEUE_TIME`], and only as many as usually end in that time. A call never waits longer
//! than its deadline allows after the time that the method usually takes.
//!
//! The number of permits for calls follows the time that they take, see
//! [`adaptive_limit`](super::adaptive_limit). Reads and writes have permits of their own, so that
//! those who look around cannot keep others from buying. Calls that are answered from memory hold
//! their permits so shortly that they are hardly ever refused, which would cost as much as their
//! answers.

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
use http::HeaderMap;
use tokio::time::Instant;
use tonic::Status;

use super::{
    adaptive_limit::{AdaptiveLimit, EndedCall},
    limit_metrics::LimitMetrics,
    peer_shares::{PeerEntry, PeerShares},
    permits::{HeldPermit, Permits},
};
use crate::{
    CallContext, Options, failure,
    gauge_guard::GaugeGuard,
    method::{self, MethodInfo},
};

/// The delay in `RetryInfo`. Calls take milliseconds, so that there is room again after
/// it, and a user hardly notices it.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// How long a call waits when the queue has not been empty for `max_queue_time`: about as long as
/// most calls take.
const STANDING_QUEUE_TIME: Duration = Duration::from_millis(1);

/// How long waiting in vain shortens the waits of further calls.
const OVERLOAD_MEMORY: Duration = Duration::from_secs(1);

/// The limits of a router, over all its connections and its in-process channel.
pub(crate) struct Limits {
    services: HashMap<&'static str, ServiceLimits>,
    /// The usual time of each method in microseconds, by `MethodInfo::index`.
    usual_times: Vec<AtomicU64>,
    receive_timeout: Duration,
}

struct ServiceLimits {
    /// For calls without side effects.
    reads: Limit,
    writes: Limit,
    streams: Limit,
}

impl ServiceLimits {
    fn of(&self, method: &MethodInfo) -> &Limit {
        if method.server_streaming {
            &self.streams
        } else if method.is_read() {
            &self.reads
        } else {
            &self.writes
        }
    }
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        let of_service = |name| {
            let of_calls = |kind| {
                let adaptive = AdaptiveLimit::new(options.min_calls, options.max_calls);
                Limit::new(name, kind, options.max_calls, adaptive, options)
            };
            let limits = ServiceLimits {
                reads: of_calls("reads"),
                writes: of_calls("writes"),
                streams: Limit::new(name, "streams", options.max_streams, None, options),
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

    /// Waits for a permit. Fails with RESOURCE_EXHAUSTED if there is none in time. The time of a
    /// call whose request is not complete depends on its client, so the limits do not adapt to it.
    pub(super) async fn acquire(
        self: &Arc<Self>,
        call: &CallContext,
        is_complete: bool,
    ) -> Result<Permit, Status> {
        let method = call.method_info();
        let Some(service) = self.services.get(method.service) else {
            return Ok(Permit::unlimited());
        };
        let limit = service.of(method);
        let usual_time = Duration::from_micros(self.usual_times[method.index].load(Relaxed));
        let peer = call.peer().map(|peer| peer.ip());
        let slots = limit.acquire(peer, call.deadline(), usual_time).await;
        let work = Work {
            _slots: slots.ok_or_else(overloaded)?,
            started: Instant::now(),
            in_flight: limit.slots.in_use(),
            is_complete,
            end: End::Cancelled,
            method,
            limits: Arc::clone(self),
        };
        Ok(Permit { work: Some(work) })
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

    fn adapt(&self, method: &MethodInfo, call: &EndedCall) {
        if let Some(service) = self.services.get(method.service) {
            service.of(method).adapt(method, call);
        }
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
    work: Option<Work>,
}

impl Permit {
    /// For a call that is not limited.
    pub(super) fn unlimited() -> Self {
        Self { work: None }
    }

    /// To be called with the answer to a unary call.
    pub(super) fn answered(&mut self, headers: &HeaderMap) {
        if let Some(work) = &mut self.work {
            work.end = match headers.contains_key(Status::GRPC_STATUS) {
                true => End::Failed,
                false => End::Answered,
            };
        }
    }
}

/// For the answer to a call that an outer layer refuses.
impl Default for Permit {
    fn default() -> Self {
        Self::unlimited()
    }
}

/// How a call has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    /// By an error, whose time says nothing about the load: a request that is not valid is
    /// answered at once.
    Failed,
    Cancelled,
}

/// The work of one call.
struct Work {
    _slots: Slots,
    started: Instant,
    /// How many calls had permits when it started, with itself.
    in_flight: usize,
    /// Whether its request was complete when it started.
    is_complete: bool,
    end: End,
    method: &'static MethodInfo,
    limits: Arc<Limits>,
}

impl Drop for Work {
    fn drop(&mut self) {
        // The length of a stream says nothing about the next one.
        if self.method.server_streaming {
            return;
        }
        let took = self.started.elapsed();
        self.limits.record(self.method, took);
        if self.method.is_unary() && self.is_complete && self.end != End::Failed {
            let call = EndedCall {
                took,
                in_flight: self.in_flight,
                is_answered: self.end == End::Answered,
            };
            self.limits.adapt(self.method, &call);
        }
    }
}

/// What a call holds of a [`Limit`]. Fields are dropped in this order.
struct Slots {
    _in_use: GaugeGuard,
    _slot: HeldPermit,
    _share: Option<(HeldPermit, PeerEntry)>,
}

/// The permits for one kind of calls of one service.
struct Limit {
    service: &'static str,
    /// `reads`, `writes` or `streams`.
    kind: &'static str,
    metrics: OnceLock<LimitMetrics>,
    adaptive: Option<AdaptiveLimit>,
    slots: Arc<Permits>,
    /// Further slots for calls within the process.
    reserve: Arc<Permits>,
    shares: Option<Arc<PeerShares>>,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_queue_time: Duration,
    created: Instant,
    /// When the queue was last seen empty, in microseconds since `created`.
    last_empty: AtomicU64,
    /// Until when the last call waited in vain, likewise; 0 if none has.
    last_in_vain: AtomicU64,
}

impl Limit {
    fn new(
        service: &'static str,
        kind: &'static str,
        max: usize,
        adaptive: Option<AdaptiveLimit>,
        options: &Options,
    ) -> Self {
        let size = adaptive.as_ref().map_or(max, AdaptiveLimit::limit);
        Self {
            service,
            kind,
            metrics: OnceLock::new(),
            adaptive,
            slots: Permits::new(size),
            reserve: Permits::new(options.in_process_reserve),
            shares: PeerShares::new(size, options.max_peer_share),
            waiting: AtomicUsize::new(0),
            max_waiting: max,
            max_queue_time: options.max_queue_time,
            created: Instant::now(),
            last_empty: AtomicU64::new(0),
            last_in_vain: AtomicU64::new(0),
        }
    }

    /// Changes the number of permits by the time that a call took.
    fn adapt(&self, method: &MethodInfo, call: &EndedCall) {
        let Some(adaptive) = &self.adaptive else {
            return;
        };
        adaptive.record(method.index, call, |size| {
            self.slots.resize(size);
            if let Some(shares) = &self.shares {
                shares.resize(size);
            }
            self.metrics().permits.set(size as f64);
        });
    }

    fn metrics(&self) -> &LimitMetrics {
        self.metrics
            .get_or_init(|| LimitMetrics::register(self.service, self.kind, self.slots.size()))
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
        let (max_waiting, max_wait) = if self.is_standing_queue() {
            let wait = STANDING_QUEUE_TIME.min(self.max_queue_time);
            let ended = self.slots.size() as f64 * wait.div_duration_f64(usual_time.max(wait));
            (ended.ceil() as usize, wait)
        } else {
            (self.max_waiting, self.max_queue_time)
        };
        let left = deadline.map(|it| it.saturating_duration_since(Instant::now()));
        let wait = left.map_or(max_wait, |left| {
            max_wait.min(left.saturating_sub(usual_time))
        });
        if waiting >= max_waiting || wait.is_zero() {
            return None;
        }
        let _waiting = CountGuard::new(&self.waiting);
        let _in_gauge = GaugeGuard::new(&self.metrics().waiting);
        let taken = tokio::time::timeout(wait, self.take(peer)).await;
        if taken.is_err() {
            self.last_in_vain.store(self.now(), Relaxed);
        }
        taken.ok()?
    }

    fn try_take(&self, peer: Option<IpAddr>) -> Option<Slots> {
        let share = match (peer, &self.shares) {
            (Some(peer), Some(shares)) => Some(shares.entry(peer).try_take()?),
            _ => None,
        };
        let slot = self.slots.try_acquire();
        let slot = match peer {
            Some(_) => slot,
            None => slot.or_else(|| self.reserve.try_acquire()),
        };
        Some(self.hold(slot?, share))
    }

    async fn take(&self, peer: Option<IpAddr>) -> Option<Slots> {
        let share = match (peer, &self.shares) {
            (Some(peer), Some(shares)) => Some(shares.entry(peer).take().await?),
            _ => None,
        };
        let slot = self.slots.acquire();
        let slot = match peer {
            Some(_) => slot.await,
            None => tokio::select! {
                slot = slot => slot,
                slot = self.reserve.acquire() => slot,
            },
        };
        Some(self.hold(slot?, share))
    }

    fn hold(&self, slot: HeldPermit, share: Option<(HeldPermit, PeerEntry)>) -> Slots {
        Slots {
            _in_use: GaugeGuard::new(&self.metrics().in_use),
            _slot: slot,
            _share: share,
        }
    }

    /// Whether the queue is not a burst but lasting overload.
    fn is_standing_queue(&self) -> bool {
        let since =
            |time: &AtomicU64| Duration::from_micros(self.now().saturating_sub(time.load(Relaxed)));
        since(&self.last_empty) > self.max_queue_time
            || self.last_in_vain.load(Relaxed) > 0 && since(&self.last_in_vain) < OVERLOAD_MEMORY
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

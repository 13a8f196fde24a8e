//! How often each caller may make calls of each class, on all ports.
//!
//! The rates are in a file ([`settings`]), and `default.toml` has those that it leaves out. The
//! layer [`rate_limit`](crate::layers::rate_limit) applies them to calls, and
//! [`serve_http`](crate::serve_http) to requests. The class of a call follows from the contract:
//! its idempotency level, and `(bookstore.type.v1.expensive)`.
//!
//! The rates of this process are in its memory: a restart forgets them, and processes do not
//! share them. Limits that must survive that, such as those of guessed passwords, are in the
//! database of their service.

mod limiter;
mod settings;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use serde::Deserialize;

use self::limiter::{Bucket, Limiter};
pub use self::settings::RateLimitsError;
use crate::{
    AccountId, ServiceName, incident::Incident, method::MethodInfo, peer::peer_network,
    reloaded::Reloaded,
};

/// Who makes a call, as far as rates are concerned. Each has rates of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RatedCaller {
    /// The network of a client of gRPC; see [`RatedCaller::address`].
    Address(IpAddr),
    Account(AccountId),
    Operator,
    Service(ServiceName),
    /// The network of a client of another port; see [`RatedCaller::http`].
    Http(IpAddr),
}

impl RatedCaller {
    pub fn address(address: IpAddr) -> Self {
        Self::Address(peer_network(address))
    }

    pub fn http(address: IpAddr) -> Self {
        Self::Http(peer_network(address))
    }

    fn kind(&self) -> CallerKind {
        match self {
            Self::Address(_) => CallerKind::Address,
            Self::Account(_) => CallerKind::Account,
            Self::Operator => CallerKind::Operator,
            Self::Service(_) => CallerKind::Service,
            Self::Http(_) => CallerKind::Http,
        }
    }
}

/// The kinds of callers: the tables of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum CallerKind {
    Address,
    Account,
    Operator,
    Service,
    Http,
}

impl CallerKind {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
            Self::Operator => "operator",
            Self::Service => "service",
            Self::Http => "http",
        }
    }

    /// The classes that calls of such callers can have.
    fn classes(self) -> &'static [CallClass] {
        use CallClass::{Connection, Expensive, Read, Token, Write};
        match self {
            Self::Address => &[Read, Write, Expensive, Token, Connection],
            Self::Account | Self::Operator | Self::Service => &[Read, Write, Expensive],
            Self::Http => &[Read, Write],
        }
    }
}

/// What a call costs: the keys in the tables of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CallClass {
    Read,
    Write,
    Expensive,
    /// A call with a session token that is not verified yet, whatever its method.
    Token,
    /// A new connection to any port.
    Connection,
}

impl CallClass {
    /// The class of a method; `None` if its calls are not limited.
    pub fn of_method(method: &MethodInfo) -> Option<Self> {
        if method.expensive {
            Some(Self::Expensive)
        } else if method.infrastructure {
            // A server whose health cannot be read would be taken for a dead one.
            None
        } else if method.is_read() {
            Some(Self::Read)
        } else {
            Some(Self::Write)
        }
    }

    /// The class of an HTTP request.
    pub fn of_request(method: &Method) -> Self {
        if method.is_safe() {
            Self::Read
        } else {
            Self::Write
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Expensive => "expensive",
            Self::Token => "token",
            Self::Connection => "connection",
        }
    }
}

/// The rates of a process, which all its ports share. Clones share the state.
#[derive(Clone)]
pub struct RateLimits(Arc<Shared>);

struct Shared {
    limiter: Source,
    incident: Mutex<Incident>,
}

enum Source {
    Fixed(Arc<Limiter>),
    File(Reloaded<Limiter>),
}

impl Default for RateLimits {
    /// The built-in rates.
    fn default() -> Self {
        Self::new(Source::Fixed(Arc::new(Limiter::new(settings::built_in()))))
    }
}

impl RateLimits {
    /// The rates of a file, which are replaced when it changes; then all callers begin anew. Must
    /// be called within a tokio runtime.
    ///
    /// # Errors
    /// If the file cannot be read, or is not valid. Later such errors are logged, and the old
    /// rates remain.
    pub fn load(file: PathBuf) -> Result<Self, RateLimitsError> {
        let path = file.clone();
        let read = move || settings::read(&path).map(|text| vec![text]);
        let make = move |texts: &[String]| {
            let text = texts.first().map_or("", String::as_str);
            let settings = settings::parse(text);
            settings
                .map(Limiter::new)
                .map_err(|cause| RateLimitsError::invalid(&file, cause))
        };
        let limiter = Reloaded::new("rate limits", read, make)?;
        Ok(Self::new(Source::File(limiter)))
    }

    /// The rates of a text in the format of the file.
    ///
    /// # Errors
    /// One line that says what is wrong in the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let limiter = Limiter::new(settings::parse(text)?);
        Ok(Self::new(Source::Fixed(Arc::new(limiter))))
    }

    /// Nobody is limited.
    pub(crate) fn unlimited() -> Self {
        let all = "exempt = [\"0.0.0.0/0\", \"::/0\"]";
        Self::parse(all).expect("valid networks")
    }

    fn new(limiter: Source) -> Self {
        Self(Arc::new(Shared {
            limiter,
            incident: Mutex::default(),
        }))
    }

    /// Whether the clients with this address are not limited.
    pub(crate) fn is_exempt(&self, address: IpAddr) -> bool {
        self.limiter().is_exempt(address)
    }

    /// Counts a call.
    ///
    /// # Errors
    /// The time until the next call of this class is allowed, if this one is not.
    pub(crate) fn check(&self, caller: RatedCaller, class: CallClass) -> Result<(), Duration> {
        let kind = caller.kind().name();
        let bucket = Bucket { caller, class };
        let Err(wait) = self.limiter().check(&bucket) else {
            return Ok(());
        };
        let class = class.name();
        metrics::counter!("bindery_rate_limited_total", "caller" => kind, "class" => class)
            .increment(1);
        let incident = self.0.incident.lock();
        let mut incident = incident.unwrap_or_else(PoisonError::into_inner);
        if incident.begins() {
            let caller = tracing::field::debug(&bucket.caller);
            tracing::warn!(
                caller,
                class,
                "calls are refused because they are too frequent"
            );
        }
        Err(wait)
    }

    fn limiter(&self) -> Arc<Limiter> {
        match &self.0.limiter {
            Source::Fixed(limiter) => Arc::clone(limiter),
            Source::File(limiter) => limiter.current(),
        }
    }
}

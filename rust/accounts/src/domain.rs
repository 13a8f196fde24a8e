//! The types of the domain: accounts, sessions and what is limited.

use std::{fmt, net::IpAddr, time::Duration};

use jiff::{SignedDuration, Timestamp};
use service::{AccountId, Address};
use uuid::Uuid;

/// How long the token of a verification mail is valid.
pub const SIGN_UP_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long the token of a reset mail is valid.
pub const RESET_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// How long a session stays open without a use.
pub const SESSION_IDLE_LIFETIME: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long a session stays open at most.
pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// A use of a session is recorded if the last recorded one is older.
pub const USE_INTERVAL: SignedDuration = SignedDuration::from_hours(1);
/// How many sessions of an account can be open. One more ends the oldest.
pub const MAX_SESSIONS: i64 = 100;

/// An email address in lower case, so that equal addresses are equal texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address, of which the contract has validated the form.
    pub fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a session, a UUIDv7. It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id.
    pub account_id: AccountId,
    /// The verified address.
    pub email: EmailAddress,
    /// What the owner can change.
    pub profile: Profile,
    /// When the address was verified.
    pub create_time: Timestamp,
}

/// What the owner of an account can change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The name in mails and on pages; may be empty.
    pub display_name: String,
    /// The address that is filled in at the checkout.
    pub default_shipping_address: Option<Address>,
}

/// The fields of a profile to change. `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// The new name.
    pub display_name: Option<String>,
    /// The new address; `Some(None)` removes it.
    pub default_shipping_address: Option<Option<Address>>,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub session_id: SessionId,
    /// Who is signed in.
    pub account_id: AccountId,
    /// What the client says about itself; may be empty.
    pub client_label: String,
    /// When it was opened.
    pub create_time: Timestamp,
    /// The last recorded use.
    pub last_use_time: Timestamp,
}

impl Session {
    /// When the session expires unless it is used.
    pub fn expire_time(&self) -> Timestamp {
        let idle = saturating_add(self.last_use_time, SESSION_IDLE_LIFETIME);
        idle.min(saturating_add(self.create_time, SESSION_LIFETIME))
    }
}

/// A request to sign up.
#[derive(Clone)]
pub struct SignUp {
    /// Chosen by the caller. The same request with the same id sends no second mail.
    pub request_id: Uuid,
    /// The address that the mail goes to.
    pub email: EmailAddress,
    /// The password of the future account.
    pub password: String,
    /// The name; may be empty.
    pub display_name: String,
}

/// What is limited by how often it is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// A comparison with a password, which may be a guess.
    Password,
    /// A mail to an address that somebody typed.
    Mail,
}

/// A limit: `burst` attempts at once, and one more after each `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
}

impl Limit {
    const fn new(burst: u32, seconds: u64) -> Self {
        Self {
            burst,
            interval: Duration::from_secs(seconds),
        }
    }
}

impl Attempt {
    /// The limits of an attempt: what is counted, as text, with its limit. `network` is where
    /// the caller is; `None` if that is unknown, as behind a proxy on the same machine.
    ///
    /// One network alone cannot lock the owner of an address out, because its limit for an
    /// address is lower than that of the address.
    pub(crate) fn limits(
        self,
        email: &EmailAddress,
        network: Option<IpAddr>,
    ) -> Vec<(String, Limit)> {
        let email = email.as_str();
        let from = network.map_or_else(String::new, |network| network.to_string());
        let mut limits = match self {
            Self::Password => vec![
                (format!("password {email} {from}"), Limit::new(10, 60)),
                (format!("password {email}"), Limit::new(100, 30)),
            ],
            Self::Mail => vec![(format!("mail {email}"), Limit::new(5, 12 * 60))],
        };
        if network.is_some() {
            limits.push(match self {
                Self::Password => (format!("password from {from}"), Limit::new(100, 6)),
                Self::Mail => (format!("mail from {from}"), Limit::new(20, 60)),
            });
        }
        limits
    }
}

/// A time that much later, or the last time that there is.
fn saturating_add(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(create_time: &str, last_use_time: &str) -> Session {
        Session {
            session_id: SessionId(Uuid::nil()),
            account_id: AccountId(Uuid::nil()),
            client_label: String::new(),
            create_time: create_time.parse().expect("a time"),
            last_use_time: last_use_time.parse().expect("a time"),
        }
    }

    #[test]
    fn session_expires_when_it_is_idle_or_old() {
        let idle = session("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z");
        assert_eq!(idle.expire_time().to_string(), "2026-01-25T00:00:00Z");
        let old = session("2026-01-01T00:00:00Z", "2026-03-30T00:00:00Z");
        assert_eq!(old.expire_time().to_string(), "2026-04-01T00:00:00Z");
    }

    #[test]
    fn case_of_an_address_does_not_matter() {
        let address = EmailAddress::new("Ada@Example.ORG");
        assert_eq!(address, EmailAddress::new("ada@example.org"));
    }

    #[test]
    fn limit_of_a_network_is_below_that_of_an_address() {
        let network = Some(IpAddr::from([192, 0, 2, 1]));
        let limits = Attempt::Password.limits(&EmailAddress::new("a@b.c"), network);
        let bursts: Vec<_> = limits.iter().map(|(_, limit)| limit.burst).collect();
        assert_eq!(bursts, [10, 100, 100]);
        assert_eq!(
            Attempt::Mail
                .limits(&EmailAddress::new("a@b.c"), None)
                .len(),
            1
        );
    }
}

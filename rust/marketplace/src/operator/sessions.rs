//! The sessions of operators: in the memory of this process, so that signing out ends them and a
//! restart ends all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// A session ends so long after the last page.
const IDLE_LIMIT: Duration = Duration::from_mins(30);
/// A session ends so long after the sign-in.
pub(crate) const SESSION_AGE: Duration = Duration::from_hours(8);
/// A new session ends the oldest one while there are as many.
const MAX_SESSIONS: usize = 32;

/// How many attempts to sign in may fail in [`ATTEMPT_PERIOD`], for each network.
const MAX_ATTEMPTS: u32 = 5;
const ATTEMPT_PERIOD: Duration = Duration::from_mins(15);
/// The number of networks whose attempts are counted; the oldest ones are forgotten.
const MAX_NETWORKS: usize = 1000;

/// The open sessions, and the attempts that have failed.
#[derive(Debug, Default)]
pub(crate) struct OperatorSessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Oldest first.
    sessions: Vec<Session>,
    attempts: HashMap<IpAddr, Attempts>,
}

#[derive(Debug)]
struct Session {
    id: String,
    opened: Instant,
    last_use: Instant,
}

#[derive(Debug)]
struct Attempts {
    since: Instant,
    failed: u32,
}

impl OperatorSessions {
    /// Opens a session and returns its id.
    pub fn open(&self) -> String {
        let id = BASE64.encode(rand::random::<[u8; 32]>());
        let now = Instant::now();
        let mut state = self.state();
        if state.sessions.len() >= MAX_SESSIONS {
            state.sessions.remove(0);
        }
        state.sessions.push(Session {
            id: id.clone(),
            opened: now,
            last_use: now,
        });
        id
    }

    /// Whether a session is open; if it is, it has been used now.
    pub fn is_open(&self, id: &str) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        state.sessions.retain(|session| {
            now.duration_since(session.last_use) < IDLE_LIMIT
                && now.duration_since(session.opened) < SESSION_AGE
        });
        let mut found = false;
        for session in &mut state.sessions {
            if bool::from(session.id.as_bytes().ct_eq(id.as_bytes())) {
                session.last_use = now;
                found = true;
            }
        }
        found
    }

    /// Ends a session.
    pub fn close(&self, id: &str) {
        self.state()
            .sessions
            .retain(|session| !bool::from(session.id.as_bytes().ct_eq(id.as_bytes())));
    }

    /// How long a network has to wait before its next attempt; `None` if it may try now.
    pub fn wait(&self, network: IpAddr) -> Option<Duration> {
        let state = self.state();
        let attempts = state.attempts.get(&network)?;
        let passed = attempts.since.elapsed();
        (attempts.failed >= MAX_ATTEMPTS && passed < ATTEMPT_PERIOD)
            .then(|| ATTEMPT_PERIOD.saturating_sub(passed))
    }

    /// Counts an attempt. It is counted before the token is compared, so that attempts at the
    /// same time are not more than those one after the other.
    pub fn count_attempt(&self, network: IpAddr) {
        let mut state = self.state();
        let attempts = &mut state.attempts;
        attempts.retain(|_, attempts| attempts.since.elapsed() < ATTEMPT_PERIOD);
        if attempts.len() >= MAX_NETWORKS && !attempts.contains_key(&network) {
            let oldest = attempts.iter().min_by_key(|(_, attempts)| attempts.since);
            if let Some(oldest) = oldest.map(|(network, _)| *network) {
                attempts.remove(&oldest);
            }
        }
        let counted = attempts.entry(network).or_insert_with(|| Attempts {
            since: Instant::now(),
            failed: 0,
        });
        counted.failed += 1;
    }

    /// Forgets the attempts of a network, after one has succeeded.
    pub fn forget_attempts(&self, network: IpAddr) {
        self.state().attempts.remove(&network);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is complete before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn session_ends_when_it_is_idle_old_or_closed() {
        let sessions = OperatorSessions::default();
        let (idle, used, closed) = (sessions.open(), sessions.open(), sessions.open());
        sessions.close(&closed);
        assert!(!sessions.is_open(&closed) && !sessions.is_open(""));
        for _ in 0..16 {
            assert!(sessions.is_open(&used));
            tokio::time::advance(IDLE_LIMIT - Duration::from_secs(1)).await;
        }
        assert!(!sessions.is_open(&idle) && sessions.is_open(&used));
        tokio::time::advance(IDLE_LIMIT - Duration::from_secs(1)).await;
        assert!(!sessions.is_open(&used), "it is too old");
    }

    #[test]
    fn oldest_session_ends_when_there_are_too_many() {
        let sessions = OperatorSessions::default();
        let ids: Vec<_> = (0..=MAX_SESSIONS).map(|_| sessions.open()).collect();
        let open: Vec<_> = ids.iter().map(|id| sessions.is_open(id)).collect();
        assert!(!open[0] && open[1..].iter().all(|open| *open));
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_limited_for_each_network() {
        let sessions = OperatorSessions::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..MAX_ATTEMPTS {
            assert_eq!(sessions.wait(one), None);
            sessions.count_attempt(one);
        }
        assert_eq!(
            (sessions.wait(one), sessions.wait(other)),
            (Some(ATTEMPT_PERIOD), None)
        );
        tokio::time::advance(ATTEMPT_PERIOD).await;
        assert_eq!(sessions.wait(one), None);
        for number in 0..2000_u32 {
            sessions.count_attempt(IpAddr::V4(number.into()));
        }
        assert_eq!(sessions.state().attempts.len(), MAX_NETWORKS);
    }
}

//! Session consistency: which writes a caller must see, so that its other reads may go to read
//! replicas.
//!
//! A replica follows its primary database with a delay. Whoever has just written a review must
//! find it in the list of reviews, while everybody else may see the list of a moment ago. So
//! each write has a position in the write-ahead log of its database, and a caller carries the
//! positions of its own writes in a [`Session`]: `store` sends a read to a replica only if that
//! has replayed the log up to there.
//!
//! `rpc` carries sessions from call to call in the header [`HEADER`], and the shop from page to
//! page in a cookie. A call without the header has no session: all its reads are from the
//! primary, so that a client that knows nothing of all this never reads old data.

#![forbid(unsafe_code)]

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// The header of requests and responses with the text of a session.
pub const HEADER: &str = "bookstore-session";

/// The position of a write that is not known: no replica has reached it.
pub const UNKNOWN: u64 = u64::MAX;

/// How many databases a session may name: several times as many as there are.
const MAX_DATABASES: usize = 32;

/// In bytes: that of [`MAX_DATABASES`] entries.
const MAX_TEXT_LENGTH: usize = 1024;

/// The entry of a session whose reads are all from the primary.
const LATEST: &str = "latest";

tokio::task_local! {
    static CURRENT: Arc<Session>;
}

/// The writes that one caller must see.
///
/// Its text is a list of entries `DATABASE-POSITION`, such as
/// `inventory-16b3748.reviews-16b3800`, with positions in hexadecimal digits. A session without
/// writes has an empty text. The entry `latest` marks a session all of whose reads are from the
/// primary; it only collects writes.
#[derive(Debug, Default)]
pub struct Session {
    latest: bool,
    writes: Mutex<BTreeMap<Box<str>, u64>>,
    changed: AtomicBool,
}

impl Session {
    /// `None` if the text is not that of a session.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT_LENGTH {
            return None;
        }
        let mut session = Self::default();
        let mut writes = BTreeMap::new();
        for entry in text.split('.').filter(|_| !text.is_empty()) {
            if entry == LATEST {
                session.latest = true;
                continue;
            }
            let (database, position) = parse_entry(entry)?;
            writes.insert(database.into(), position);
        }
        if writes.len() > MAX_DATABASES {
            return None;
        }
        session.writes = Mutex::new(writes);
        Some(session)
    }

    /// The text of the session.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (database, position) in &*self.writes() {
            let separator = if text.is_empty() { "" } else { "." };
            // Writing to a String does not fail.
            let _ = write!(text, "{separator}{database}-{position:x}");
        }
        text
    }

    /// The text for a call that is made while another one is served. Its reads are from the
    /// primary: a service decides by what it reads.
    pub fn text_of_nested_call(&self) -> String {
        match self.text() {
            text if text.is_empty() => LATEST.to_owned(),
            text => format!("{LATEST}.{text}"),
        }
    }

    /// The session of the running code, if any. A spawned task does not inherit it.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs a future as part of this session.
    pub fn scope<F: Future>(self: &Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Arc::clone(self), future)
    }

    /// Runs a function as part of this session.
    pub fn enter<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(Arc::clone(self), body)
    }

    /// The position that a replica of a database must have reached: 0 if any will do, `None` if
    /// the read must be from the primary.
    pub fn required(&self, database: &str) -> Option<u64> {
        if self.latest {
            return None;
        }
        match self.writes().get(database) {
            Some(&UNKNOWN) => None,
            position => Some(position.copied().unwrap_or(0)),
        }
    }

    /// Notes a write.
    pub fn written(&self, database: &str, position: u64) {
        let mut writes = self.writes();
        let is_full = writes.len() >= MAX_DATABASES;
        match writes.get_mut(database) {
            Some(known) if *known >= position => return,
            Some(known) => *known = position,
            None if is_full => return,
            None => {
                writes.insert(database.into(), position);
            }
        }
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Notes the writes of a call, from the text of its session.
    pub fn merge(&self, text: &str) {
        if let Some(other) = Self::parse(text) {
            for (database, position) in &*other.writes() {
                self.written(database, *position);
            }
        }
    }

    /// Whether a write was noted since the session was parsed.
    pub fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    fn writes(&self) -> MutexGuard<'_, BTreeMap<Box<str>, u64>> {
        // The map is valid after every statement.
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse_entry(entry: &str) -> Option<(&str, u64)> {
    let (database, position) = entry.split_once('-')?;
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        !name.is_empty() && bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let is_digits = position.bytes().all(|byte| byte.is_ascii_hexdigit());
    let position = u64::from_str_radix(position, 16).ok()?;
    (is_name(database) && is_digits).then_some((database, position))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(text: &str) -> Session {
        Session::parse(text).expect("the text of a session")
    }

    #[test]
    fn text_tells_the_writes() {
        let session = session("reviews-16b3800.inventory-16b3748");
        assert_eq!(session.required("reviews"), Some(0x16b_3800));
        assert_eq!(session.required("cart"), Some(0));
        assert_eq!(session.text(), "inventory-16b3748.reviews-16b3800");
        assert!(!session.has_changed());
    }

    #[test]
    fn session_without_writes_has_an_empty_text() {
        assert_eq!(session("").required("inventory"), Some(0));
        assert_eq!(session("").text(), "");
    }

    #[test]
    fn other_texts_are_refused() {
        let many: Vec<_> = (0..40_u8)
            .map(|number| {
                format!(
                    "{}-1",
                    char::from(b'a' + number % 26)
                        .to_string()
                        .repeat(1 + usize::from(number) / 26)
                )
            })
            .collect();
        let long = format!("{}-1", "a".repeat(2000));
        for text in [
            ".",
            "x",
            "x-",
            "-1",
            "x-g",
            "x-+1",
            "X-1",
            "x-1.",
            "x-1 ",
            "x-11111111111111111",
            "Latest",
            &long,
            &many.join("."),
        ] {
            assert!(Session::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn newest_position_is_kept() {
        let session = session("inventory-5");
        session.written("inventory", 4);
        assert!(!session.has_changed());
        session.merge("inventory-7.reviews-1");
        assert!(session.has_changed());
        assert_eq!(session.text(), "inventory-7.reviews-1");
        session.merge("not a session");
        assert_eq!(session.text(), "inventory-7.reviews-1");
    }

    #[test]
    fn write_at_an_unknown_position_is_only_in_the_primary() {
        let session = session("");
        session.written("reviews", UNKNOWN);
        assert_eq!(session.required("reviews"), None);
        assert_eq!(session.required("inventory"), Some(0));
        assert_eq!(self::session(&session.text()).required("reviews"), None);
    }

    #[test]
    fn nested_call_reads_from_the_primary() {
        for text in ["", "inventory-7"] {
            let nested = session(&session(text).text_of_nested_call());
            assert_eq!(nested.required("reviews"), None);
            assert_eq!(nested.text(), text);
        }
    }

    #[tokio::test]
    async fn scope_sets_the_current_session() {
        assert!(Session::current().is_none());
        let current = Arc::new(session("inventory-7"));
        let seen = current.scope(async { Session::current().map(|session| session.text()) });
        assert_eq!(seen.await.as_deref(), Some("inventory-7"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z_0-9.-]{0,40}") {
            if let Some(session) = Session::parse(&text) {
                let again = self::session(&session.text());
                prop_assert_eq!(again.text(), session.text());
            }
        }
    }
}

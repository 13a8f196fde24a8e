//! The source of new ids, which a test can replace.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use uuid::{NoContext, Timestamp, Uuid};

/// A source of new ids.
pub trait IdSource: fmt::Debug + Send + Sync + 'static {
    /// An id that this source has not returned before.
    fn next_id(&self) -> Uuid;
}

/// Random ids of version 7. They start with the time of their creation, so new rows are
/// added at the end of an index.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidV7Ids;

impl IdSource for UuidV7Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "the time only keeps new rows at the end of an index"
    )]
    fn next_id(&self) -> Uuid {
        id_at(SystemTime::now())
    }
}

/// An id of this time. `Uuid::now_v7` panics before 1970, which such an id cannot express.
fn id_at(now: SystemTime) -> Uuid {
    if now < SystemTime::UNIX_EPOCH {
        Uuid::new_v7(Timestamp::from_unix(NoContext, 0, 0))
    } else {
        Uuid::now_v7()
    }
}

/// Ids for tests: `00000000-0000-7000-8000-000000000001`, `...2` and so on.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn next_id(&self) -> Uuid {
        const VERSION_7: u128 = 7 << 76;
        const VARIANT: u128 = 8 << 60;
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(VERSION_7 | VARIANT | u128::from(number))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn clock_before_1970_does_not_panic() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let (one, other) = (id_at(before), id_at(before));
        assert_eq!((one.get_version_num(), other.get_version_num()), (7, 7));
        assert_ne!(one, other);
    }

    #[test]
    fn sequential_ids_are_valid_and_reproducible() {
        let ids = SequentialIds::default();
        assert_eq!(
            [ids.next_id(), ids.next_id()].map(|id| id.to_string()),
            [
                "00000000-0000-7000-8000-000000000001",
                "00000000-0000-7000-8000-000000000002"
            ]
        );
        assert_eq!(ids.next_id().get_version_num(), 7);
    }
}

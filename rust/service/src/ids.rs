//! The source of new ids, which a test can replace.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

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
    fn next_id(&self) -> Uuid {
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
    use super::*;

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

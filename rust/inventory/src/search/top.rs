//! The best entries of a long list, without sorting all of it.

use std::cmp::Ordering;

/// A found book with the key by which the result is sorted, the largest first. Equal ones are
/// sorted by the id of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: [u64; 2],
    pub(super) book_id: i32,
}

impl Entry {
    fn order(&self, other: &Self) -> Ordering {
        let by_key = other.key.cmp(&self.key);
        by_key.then(self.book_id.cmp(&other.book_id))
    }
}

/// Keeps the first entries of a sorted list.
#[derive(Debug)]
pub(super) struct Top {
    count: usize,
    entries: Vec<Entry>,
    /// The last entry that is kept, once there are enough.
    last: Option<Entry>,
}

impl Top {
    pub(super) fn new(count: usize) -> Self {
        Self {
            count,
            entries: Vec::new(),
            last: None,
        }
    }

    /// Whether an entry with this key may be among the first. The id is not needed to know.
    pub(super) fn accepts(&self, key: [u64; 2]) -> bool {
        self.last.is_none_or(|last| key >= last.key)
    }

    pub(super) fn push(&mut self, entry: Entry) {
        let is_behind = |last: &Entry| entry.order(last) == Ordering::Greater;
        if self.last.as_ref().is_some_and(is_behind) {
            return;
        }
        self.entries.push(entry);
        // Twice as many as needed, so that each entry is moved only a few times.
        if self.count > 0 && self.entries.len() >= 2 * self.count + 64 {
            self.entries
                .select_nth_unstable_by(self.count - 1, Entry::order);
            self.entries.truncate(self.count);
            self.last = self.entries.last().copied();
        }
    }

    /// The ids of the entries behind the first `skip`, sorted.
    pub(super) fn into_ids_after(mut self, skip: usize) -> Vec<i32> {
        if self.count <= skip || self.entries.len() <= skip {
            return Vec::new();
        }
        if skip > 0 {
            self.entries.select_nth_unstable_by(skip - 1, Entry::order);
        }
        let mut page = self.entries.split_off(skip);
        let count = self.count - skip;
        if page.len() > count {
            page.select_nth_unstable_by(count - 1, Entry::order);
            page.truncate(count);
        }
        page.sort_unstable_by(Entry::order);
        page.into_iter().map(|entry| entry.book_id).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn page_is_that_of_the_sorted_list(
            keys in prop::collection::vec(0_u64..20, 0..600),
            skip in 0_usize..300,
            size in 1_usize..50,
        ) {
            let mut top = Top::new(skip + size);
            let mut all = Vec::new();
            for (key, book_id) in keys.iter().zip(1..) {
                let entry = Entry { key: [*key, 0], book_id };
                all.push(entry);
                if top.accepts(entry.key) {
                    top.push(entry);
                }
            }
            all.sort_by(Entry::order);
            let expected: Vec<_> = all.iter().skip(skip).take(size).map(|it| it.book_id).collect();
            prop_assert_eq!(top.into_ids_after(skip), expected);
        }
    }
}

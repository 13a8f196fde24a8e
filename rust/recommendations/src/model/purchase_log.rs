//! The purchases and ratings of which a model is made.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

use service::{AccountId, BookId};

use crate::domain::interest;

/// How many purchases a log has: the newest of the shop. It needs about 20 bytes for each,
/// and 40 for each reader, which are at most 30 MB while a model is made.
pub const MAX_PURCHASES: usize = 500_000;

/// How many purchases of one reader count: the newest. Accounts that buy for a library would
/// else relate everything with everything, and the time for it grows with the square.
pub const MAX_PURCHASES_PER_READER: u32 = 100;

/// What readers have bought, and how much they like it.
#[derive(Debug, Default)]
pub struct PurchaseLog {
    readers: HashMap<AccountId, LoggedReader>,
    /// The interest of readers, by their numbers, in the books that they have bought.
    interests: HashMap<(u32, BookId), f32>,
}

#[derive(Debug)]
struct LoggedReader {
    number: u32,
    purchases: u32,
}

impl PurchaseLog {
    /// Adds the purchase of a book. Purchases are added newest first, because those beyond the
    /// limits are ignored, as is a second purchase of the same book.
    pub fn buy(&mut self, account_id: AccountId, book_id: BookId) {
        if self.is_full() {
            return;
        }
        let number = u32::try_from(self.readers.len()).unwrap_or(u32::MAX);
        let new = LoggedReader {
            number,
            purchases: 0,
        };
        let reader = self.readers.entry(account_id).or_insert(new);
        if reader.purchases == MAX_PURCHASES_PER_READER {
            return;
        }
        if let Entry::Vacant(entry) = self.interests.entry((reader.number, book_id)) {
            entry.insert(interest(None));
            reader.purchases += 1;
        }
    }

    /// Sets how a reader has rated a book, from 1 to 5 stars. Ratings of books that the reader
    /// has not bought are ignored: everybody can write them.
    pub fn rate(&mut self, account_id: AccountId, book_id: BookId, stars: i32) {
        let reader = self.readers.get(&account_id);
        let bought = reader.and_then(|reader| self.interests.get_mut(&(reader.number, book_id)));
        if let Some(bought) = bought {
            *bought = interest(Some(stars));
        }
    }

    /// Whether it has [`MAX_PURCHASES`] purchases, so that further ones are ignored.
    pub fn is_full(&self) -> bool {
        self.interests.len() >= MAX_PURCHASES
    }

    /// The number of purchases that count.
    pub fn purchase_count(&self) -> usize {
        self.interests.len()
    }

    /// A number that is the same for equal logs, and else almost certainly another one.
    pub(crate) fn fingerprint(&self) -> u64 {
        let hashes = self.interests.iter().map(|(entry, interest)| {
            let mut hasher = DefaultHasher::new();
            (entry, interest.to_bits()).hash(&mut hasher);
            hasher.finish()
        });
        // The order of the entries does not matter.
        hashes.fold(0, u64::wrapping_add)
    }

    /// The interests as (reader, book, interest), ordered by the first two.
    pub(super) fn sorted(&self) -> Vec<(u32, BookId, f32)> {
        let interests = self.interests.iter();
        let mut sorted: Vec<_> = interests
            .map(|((reader, book_id), interest)| (*reader, *book_id, *interest))
            .collect();
        sorted.sort_unstable_by_key(|(reader, book_id, _)| (*reader, *book_id));
        sorted
    }
}

//! Fake services for tests: they have the books of a test, and faults that a test switches
//! on and off. A test serves them by the generated servers and the layers of `rpc`.

#![forbid(unsafe_code)]

mod accounts;
mod cart;
mod checkout;
mod inventory;
mod outbox;
mod paging;
mod recommendations;
mod reviews;
mod sessions;
mod stock;
mod transactions;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contract::bookstore::inventory::v1::{Book, BookCategory};
use tokio::sync::watch;
use tonic::Status;

pub use accounts::FakeAccounts;
pub use cart::FakeCarts;
pub use checkout::FakeCheckout;
pub use inventory::FakeInventory;
pub use outbox::FakeOutbox;
pub use recommendations::FakeRecommendations;
pub use reviews::FakeReviews;
pub use transactions::FakeTransactions;

/// How a fake service misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Answers immediately.
    #[default]
    None,
    /// Answers after this delay.
    Slow(Duration),
    /// Answers INTERNAL with a message that must not reach a page.
    Failing,
    /// Answers UNAVAILABLE, like a channel that cannot connect.
    Down,
    /// Does what was requested, and then answers UNAVAILABLE, like a connection that breaks.
    AnswerLost,
}

/// The error message of failing services. No client may see it.
pub const SECRET: &str = "password of the database is swordfish";

/// Sets the fault of single methods or of all methods of a fake service, and counts its
/// calls.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch {
    faults: Arc<Mutex<Faults>>,
    calls: watch::Sender<HashMap<&'static str, usize>>,
}

#[derive(Debug, Default)]
struct Faults {
    of_all_calls: HashMap<&'static str, Fault>,
    of_next_calls: HashMap<&'static str, VecDeque<Fault>>,
}

impl Faults {
    /// The fault of the present call.
    fn take(&mut self, method: &str) -> Fault {
        let next = self.of_next_calls.get_mut(method);
        let of_all_calls = &self.of_all_calls;
        next.and_then(VecDeque::pop_front)
            .or(of_all_calls.get(method).copied())
            .or(of_all_calls.get("*").copied())
            .unwrap_or_default()
    }
}

impl FaultSwitch {
    /// Sets the fault of a method, such as `get_book`; `*` sets it for all methods without
    /// their own.
    pub fn set(&self, method: &'static str, fault: Fault) {
        lock(&self.faults).of_all_calls.insert(method, fault);
    }

    /// How many times a method was called, including the failed calls.
    pub fn calls(&self, method: &'static str) -> usize {
        let calls = self.calls.borrow();
        calls.get(method).copied().unwrap_or_default()
    }

    /// The methods that were called, and how many times each.
    pub fn all_calls(&self) -> HashMap<&'static str, usize> {
        self.calls.borrow().clone()
    }

    /// Waits until a method was called `count` more times, including the failed calls.
    pub async fn wait_for_calls(&self, method: &'static str, count: usize) {
        let enough = self.calls(method) + count;
        let mut calls = self.calls.subscribe();
        let reached = calls.wait_for(|calls| calls.get(method).is_some_and(|made| *made >= enough));
        // The sender is not gone, because this has it.
        let _ = reached.await;
    }

    /// Sets the faults of the next calls of a method, before the one that [`FaultSwitch::set`]
    /// has set for all.
    pub fn set_next(&self, method: &'static str, faults: &[Fault]) {
        let faults = faults.iter().copied().collect();
        lock(&self.faults).of_next_calls.insert(method, faults);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        *lock(&self.faults) = Faults::default();
    }

    /// Counts the call, and delays or fails according to the fault of the method.
    async fn apply(&self, method: &'static str) -> Result<(), Status> {
        self.serve(method, || Ok(())).await
    }

    /// Counts the call and does what was requested, with the fault of the method.
    async fn serve<T>(
        &self,
        method: &'static str,
        work: impl FnOnce() -> Result<T, Status>,
    ) -> Result<T, Status> {
        self.calls
            .send_modify(|calls| *calls.entry(method).or_default() += 1);
        let fault = lock(&self.faults).take(method);
        match fault {
            Fault::None => work(),
            Fault::Slow(wait) => {
                tokio::time::sleep(wait).await;
                work()
            }
            Fault::Failing => Err(Status::internal(SECRET)),
            Fault::Down => Err(Status::unavailable(SECRET)),
            Fault::AnswerLost => work().and(Err(Status::unavailable(SECRET))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked with the lock has failed anyway.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A book for tests, with a year and a price derived from its id.
pub fn book(book_id: i32, title: &str, author: &str, category: BookCategory) -> Book {
    Book {
        book_id,
        title: title.to_owned(),
        authors: vec![author.to_owned()],
        publication_year: Some(1900 + book_id % 100),
        category: category.into(),
        price: Some(contract::bookstore::r#type::v1::Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(999 + i64::from(book_id)),
        }),
        ..Book::default()
    }
}

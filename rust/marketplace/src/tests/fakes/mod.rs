//! Services that hold what they are given and misbehave when told to. Real
//! generated servers behind the real layers; the example `preview` uses them too.

mod inventory;
mod recommendations;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::bookstore::inventory::v1::{Book, BookCategory};
use tonic::Status;

pub use inventory::FakeInventory;
pub use recommendations::FakeRecommendations;

/// How a service behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Answers at once.
    #[default]
    None,
    /// Answers after so long.
    Slow(Duration),
    /// Answers INTERNAL, with a text that must not reach a page.
    Failing,
    /// Answers UNAVAILABLE, as a channel does that finds nobody.
    Down,
}

/// What the failing services say.
pub const SECRET: &str = "password of the database is swordfish";

/// The faults of a service: one for all methods, and of single ones.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<Mutex<HashMap<&'static str, Fault>>>);

impl FaultSwitch {
    /// Sets the fault of a method; `*` is for all.
    pub fn set(&self, method: &'static str, fault: Fault) {
        self.0
            .lock()
            .expect("no panic with the lock")
            .insert(method, fault);
    }

    /// Acts it out.
    async fn apply(&self, method: &str) -> Result<(), Status> {
        let fault = {
            let faults = self.0.lock().expect("no panic with the lock");
            faults
                .get(method)
                .or(faults.get("*"))
                .copied()
                .unwrap_or_default()
        };
        match fault {
            Fault::None => Ok(()),
            Fault::Slow(wait) => {
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Fault::Failing => Err(Status::internal(SECRET)),
            Fault::Down => Err(Status::unavailable(SECRET)),
        }
    }
}

/// A book with what tests look at.
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
    }
}

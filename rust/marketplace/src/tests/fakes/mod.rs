//! Fake services with fixed books and switchable faults, behind the generated servers and the
//! real layers. The example `preview` uses them too.

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
}

/// The error message of failing services.
pub const SECRET: &str = "password of the database is swordfish";

/// Sets the fault of single methods or of all methods of a fake service.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<Mutex<HashMap<&'static str, Fault>>>);

impl FaultSwitch {
    /// Sets the fault of a method; `*` sets it for all methods without their own.
    pub fn set(&self, method: &'static str, fault: Fault) {
        self.0
            .lock()
            .expect("no panic with the lock")
            .insert(method, fault);
    }

    /// Delays or fails according to the fault of the method.
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
    }
}

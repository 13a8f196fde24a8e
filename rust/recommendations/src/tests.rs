//! Tests of the service through its generated clients and the layers of `rpc`, with a fake
//! Inventory behind its generated server.

mod legacy;
mod refresh;
mod v1;

use std::time::Duration;

use contract::bookstore::inventory::v1::{
    Book, BookCategory, inventory_service_server::InventoryServiceServer,
};
use fakes::FakeInventory;
use prost::Message;
use rpc::{Channel, Router};
use tonic::Status;
use tonic_types::pb;

use crate::{Options, Recommendations};

/// The nine books of the first tutorial.
const TUTORIAL: [(i32, &str, BookCategory); 9] = [
    (1, "The Maltese Falcon", BookCategory::Mystery),
    (2, "Murder on the Orient Express", BookCategory::Mystery),
    (3, "The Hound of the Baskervilles", BookCategory::Mystery),
    (
        4,
        "The Hitchhiker's Guide To The Galaxy",
        BookCategory::ScienceFiction,
    ),
    (5, "Ender's Game", BookCategory::ScienceFiction),
    (6, "The Dune Chronicles", BookCategory::ScienceFiction),
    (
        7,
        "The 7 Habits of Highly Effective People",
        BookCategory::SelfHelp,
    ),
    (
        8,
        "How to Win Friends and Influence People",
        BookCategory::SelfHelp,
    ),
    (9, "Man’s Search for Meaning", BookCategory::SelfHelp),
];

/// Options with a short refresh interval.
fn fast_refresh() -> Options {
    Options {
        refresh_interval: Duration::from_millis(20),
        seed: Some(1),
        ..Options::default()
    }
}

/// Books with these ids, titles and categories.
fn books(books: impl IntoIterator<Item = (i32, impl ToString, BookCategory)>) -> Vec<Book> {
    let books = books.into_iter();
    books
        .map(|(book_id, title, category)| {
            fakes::book(book_id, &title.to_string(), "Author", category)
        })
        .collect()
}

/// A fake Inventory with the nine books of the first tutorial.
fn tutorial_inventory() -> FakeInventory {
    FakeInventory::of(&books(TUTORIAL))
}

/// A channel to a server of both contracts, which reads the books of `inventory`.
fn serve(inventory: &FakeInventory, options: &Options) -> Channel {
    let upstream = Router::new(rpc::Options::default())
        .add(InventoryServiceServer::new(inventory.clone()))
        .in_process();
    let recommendations = Recommendations::new(upstream, *options);
    recommendations.run_in_background().detach();
    Router::new(rpc::Options::default())
        .add(recommendations.server())
        .add(recommendations.legacy_server())
        .in_process()
}

/// The reason of the `google.rpc.ErrorInfo` in a status.
fn reason(status: &Status) -> String {
    let inner = pb::Status::decode(status.details()).expect("details decode");
    assert_eq!(inner.message, status.message());
    let info = inner.details.first().expect("there is a detail");
    let info = pb::ErrorInfo::decode(&*info.value).expect("the error info decodes");
    assert_eq!(info.domain, "bookstore");
    info.reason
}

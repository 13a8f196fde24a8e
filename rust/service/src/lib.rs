//! What every service is built on, so that a service crate contains only its own domain.
//!
//! - [`Clock`] and [`IdSource`] are the sources of time and of new ids. Tests replace them
//!   by [`ManualClock`] and [`SequentialIds`].
//! - [`BookId`], [`BookCategory`], [`AccountId`] and [`Money`] are the types that several
//!   services share.
//! - [`Page`], [`PageScope`], [`page_size`] and [`page_size_within`] implement the lists of the
//!   contract.
//! - [`convert`] converts between contract messages and domain types. A value that the
//!   validation of the contract should have refused is a [`ConversionError`], which becomes
//!   the status INTERNAL. It is never dropped or replaced by zero.
//! - [`Watchers`] notifies the streams of a service of changes.
//! - [`CrashPoints`] stops a call of a test where a crash could stop it.
//! - [`run_periodically`] runs background work, such as [`PruneIdempotencyKeys`] and
//!   [`OutboxWorker`], which delivers the messages of [`store::outbox`]. [`OutboxView`] shows them
//!   to the operator.

#![forbid(unsafe_code)]

mod clock;
pub mod convert;
mod crash_points;
mod ids;
mod outbox_view;
mod outbox_worker;
mod page;
mod page_token;
mod periodic;
mod prune;
mod types;
mod watchers;

pub use clock::{Clock, ManualClock, SystemClock};
pub use convert::ConversionError;
pub use crash_points::{CrashPoints, abort_at_crash_point};
pub use ids::{IdSource, SequentialIds, UuidV7Ids};
pub use outbox_view::OutboxView;
pub use outbox_worker::{DeliveryError, OutboxHandler, OutboxOptions, OutboxWorker};
pub use page::{DEFAULT_PAGE_SIZE, Page, page_size, page_size_within};
pub use page_token::{InvalidPageToken, PageScope};
pub use periodic::{PeriodicTask, run_periodically, run_together};
pub use prune::PruneIdempotencyKeys;
pub use types::{AccountId, Address, BookCategory, BookId, Money};
pub use watchers::{Subscription, Watchers};

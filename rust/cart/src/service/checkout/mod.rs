//! The use cases of Checkout: placing, following, cancelling and shipping orders.

mod account_data;
mod advance;
mod operator;
mod order_events;
mod order_metrics;
mod place;
mod purchases;
mod watch;

use std::{sync::Arc, time::Duration};

use events::Publisher;
use jiff::Timestamp;
use rpc::Channel;
use service::{
    AccountId, Clock, IdSource, OutboxOptions, OutboxWorker, Page, PageScope, PruneIdempotencyKeys,
    SystemClock, UuidV7Ids, Watchers,
};
use store::{Changes, Db, Engine, outbox};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

pub use self::operator::ResolveOrder;
pub(crate) use self::order_metrics::CountOrders;
pub use self::place::PlaceOrder;
#[cfg(test)]
pub(crate) use self::{account_data::MAX_LINES_ON_A_PAGE, order_events::subject as event_subject};
use self::{advance::Advance, order_events::PublishOrderEvents};
use super::Carts;
use crate::{
    CartError, CartOwner, Event, LinesBack, Order, OrderId, buyers::Buyers, payments::Payments,
    stock::Stock, store as rows,
};

/// The version of the page tokens. Must be changed together with the sort order of the list or
/// the type of its position.
const TOKEN_VERSION: u8 = 1;

/// The topic of the outbox. The key is the id of an order that has a next step.
const TOPIC: &str = "orders";

/// The channel on which the processes that share a database tell each other which orders have
/// changed.
const CHANNEL: &str = "orders";

/// How many orders advance at the same time on SQLite, where all of them share the commits. On
/// PostgreSQL more than by default would take the connections from the buyers who place orders:
/// that then takes four times as long, and no more orders are paid.
const CONCURRENCY_ON_SQLITE: u32 = 64;

/// After so many attempts, at most 30 seconds apart, a message would be dead. That is later
/// than the time after which an order is parked.
const MAX_ATTEMPTS: u32 = 10_000;

/// How long a step may go unanswered by default: a day.
pub const PARK_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The options of the service.
#[derive(Debug, Clone)]
pub struct CheckoutOptions {
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of orders.
    pub ids: Arc<dyn IdSource>,
    /// How long the copies of an order are held: so long, less a minute, the payment may take.
    pub hold: Duration,
    /// How long a step may go unanswered before the order waits for the operator. The payment of a
    /// placed order has another limit: it ends before the copies are not held any more.
    pub park_after: Duration,
    /// What publishes the changes of orders for other systems, if they want them.
    pub events: Option<Publisher>,
    #[cfg(test)]
    pub(crate) crash_points: Arc<service::CrashPoints>,
}

impl Default for CheckoutOptions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            hold: Duration::from_secs(15 * 60),
            park_after: PARK_AFTER,
            events: None,
            #[cfg(test)]
            crash_points: Arc::default(),
        }
    }
}

/// The service. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Checkout {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    carts: Carts,
    stock: Stock,
    payments: Payments,
    buyers: Buyers,
    watchers: Watchers<Uuid>,
    options: CheckoutOptions,
}

impl Checkout {
    /// Creates the service with the carts, whose database it shares, and channels to Inventory,
    /// Transactions and Accounts.
    pub fn new(
        carts: Carts,
        inventory: Channel,
        transactions: Channel,
        accounts: Channel,
        options: CheckoutOptions,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                carts,
                stock: Stock::new(inventory),
                payments: Payments::new(transactions),
                buyers: Buyers::new(accounts),
                watchers: Watchers::default(),
                options,
            }),
        }
    }

    /// The database of the service, for health checks and for closing it.
    pub fn db(&self) -> &Db {
        self.inner.carts.db()
    }

    /// The carts that are ordered.
    pub fn carts(&self) -> &Carts {
        &self.inner.carts
    }

    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    /// Starts the tasks that pay orders and finish them, tell watchers what other processes
    /// change, and delete the responses of old requests. They end when the handle is dropped.
    /// Must be called within a tokio runtime.
    #[must_use = "the tasks end when the handle is dropped"]
    pub fn run_in_background(&self) -> AbortOnDropHandle<()> {
        let clock = Arc::clone(&self.inner.options.clock);
        let prune = PruneIdempotencyKeys::new(self.db().clone(), clock);
        let tasks = [
            service::run_periodically(OutboxWorker::<Advance>::INTERVAL, self.worker()),
            service::run_periodically(PruneIdempotencyKeys::INTERVAL, prune),
            service::run_periodically(CountOrders::INTERVAL, CountOrders::new(self.clone())),
            AbortOnDropHandle::new(tokio::spawn(self.clone().forward_notifications())),
        ];
        let publish = self.event_worker().map(|worker| {
            service::run_periodically(OutboxWorker::<PublishOrderEvents>::INTERVAL, worker)
        });
        service::run_together(tasks.into_iter().chain(publish))
    }

    /// The task that does the next steps of orders.
    pub(crate) fn worker(&self) -> OutboxWorker<Advance> {
        let options = OutboxOptions {
            max_attempts: MAX_ATTEMPTS,
            ..self.outbox_options()
        };
        OutboxWorker::new(self.db().clone(), TOPIC, Advance(self.clone()), options)
    }

    /// The task that publishes the changes of orders.
    pub(crate) fn event_worker(&self) -> Option<OutboxWorker<PublishOrderEvents>> {
        let handler = PublishOrderEvents(self.inner.options.events.clone()?);
        let options = OutboxOptions {
            // An outage of the NATS server loses no event, however long it takes.
            max_attempts: u32::MAX,
            ..self.outbox_options()
        };
        let (db, topic) = (self.db().clone(), order_events::TOPIC);
        Some(OutboxWorker::new(db, topic, handler, options))
    }

    fn outbox_options(&self) -> OutboxOptions {
        let defaults = OutboxOptions::default();
        OutboxOptions {
            concurrency: match self.db().engine() {
                Engine::Sqlite => CONCURRENCY_ON_SQLITE,
                Engine::Postgres => defaults.concurrency,
            },
            max_backoff: Duration::from_secs(30),
            clock: Arc::clone(&self.inner.options.clock),
            ids: Arc::clone(&self.inner.options.ids),
            ..defaults
        }
    }

    async fn forward_notifications(self) {
        let listener = self.db().listen_to_others(CHANNEL);
        let watchers = &self.inner.watchers;
        loop {
            let order_ids = match listener.next().await {
                Changes::Keys(ids) => ids.iter().filter_map(|id| id.parse().ok()).collect(),
                Changes::All => watchers.watched(),
            };
            watchers.notify(&order_ids);
        }
    }

    /// An order. `account_id` is the account that may read it.
    ///
    /// # Errors
    /// [`CartError::OrderNotFound`], or an error of the database.
    pub async fn order(
        &self,
        order_id: OrderId,
        account_id: AccountId,
    ) -> Result<Order, CartError> {
        let order = self.any_order(order_id).await?;
        if order.account_id != account_id {
            return Err(CartError::OrderNotFound(order_id));
        }
        Ok(order)
    }

    async fn any_order(&self, order_id: OrderId) -> Result<Order, CartError> {
        let found = store::read!(self.db(), connection => {
            rows::orders::get(connection, order_id).await
        })?;
        found.ok_or(CartError::OrderNotFound(order_id))
    }

    /// A page of the orders of an account, newest first.
    ///
    /// # Errors
    /// [`CartError::InvalidPageToken`], or an error of the database.
    pub async fn list(
        &self,
        account_id: AccountId,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Order>, CartError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListOrders").with(account_id.0);
        let before = OrderId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let orders = store::read!(self.db(), connection => {
            rows::orders::list(connection, account_id, before, limit).await
        })?;
        Page::from_items(orders, page_size, |last| {
            Ok(scope.encode_id(last.order_id.0)?)
        })
    }

    /// Cancels an order of an account.
    ///
    /// # Errors
    /// [`CartError::OrderNotFound`], [`CartError::OrderNotCancellable`], or an error of the
    /// database.
    pub async fn cancel(
        &self,
        order_id: OrderId,
        account_id: AccountId,
    ) -> Result<Order, CartError> {
        self.change(order_id, |order, now| {
            if order.account_id != account_id {
                return Err(CartError::OrderNotFound(order_id));
            }
            order.cancel(now).map_err(CartError::OrderNotCancellable)
        })
        .await
    }

    /// Records that the parcel of an order has left, and how it can be followed.
    ///
    /// # Errors
    /// [`CartError::OrderNotFound`], [`CartError::OrderNotPaid`], or an error of the database.
    pub async fn ship(
        &self,
        order_id: OrderId,
        tracking: Option<&str>,
    ) -> Result<Order, CartError> {
        self.change(order_id, |order, now| {
            order.ship(tracking, now).map_err(CartError::OrderNotPaid)
        })
        .await
    }

    /// Changes an order on behalf of its buyer or the operator, and lets the background task do
    /// what follows from that.
    async fn change(
        &self,
        order_id: OrderId,
        change: impl Fn(&mut Order, Timestamp) -> Result<(), CartError>,
    ) -> Result<Order, CartError> {
        let now = self.now();
        service::crash_point!(self.inner.options.crash_points);
        let (order, state_before) = store::write!(self.db(), transaction => {
            let locked = rows::orders::lock(transaction, order_id).await?;
            let before = locked.ok_or(CartError::OrderNotFound(order_id))?;
            let mut order = before.clone();
            change(&mut order, now)?;
            if order != before {
                rows::orders::save(transaction, &order).await?;
                transaction.notify(CHANNEL, order_id.to_string());
                enqueue(transaction, &order, now).await?;
                self.enqueue_events(transaction, Some(&before), &order, now).await?;
            }
            Ok::<_, CartError>((order, before.state))
        })?;
        order_metrics::count(Some(state_before), &order);
        service::crash_point!(self.inner.options.crash_points);
        self.inner.watchers.notify(&[order_id.0]);
        Ok(order)
    }

    /// Records what has happened to an order, and returns it. If it fails, its lines go back into
    /// the cart.
    pub(crate) async fn record(
        &self,
        order_id: OrderId,
        event: &Event,
    ) -> Result<Order, CartError> {
        let now = self.now();
        let (order, LinesBack(fails), state_before) = store::write!(self.db(), transaction => {
            let locked = rows::orders::lock(transaction, order_id).await?;
            let before = locked.ok_or(CartError::OrderNotFound(order_id))?;
            let mut order = before.clone();
            let lines_back = order.apply(event, now);
            if lines_back.0 {
                put_lines_back(transaction, &order, now).await?;
            }
            if order != before {
                rows::orders::save(transaction, &order).await?;
                transaction.notify(CHANNEL, order_id.to_string());
                self.enqueue_events(transaction, Some(&before), &order, now).await?;
            }
            Ok::<_, CartError>((order, lines_back, before.state))
        })?;
        order_metrics::count(Some(state_before), &order);
        self.inner.watchers.notify(&[order_id.0]);
        if fails {
            tracing::info!(%order_id, failure = ?order.failure, "an order failed");
        }
        if let Some(reason) = &order.parked_reason {
            tracing::error!(%order_id, reason, "an order is parked: find out what happened to it");
        }
        Ok(order)
    }
}

/// Puts the lines of an order that has failed back into the cart of its buyer, unless the account
/// was deleted.
async fn put_lines_back(
    transaction: &mut store::Transaction,
    order: &Order,
    now: Timestamp,
) -> Result<(), CartError> {
    let owner = CartOwner::Account(order.account_id);
    let at = now.as_microsecond();
    let mut items = match rows::carts::lock_to_fill(transaction, owner, at).await {
        Err(CartError::AccountDeleted) => return rows::carts::delete(transaction, owner).await,
        locked => locked?,
    };
    items.put_back(&order.items());
    rows::carts::save(transaction, owner, &items, at).await
}

/// Adds the message that makes the background task do the next steps of an order, if it has any.
async fn enqueue(
    transaction: &mut store::Transaction,
    order: &Order,
    now: Timestamp,
) -> Result<(), CartError> {
    if order.next_step().is_some() {
        let key = order.order_id.to_string();
        outbox::enqueue(transaction, TOPIC, &key, &[], now.as_microsecond()).await?;
    }
    Ok(())
}

//! The use cases of Cart: reading, changing and merging carts. Those of Checkout are in the
//! module `checkout`.

mod background;
mod checkout;

use std::{sync::Arc, time::Duration};

use rpc::Channel;
use service::{AccountId, BookId, Clock, SystemClock};
use store::Db;
use uuid::Uuid;

use crate::{
    Cart, CartError, CartItem, CartItems, CartLine, CartOwner,
    catalogue::{Catalogue, Offers},
    store as rows,
};

#[cfg(test)]
pub(crate) use background::PruneGuestCarts;
pub use checkout::{Checkout, CheckoutOptions, PARK_AFTER, PlaceOrder, ResolveOrder};
#[cfg(test)]
pub(crate) use checkout::{CountOrders, MAX_LINES_ON_A_PAGE, event_subject};

/// How long a guest cart is kept after its last change: 30 days.
pub const GUEST_CART_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// While there are more guest carts, those that were not changed for the longest time are
/// deleted. A shop with 30,000 new carts a day does not reach it.
pub const MAX_GUEST_CARTS: u32 = 1_000_000;

/// The options of the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The clock by which guest carts expire.
    pub clock: Arc<dyn Clock>,
    /// How many guest carts are kept.
    pub max_guest_carts: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            max_guest_carts: MAX_GUEST_CARTS,
        }
    }
}

/// The service. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Carts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    catalogue: Catalogue,
    options: Options,
}

impl Carts {
    /// Creates the service with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA), and a channel to Inventory.
    pub fn new(db: Db, inventory: Channel, options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                catalogue: Catalogue::new(inventory),
                options,
            }),
        }
    }

    /// The database of the service, for health checks and for closing it.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> i64 {
        self.inner.options.clock.now().as_microsecond()
    }

    /// A cart with the prices and the stock of now. A cart that was never changed is empty.
    ///
    /// # Errors
    /// [`CartError::CatalogueUnavailable`], or an error of the database.
    pub async fn cart(&self, owner: CartOwner) -> Result<Cart, CartError> {
        Ok(self.items_and_cart(owner).await?.1)
    }

    /// Sets the number of copies of a book in a cart.
    ///
    /// # Errors
    /// [`CartError::BookNotFound`], [`CartError::Full`], [`CartError::AccountDeleted`],
    /// [`CartError::CatalogueUnavailable`], or an error of the database.
    pub async fn put(&self, owner: CartOwner, item: CartItem) -> Result<Cart, CartError> {
        let (items, mut offers) = (self.items(owner).await?, Offers::default());
        let book_ids = items.book_ids().chain([item.book_id]);
        offers.read(&self.inner.catalogue, book_ids).await?;
        if offers.is_gone(item.book_id) {
            return Err(CartError::BookNotFound(item.book_id));
        }
        let now = self.now();
        let items = store::write!(self.db(), transaction => {
            let before = rows::carts::lock_to_fill(transaction, owner, now).await?;
            let mut items = before.clone();
            // The buyer does not see these, so they must not fill the cart.
            items.retain(|book_id| !offers.is_gone(book_id));
            items.put(item)?;
            if items != before {
                rows::carts::save(transaction, owner, &items, now).await?;
            }
            Ok::<_, CartError>(items)
        })?;
        self.priced(owner, items, offers).await
    }

    /// Removes a book from a cart, if it is there.
    ///
    /// # Errors
    /// [`CartError::CatalogueUnavailable`], although the book may be removed, or an error of
    /// the database.
    pub async fn remove(&self, owner: CartOwner, book_id: BookId) -> Result<Cart, CartError> {
        let now = self.now();
        let items = store::write!(self.db(), transaction => {
            let before = rows::carts::lock(transaction, owner).await?;
            let mut items = before.clone();
            items.retain(|other| other != book_id);
            if items != before {
                rows::carts::save(transaction, owner, &items, now).await?;
            }
            Ok::<_, CartError>(items)
        })?;
        self.priced(owner, items, Offers::default()).await
    }

    /// Removes all books from a cart.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn clear(&self, owner: CartOwner) -> Result<Cart, CartError> {
        store::write!(self.db(), transaction => rows::carts::delete(transaction, owner).await)?;
        Ok(Cart {
            owner,
            lines: Vec::new(),
        })
    }

    /// Moves the books of a guest cart into the cart of an account.
    ///
    /// # Errors
    /// [`CartError::Full`] or [`CartError::AccountDeleted`], which change nothing,
    /// [`CartError::CatalogueUnavailable`], or an error of the database.
    pub async fn merge(&self, account_id: AccountId, cart_id: Uuid) -> Result<Cart, CartError> {
        let (owner, guest) = (CartOwner::Account(account_id), CartOwner::Guest(cart_id));
        let mut offers = Offers::default();
        for side in [owner, guest] {
            let items = self.items(side).await?;
            offers.read(&self.inner.catalogue, items.book_ids()).await?;
        }
        let now = self.now();
        let items = store::write!(self.db(), transaction => {
            // Always the guest first, so that concurrent merges cannot deadlock.
            let moved = rows::carts::lock(transaction, guest).await?;
            if moved.is_empty() {
                return rows::carts::get(transaction, owner).await;
            }
            let mut items = rows::carts::lock_to_fill(transaction, owner, now).await?;
            items.retain(|book_id| !offers.is_gone(book_id));
            let mut moved = moved;
            moved.retain(|book_id| !offers.is_gone(book_id));
            items.merge(&moved)?;
            rows::carts::save(transaction, owner, &items, now).await?;
            rows::carts::delete(transaction, guest).await?;
            Ok::<_, CartError>(items)
        })?;
        self.priced(owner, items, offers).await
    }

    /// The items of a cart as they are stored, and the cart with the prices of now.
    async fn items_and_cart(&self, owner: CartOwner) -> Result<(CartItems, Cart), CartError> {
        let items = self.items(owner).await?;
        let cart = self.priced(owner, items.clone(), Offers::default()).await?;
        Ok((items, cart))
    }

    async fn items(&self, owner: CartOwner) -> Result<CartItems, CartError> {
        store::read!(self.db(), connection => rows::carts::get(connection, owner).await)
    }

    /// The cart with its prices, of which some may have been read before.
    async fn priced(
        &self,
        owner: CartOwner,
        items: CartItems,
        mut offers: Offers,
    ) -> Result<Cart, CartError> {
        offers.read(&self.inner.catalogue, items.book_ids()).await?;
        let lines = items.as_slice().iter().filter_map(|item| {
            let offer = offers.get(item.book_id)?.clone();
            Some(CartLine {
                item: *item,
                title: offer.title,
                unit_price: offer.unit_price,
                available: offer.available,
            })
        });
        Ok(Cart {
            owner,
            lines: lines.collect(),
        })
    }
}

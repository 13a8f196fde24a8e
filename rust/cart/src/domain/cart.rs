//! Carts: which books, and how many copies of each.

use std::fmt;

use service::{AccountId, BookId, Money};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The largest number of different books in a cart.
pub const MAX_LINES: usize = 100;

/// The largest number of copies of one book in a cart.
const MAX_QUANTITY: i32 = 100;

/// Whose cart it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CartOwner {
    /// Whoever knows this id.
    Guest(Uuid),
    /// The owner of an account.
    Account(AccountId),
}

impl fmt::Display for CartOwner {
    /// The key of the cart in the database and in the log: `guest/UUID` or `account/UUID`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest(cart_id) => write!(formatter, "guest/{cart_id}"),
            Self::Account(account_id) => write!(formatter, "account/{account_id}"),
        }
    }
}

/// A number of copies of one book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartItem {
    /// The book.
    pub book_id: BookId,
    /// The number of copies, from 1 to 100.
    pub quantity: i32,
}

/// The cart has [`MAX_LINES`] different books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cart has at most {MAX_LINES} different books: remove some of them first")]
pub struct CartFull;

/// The books of a cart in the order in which they were added, each one once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CartItems(Vec<CartItem>);

impl CartItems {
    /// The items, in their order.
    pub fn as_slice(&self) -> &[CartItem] {
        &self.0
    }

    /// The ids of the books, in their order.
    pub fn book_ids(&self) -> impl Iterator<Item = BookId> {
        self.0.iter().map(|item| item.book_id)
    }

    /// Whether there are no books.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the number of copies of a book, which is added at the end if it is new.
    ///
    /// # Errors
    /// [`CartFull`] if the book is new and there are [`MAX_LINES`] others.
    pub fn put(&mut self, item: CartItem) -> Result<(), CartFull> {
        let mut lines = self.0.iter();
        let position = lines.position(|line| line.book_id == item.book_id);
        match position {
            Some(position) => self.0[position] = item,
            None if self.0.len() >= MAX_LINES => return Err(CartFull),
            None => self.0.push(item),
        }
        Ok(())
    }

    /// Keeps only the books for which `keep` is true.
    pub fn retain(&mut self, keep: impl Fn(BookId) -> bool) {
        self.0.retain(|item| keep(item.book_id));
    }

    /// Adds the items of another cart, up to 100 copies of a book. Books that are new come last,
    /// in the order of the other cart.
    ///
    /// # Errors
    /// [`CartFull`] if there would be more than [`MAX_LINES`] books; then some of them may have
    /// been added.
    pub fn merge(&mut self, other: &Self) -> Result<(), CartFull> {
        for item in &other.0 {
            let mut lines = self.0.iter();
            let present = lines.find(|line| line.book_id == item.book_id);
            let before = present.map_or(0, |line| line.quantity);
            let quantity = before.saturating_add(item.quantity).min(MAX_QUANTITY);
            self.put(CartItem { quantity, ..*item })?;
        }
        Ok(())
    }

    /// Adds the items of another cart like [`CartItems::merge`], without the books for which
    /// there is no room.
    pub fn put_back(&mut self, other: &Self) {
        for item in &other.0 {
            // The cart is full for this book, and perhaps not for the next one.
            let _ = self.merge(&Self(vec![*item]));
        }
    }
}

impl FromIterator<CartItem> for CartItems {
    fn from_iter<I: IntoIterator<Item = CartItem>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// A number of copies of one book, with the title, the price and the stock of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// The book and how many copies the buyer wants.
    pub item: CartItem,
    /// The title of the book.
    pub title: String,
    /// The price of one copy.
    pub unit_price: Money,
    /// The number of copies that can be reserved.
    pub available: i32,
}

/// A cart with the prices and the stock of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// Whose cart it is.
    pub owner: CartOwner,
    /// The books in the order in which they were added, without those that are not in the
    /// catalogue any more.
    pub lines: Vec<CartLine>,
}

impl Cart {
    /// The sums of the lines, one for each currency, in the order in which the currencies first
    /// occur. Sums above the maximum of [`Money`] are left out.
    pub fn subtotals(&self) -> Vec<Money> {
        let mut sums: Vec<Money> = Vec::new();
        for line in &self.lines {
            let price = &line.unit_price;
            // At most 100 lines of 100 copies for 10^12, which an i64 can hold.
            let amount_minor = price.amount_minor * i64::from(line.item.quantity);
            let of_currency = |sum: &&mut Money| sum.currency_code == price.currency_code;
            match sums.iter_mut().find(of_currency) {
                Some(sum) => sum.amount_minor += amount_minor,
                None => sums.push(Money {
                    currency_code: price.currency_code.clone(),
                    amount_minor,
                }),
            }
        }
        sums.retain(|sum| sum.amount_minor <= Money::MAX_AMOUNT_MINOR);
        sums
    }

    /// Identifies what a buyer confirms: the books, their quantities and their prices, in any
    /// order. Titles and stock have no part in it.
    pub fn etag(&self) -> String {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|line| line.item.book_id);
        let mut hash = Sha256::new();
        for line in lines {
            let CartItem { book_id, quantity } = line.item;
            let price = &line.unit_price;
            let (amount, currency) = (price.amount_minor, &price.currency_code);
            // No currency code contains a separator.
            hash.update(format!("{book_id},{quantity},{amount},{currency};"));
        }
        let digest = hash.finalize();
        digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

//! Statements about carts.

use service::BookId;
use store::{Connection, Sql, Transaction, query};

use super::deleted_accounts;
use crate::{CartError, CartItem, CartItems, CartOwner};

store::statements! {
    const GET = Sql::portable("SELECT items FROM carts WHERE cart_key = $1");

    const LOCK = Sql::portable(
        "UPDATE carts SET changed_at = changed_at WHERE cart_key = $1 RETURNING items",
    );

    const LOCK_OR_CREATE = Sql::portable(
        "INSERT INTO carts (cart_key, guest, items, changed_at) VALUES ($1, $2, '[]', $3)
         ON CONFLICT (cart_key) DO UPDATE SET changed_at = carts.changed_at RETURNING items",
    );

    const SAVE = Sql::portable(
        "UPDATE carts SET items = $2, changed_at = $3 WHERE cart_key = $1",
    );

    const DELETE = Sql::portable("DELETE FROM carts WHERE cart_key = $1");

    const CHANGED_AT_OF_EXCESS = Sql::portable(
        "SELECT changed_at FROM carts WHERE guest ORDER BY changed_at DESC LIMIT 1 OFFSET $1",
    );

    /// The outer condition is checked again after a row was locked, so a cart that is changed
    /// meanwhile is kept.
    const PRUNE = Sql::portable(
        "DELETE FROM carts WHERE guest AND (changed_at < $1 OR changed_at > $2)
             AND cart_key IN (SELECT cart_key FROM carts
                 WHERE guest AND (changed_at < $1 OR changed_at > $2) LIMIT $3)",
    );
}

/// The items of a cart; none if it has no row.
pub(crate) async fn get(
    connection: &mut Connection,
    owner: CartOwner,
) -> Result<CartItems, CartError> {
    let get = query(GET).bind(owner.to_string());
    parsed(get.fetch_optional(connection).await?)
}

/// The items of a cart, which is locked until the end of the transaction. A cart that has no
/// row has no items and is not locked.
pub(crate) async fn lock(
    transaction: &mut Transaction,
    owner: CartOwner,
) -> Result<CartItems, CartError> {
    let lock = query(LOCK).bind(owner.to_string());
    parsed(lock.fetch_optional(transaction).await?)
}

/// Like [`lock_or_create`], for a cart to which something is added.
///
/// # Errors
/// [`CartError::AccountDeleted`] if it is the cart of a deleted account. It can be made
/// nevertheless, so the transaction has to be rolled back, or the cart to be deleted.
pub(crate) async fn lock_to_fill(
    transaction: &mut Transaction,
    owner: CartOwner,
    now: i64,
) -> Result<CartItems, CartError> {
    let items = lock_or_create(transaction, owner, now).await?;
    // Only after the lock, which the deletion of an account takes, too.
    if let CartOwner::Account(account_id) = owner
        && deleted_accounts::contains(transaction, account_id).await?
    {
        return Err(CartError::AccountDeleted);
    }
    Ok(items)
}

/// The items of a cart, which is locked until the end of the transaction, and made if it has
/// no row.
pub(crate) async fn lock_or_create(
    transaction: &mut Transaction,
    owner: CartOwner,
    now: i64,
) -> Result<CartItems, CartError> {
    let lock = query(LOCK_OR_CREATE)
        .bind(owner.to_string())
        .bind(matches!(owner, CartOwner::Guest(_)))
        .bind(now);
    parsed(Some(lock.fetch_one(transaction).await?))
}

/// Replaces the items of a locked cart. An empty cart has no row.
pub(crate) async fn save(
    transaction: &mut Transaction,
    owner: CartOwner,
    items: &CartItems,
    now: i64,
) -> Result<(), CartError> {
    if items.is_empty() {
        return delete(transaction, owner).await;
    }
    let rows: Vec<(i32, i32)> = items
        .as_slice()
        .iter()
        .map(|item| (item.book_id.0, item.quantity))
        .collect();
    let json = serde_json::to_string(&rows)
        .map_err(|error| CartError::Corrupt(format!("the items {items:?}: {error}")))?;
    let save = query(SAVE).bind(owner.to_string()).bind(json).bind(now);
    save.execute(transaction).await?;
    Ok(())
}

/// Deletes a cart.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    owner: CartOwner,
) -> Result<(), CartError> {
    let delete = query(DELETE).bind(owner.to_string());
    delete.execute(transaction).await?;
    Ok(())
}

/// When the most recently changed guest cart was changed of those that are left when the
/// `limit` newest are taken away.
pub(crate) async fn changed_at_of_excess(
    connection: &mut Connection,
    limit: u32,
) -> Result<Option<i64>, CartError> {
    let find = query(CHANGED_AT_OF_EXCESS).bind(limit).long_running();
    let row: Option<(i64,)> = find.fetch_optional(connection).await?;
    Ok(row.map(|(changed_at,)| changed_at))
}

/// Deletes up to `limit` guest carts that were changed before `oldest` or after `newest`, and
/// returns their number.
pub(crate) async fn prune(
    transaction: &mut Transaction,
    oldest: i64,
    newest: i64,
    limit: u64,
) -> Result<u64, CartError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let prune = query(PRUNE).bind(oldest).bind(newest).bind(limit);
    Ok(prune.long_running().execute(transaction).await?)
}

fn parsed(row: Option<(String,)>) -> Result<CartItems, CartError> {
    let Some((json,)) = row else {
        return Ok(CartItems::default());
    };
    let items: Vec<(i32, i32)> = serde_json::from_str(&json)
        .map_err(|error| CartError::Corrupt(format!("the items {json:?}: {error}")))?;
    let items = items.into_iter().map(|(book_id, quantity)| CartItem {
        book_id: BookId(book_id),
        quantity,
    });
    Ok(items.collect())
}

//! Placing orders.

use jiff::SignedDuration;
use service::{AccountId, Address, Money};
use store::idempotency::{self, RequestState};
use uuid::Uuid;

use super::{Checkout, enqueue, order_metrics};
use crate::{
    Cart, CartError, CartItem, CartItems, CartOwner, ChargeState, HoldState, Order, OrderId,
    OrderLine, OrderState, payments::derived_id, stock::Reservation, store as rows,
};

/// The method name that is stored with the request id.
const METHOD: &str = "PlaceOrder";

/// How many reservations one request id can make. It makes a second one only if the service or
/// its database failed so long after the first that this would expire soon.
const MAX_RESERVATIONS: u32 = 5;

/// What a buyer confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Chosen by the caller. The same request with the same id gets the same order.
    pub request_id: Uuid,
    /// The buyer.
    pub account_id: AccountId,
    /// The etag of the cart that the buyer has seen.
    pub cart_etag: String,
    /// Where the books are sent.
    pub address: Address,
    /// The token of the payment method.
    pub payment_token: String,
}

impl PlaceOrder {
    /// The request without its id, encoded: equal requests have equal bytes.
    fn idempotency_body(&self) -> Vec<u8> {
        let body = serde_json::json!([
            self.account_id.to_string(),
            self.cart_etag,
            self.address,
            self.payment_token,
        ]);
        body.to_string().into_bytes()
    }

    /// The key of the reservation with this number. Concurrent calls with the same request id
    /// share the reservation, so that they cannot take the last copies from each other.
    fn reservation_key(&self, number: u32) -> Uuid {
        let (account_id, request_id, etag) = (self.account_id, self.request_id, &self.cart_etag);
        derived_id(&format!(
            "{account_id} {request_id} {etag} reservation {number}"
        ))
    }
}

impl Checkout {
    /// Orders the books in the cart of an account: holds the copies, stores the order and
    /// empties the cart. The payment follows in the background.
    ///
    /// # Errors
    /// The cart, the stock or the request id do not allow the order, or another service or the
    /// database does not answer. Then there is no order, and the cart is unchanged.
    pub async fn place(&self, request: &PlaceOrder) -> Result<Order, CartError> {
        let body = request.idempotency_body();
        if let Some(order) = self.placed_before(request, &body).await? {
            return Ok(order);
        }
        match self.place_new(request, &body).await {
            // A concurrent call with the same request id may have emptied the cart meanwhile.
            Err(error) => match self.placed_before(request, &body).await {
                Ok(Some(order)) => Ok(order),
                _ => Err(error),
            },
            placed => placed,
        }
    }

    /// The order that an earlier call with the same request placed.
    async fn placed_before(
        &self,
        request: &PlaceOrder,
        body: &[u8],
    ) -> Result<Option<Order>, CartError> {
        let request_id = request.request_id;
        store::read!(self.db(), connection => {
            let key = request_id.to_string();
            match idempotency::find(connection, &key, METHOD, body).await? {
                RequestState::New => Ok(None),
                RequestState::Completed(order_id) => {
                    order_as_placed(connection, &order_id).await.map(Some)
                }
                RequestState::Conflict => Err(CartError::RequestIdReused(request_id)),
            }
        })
    }

    async fn place_new(&self, request: &PlaceOrder, body: &[u8]) -> Result<Order, CartError> {
        let owner = CartOwner::Account(request.account_id);
        let (items, cart) = self.inner.carts.items_and_cart(owner).await?;
        let total = total(&cart, &request.cart_etag)?;
        let email = self.inner.buyers.email(request.account_id).await?;
        service::crash_point!(self.inner.options.crash_points);
        let reservation = self.reserve(request, &cart).await?;
        service::crash_point!(self.inner.options.crash_points);
        let order = self.new_order(request, email, &cart, total, reservation);
        let stored = self.store_order(request, body, &items, order).await;
        service::crash_point!(self.inner.options.crash_points);
        if matches!(stored, Err(CartError::CartEmpty | CartError::CartChanged)) {
            // If this fails, the reservation expires. After an error of the database it is kept,
            // because the order may be stored nevertheless.
            let _ = self.inner.stock.release(reservation.reservation_id).await;
            service::crash_point!();
        }
        stored
    }

    /// Holds the copies of a cart, for at least half of the usual time.
    async fn reserve(&self, request: &PlaceOrder, cart: &Cart) -> Result<Reservation, CartError> {
        let hold = self.inner.options.hold;
        let shortest = SignedDuration::try_from(hold / 2).unwrap_or(SignedDuration::ZERO);
        let items: Vec<CartItem> = cart.lines.iter().map(|line| line.item).collect();
        for number in 0..MAX_RESERVATIONS {
            let key = request.reservation_key(number);
            let reservation = self.inner.stock.reserve(key, &items, hold).await?;
            if reservation.expires_at.duration_since(self.now()) >= shortest {
                return Ok(reservation);
            }
        }
        let request_id = request.request_id;
        tracing::error!(%request_id, "all reservations of a request are old: do the clocks differ?");
        Err(CartError::CatalogueUnavailable)
    }

    fn new_order(
        &self,
        request: &PlaceOrder,
        receipt_email: String,
        cart: &Cart,
        total: Money,
        reservation: Reservation,
    ) -> Order {
        let now = self.now();
        let lines = cart.lines.iter().map(|line| OrderLine {
            item: line.item,
            title: line.title.clone(),
            unit_price: line.unit_price.clone(),
        });
        Order {
            order_id: OrderId(self.inner.options.ids.next_id()),
            account_id: request.account_id,
            lines: lines.collect(),
            total,
            address: request.address.clone(),
            payment_token: request.payment_token.clone(),
            receipt_email,
            state: OrderState::Placed,
            failure: None,
            decline_reason: None,
            reservation_id: reservation.reservation_id,
            hold_until: reservation.expires_at,
            hold: HoldState::Held,
            charge: ChargeState::None,
            transaction_id: None,
            refunded_minor: None,
            parked_reason: None,
            created_at: now,
            updated_at: now,
            waiting_since: now,
            tracking_number: None,
        }
    }

    /// Stores an order, empties the cart, and lets the background task pay the order, in one
    /// transaction. Returns the order that is stored for the request.
    async fn store_order(
        &self,
        request: &PlaceOrder,
        body: &[u8],
        items: &CartItems,
        order: Order,
    ) -> Result<Order, CartError> {
        let (now, owner) = (order.created_at, CartOwner::Account(order.account_id));
        let (request_id, key) = (request.request_id, request.request_id.to_string());
        let stored = store::write!(self.db(), transaction => {
            let at = now.as_microsecond();
            match idempotency::claim(transaction, &key, METHOD, body, at).await? {
                RequestState::New => {}
                RequestState::Completed(order_id) => {
                    return order_as_placed(transaction, &order_id).await;
                }
                RequestState::Conflict => return Err(CartError::RequestIdReused(request_id)),
            }
            let current = rows::carts::lock(transaction, owner).await?;
            if current.is_empty() {
                return Err(CartError::CartEmpty);
            }
            if current != *items {
                return Err(CartError::CartChanged);
            }
            rows::carts::delete(transaction, owner).await?;
            rows::orders::insert(transaction, &order).await?;
            enqueue(transaction, &order, now).await?;
            self.enqueue_events(transaction, None, &order, now).await?;
            let order_id = order.order_id.0.as_bytes();
            idempotency::save_response(transaction, &key, order_id).await?;
            Ok(order.clone())
        })?;
        // A repeated request gets the order that it has stored before.
        if stored.order_id == order.order_id {
            order_metrics::count(None, &stored);
        }
        Ok(stored)
    }
}

/// The order with the id of a saved response.
async fn order_as_placed(
    connection: &mut store::Connection,
    order_id: &[u8],
) -> Result<Order, CartError> {
    let order_id = Uuid::from_slice(order_id)
        .map_err(|_| CartError::Corrupt("a saved response that is no id".to_owned()))?;
    let found = rows::orders::get(connection, OrderId(order_id)).await?;
    let missing = || CartError::Corrupt(format!("no order {order_id} for a saved response"));
    Ok(found.ok_or_else(missing)?.as_placed())
}

/// The amount to pay for a cart, if it is the one that the buyer has seen and can be ordered.
fn total(cart: &Cart, etag: &str) -> Result<Money, CartError> {
    let Some(first) = cart.lines.first() else {
        return Err(CartError::CartEmpty);
    };
    if cart.etag() != etag {
        return Err(CartError::CartChanged);
    }
    let currency = &first.unit_price.currency_code;
    if cart
        .lines
        .iter()
        .any(|line| line.unit_price.currency_code != *currency)
    {
        return Err(CartError::CurrenciesMixed);
    }
    cart.subtotals().pop().ok_or(CartError::TotalTooLarge)
}

//! The fake of `bookstore.cart.v1.CheckoutService`.

mod handlers;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use contract::{bookstore::cart::v1::*, errors::cart as errors};
use rpc::{Caller, failure};
use tokio::sync::watch;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::{FakeCarts, FakeOutbox, Fault, FaultSwitch, lock, paging::page};

/// A fake Checkout: it knows who has bought which books, and turns fake carts into orders,
/// which stay placed until the test changes them. Clones share everything.
#[derive(Clone, Debug, Default)]
pub struct FakeCheckout {
    /// The purchases that the test has recorded, oldest first.
    purchases: Arc<Mutex<Vec<Purchase>>>,
    carts: FakeCarts,
    /// All orders, oldest first.
    orders: watch::Sender<Vec<Order>>,
    requests: Arc<Mutex<HashMap<String, (PlaceOrderRequest, Order)>>>,
    /// Why orders are parked, by their ids.
    parked: Arc<Mutex<HashMap<String, String>>>,
    /// The decisions about orders by request id, oldest first.
    resolutions: Arc<Mutex<Vec<(String, OrderResolution)>>>,
    /// The accounts whose data was deleted, once for each call.
    deletions: Arc<Mutex<Vec<String>>>,
    /// What it has not delivered.
    pub outbox: FakeOutbox,
    /// Its faults.
    pub faults: FaultSwitch,
}

impl FakeCheckout {
    /// A checkout for these carts.
    pub fn of(carts: &FakeCarts) -> Self {
        Self {
            carts: carts.clone(),
            ..Self::default()
        }
    }

    /// Records that an account has bought a book.
    pub fn buy(&self, account_id: &str, book_id: i32) {
        self.record(account_id, book_id, true);
    }

    /// Records that an account has ordered a book that is not paid yet.
    pub fn buy_unpaid(&self, account_id: &str, book_id: i32) {
        self.record(account_id, book_id, false);
    }

    fn record(&self, account_id: &str, book_id: i32, paid: bool) {
        lock(&self.purchases).push(Purchase {
            order_id: Uuid::new_v4().to_string(),
            account_id: account_id.to_owned(),
            book_ids: vec![book_id],
            paid,
        });
    }

    /// While `down` is set, all calls fail with UNAVAILABLE.
    pub fn set_down(&self, down: bool) {
        let fault = if down { Fault::Down } else { Fault::None };
        self.faults.set("*", fault);
    }

    /// Adds an order as it is.
    pub fn add(&self, order: Order) {
        self.orders.send_modify(|orders| orders.push(order));
    }

    /// All orders, oldest first.
    pub fn orders(&self) -> Vec<Order> {
        self.orders.borrow().clone()
    }

    /// Changes an order, and tells those who watch it.
    pub fn change(&self, order_id: &str, change: impl FnOnce(&mut Order)) {
        self.orders.send_modify(|orders| {
            let order = orders.iter_mut().find(|order| order.order_id == order_id);
            if let Some(order) = order {
                change(order);
                order.update_time.get_or_insert_default().seconds += 1;
            }
        });
    }

    /// Lets an order wait for the operator.
    pub fn park(&self, order_id: &str, reason: &str) {
        lock(&self.parked).insert(order_id.to_owned(), reason.to_owned());
    }

    /// All decisions, oldest first.
    pub fn resolutions(&self) -> Vec<OrderResolution> {
        let resolutions = lock(&self.resolutions);
        resolutions.iter().map(|(_, made)| made.clone()).collect()
    }

    /// An order as the operator sees it.
    fn seen(&self, order: &Order) -> OperatorOrder {
        let mut resolutions = self.resolutions();
        resolutions.retain(|made| made.order_id == order.order_id);
        let parked = lock(&self.parked).get(&order.order_id).cloned();
        OperatorOrder {
            order: Some(order.clone()),
            parked_reason: parked.unwrap_or_default(),
            resolutions,
        }
    }

    fn any_order(&self, order_id: &str) -> Result<Order, Status> {
        let mut orders = self.orders().into_iter();
        let found = orders.find(|order| order.order_id == order_id);
        found.ok_or_else(|| failure(errors::ORDER_NOT_FOUND, "no such order").into_status())
    }

    /// Records a decision. It knows no charges, and the order does not go on.
    fn resolve(&self, request: ResolveParkedOrderRequest) -> Result<OrderResolution, Status> {
        let mut resolutions = lock(&self.resolutions);
        let mut earlier = resolutions.iter();
        if let Some((_, made)) = earlier.find(|(request_id, _)| *request_id == request.request_id) {
            return Ok(made.clone());
        }
        let refused = |error| Err(failure(error, "refused").into_status());
        if request.action() == ResolutionAction::MarkPaid {
            return refused(errors::CHARGE_NOT_OF_ORDER);
        }
        let Some(parked_reason) = lock(&self.parked).remove(&request.order_id) else {
            return refused(errors::ORDER_NOT_PARKED);
        };
        let made = OrderResolution {
            resolution_id: Uuid::new_v4().to_string(),
            order_id: request.order_id,
            action: request.action,
            transaction_id: request.transaction_id,
            operator_name: request.operator_name,
            note: request.note,
            parked_reason,
            create_time: Some(prost_types::Timestamp::default()),
        };
        resolutions.push((request.request_id, made.clone()));
        Ok(made)
    }

    /// A page of the orders of an account, newest first, and the token of the next one.
    fn page_of(
        &self,
        account_id: &str,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<Order>, String), Status> {
        let orders = self.orders.borrow();
        let newest_first = orders.iter().rev();
        let of_account = newest_first.filter(|order| order.account_id == account_id);
        let invalid = errors::PAGE_TOKEN_INVALID;
        let (orders, next) = page(of_account, page_size, page_token, invalid)?;
        Ok((orders.into_iter().cloned().collect(), next))
    }

    /// How often Accounts had the data of an account deleted.
    pub fn deletions(&self, account_id: &str) -> usize {
        let deletions = lock(&self.deletions);
        deletions.iter().filter(|id| *id == account_id).count()
    }

    /// The order with this id of the caller.
    fn order_of<T>(&self, request: &Request<T>, order_id: &str) -> Result<Order, Status> {
        let account_id = Caller::require_account(request)?.to_string();
        let orders = self.orders.borrow();
        let mut orders = orders.iter().filter(|order| order.account_id == account_id);
        let order = orders.find(|order| order.order_id == order_id);
        let missing = || failure(errors::ORDER_NOT_FOUND, "no such order").into_status();
        order.cloned().ok_or_else(missing)
    }

    fn place(&self, account_id: &str, request: PlaceOrderRequest) -> Result<Order, Status> {
        let mut requests = lock(&self.requests);
        if let Some((earlier, order)) = requests.get(&request.request_id) {
            if *earlier != request {
                return Err(rpc::request_id_reused(&request.request_id).into_status());
            }
            return Ok(order.clone());
        }
        let cart = self.carts.cart(account_id, "");
        let refused = |error| Err(failure(error, "refused").into_status());
        if cart.lines.is_empty() {
            return refused(errors::CART_EMPTY);
        }
        if cart.etag != request.cart_etag {
            return refused(errors::CART_CHANGED);
        }
        if let Some(line) = cart
            .lines
            .iter()
            .find(|line| line.available < line.quantity)
        {
            return Err(failure(errors::OUT_OF_STOCK, "too few copies")
                .with("book_id", line.book_id)
                .with("available", line.available)
                .into_status());
        }
        let line = |line: CartLine| OrderLine {
            book_id: line.book_id,
            title: line.title,
            quantity: line.quantity,
            unit_price: line.unit_price,
        };
        let order = Order {
            order_id: Uuid::new_v4().to_string(),
            account_id: account_id.to_owned(),
            lines: cart.lines.into_iter().map(line).collect(),
            total: cart.subtotals.into_iter().next(),
            shipping_address: request.shipping_address.clone(),
            state: OrderState::Placed.into(),
            reservation_id: Uuid::new_v4().to_string(),
            create_time: Some(prost_types::Timestamp::default()),
            update_time: Some(prost_types::Timestamp::default()),
            ..Order::default()
        };
        self.carts.change(account_id, BTreeMap::clear);
        requests.insert(request.request_id.clone(), (request, order.clone()));
        self.orders.send_modify(|orders| orders.push(order.clone()));
        Ok(order)
    }

    fn cancel(&self, order: &Order) -> Result<Order, Status> {
        match order.state() {
            OrderState::Placed | OrderState::Paid => {}
            OrderState::Cancelled => return Ok(order.clone()),
            state => {
                return Err(failure(errors::ORDER_NOT_CANCELLABLE, "too late")
                    .with("state", state.as_str_name())
                    .into_status());
            }
        }
        let mut cancelled = order.clone();
        cancelled.set_state(OrderState::Cancelled);
        self.change(&order.order_id, |order| {
            order.set_state(OrderState::Cancelled)
        });
        Ok(cancelled)
    }
}

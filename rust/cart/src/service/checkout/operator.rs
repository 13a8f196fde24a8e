//! What only the operator does: looking at the orders of all accounts, and resolving parked ones.

use service::{Page, PageScope};
use store::idempotency::{self, RequestState};
use uuid::Uuid;

use super::{CHANNEL, Checkout, TOKEN_VERSION, enqueue, put_lines_back};
use crate::{
    CartError, LinesBack, OperatorOrder, Order, OrderFilter, OrderId, OrderResolution, OrderState,
    Resolution, ResolveError, store as rows,
};

/// The method name that is stored with the request id.
const METHOD: &str = "ResolveParkedOrder";

/// How many decisions about one order are shown.
const MAX_RESOLUTIONS: i64 = 20;

/// A decision about a parked order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveOrder {
    /// Chosen by the caller. The same request with the same id gets the same decision.
    pub request_id: Uuid,
    /// The order.
    pub order_id: OrderId,
    /// How it goes on.
    pub resolution: Resolution,
    /// The charge that the request names, also if the resolution needs none.
    pub transaction_id: Option<Uuid>,
    /// Who decides.
    pub operator_name: String,
    /// Why.
    pub note: String,
}

impl ResolveOrder {
    /// The request without its id, encoded: equal requests have equal bytes.
    fn idempotency_body(&self) -> Vec<u8> {
        let body = serde_json::json!([
            self.order_id.to_string(),
            self.resolution.number(),
            self.transaction_id.map(|id| id.to_string()),
            self.operator_name,
            self.note,
        ]);
        body.to_string().into_bytes()
    }
}

impl Checkout {
    /// An order of any account.
    ///
    /// # Errors
    /// [`CartError::OrderNotFound`], or an error of the database.
    pub async fn operator_order(&self, order_id: OrderId) -> Result<OperatorOrder, CartError> {
        store::read!(self.db(), connection => {
            let found = rows::orders::get(connection, order_id).await?;
            let orders = found.into_iter().collect();
            let mut orders = with_resolutions(connection, orders).await?;
            orders.pop().ok_or(CartError::OrderNotFound(order_id))
        })
    }

    /// A page of the orders of all accounts, newest first.
    ///
    /// # Errors
    /// [`CartError::InvalidPageToken`], or an error of the database.
    pub async fn list_all(
        &self,
        filter: OrderFilter,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<OperatorOrder>, CartError> {
        let number = filter.state.map_or(0, |state| state as i64);
        let scope = PageScope::new(TOKEN_VERSION, "ListAllOrders")
            .with(number.to_be_bytes())
            .with([u8::from(filter.parked_only)]);
        let before = OrderId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let orders = store::read!(self.db(), connection => {
            let orders = rows::orders::list_all(connection, filter, before, limit).await?;
            with_resolutions(connection, orders).await
        })?;
        Page::from_items(orders, page_size, |last| {
            Ok(scope.encode_id(last.order.order_id.0)?)
        })
    }

    /// Lets a parked order go on, and records who has decided that and why.
    ///
    /// # Errors
    /// [`CartError::OrderNotFound`], [`CartError::OrderNotParked`],
    /// [`CartError::ResolutionNotPossible`], [`CartError::ChargeNotOfOrder`], or Transactions or
    /// the database does not answer. Then nothing has changed.
    pub async fn resolve(&self, request: &ResolveOrder) -> Result<OrderResolution, CartError> {
        let body = request.idempotency_body();
        let key = request.request_id.to_string();
        let found = store::read!(self.db(), connection => {
            let state = idempotency::find(connection, &key, METHOD, &body).await?;
            earlier_decision(connection, request, state).await
        })?;
        if let Some(decision) = found {
            return Ok(decision);
        }
        if let Resolution::MarkPaid { transaction_id } = request.resolution {
            self.check_charge(request.order_id, transaction_id).await?;
        }
        let (now, resolution_id) = (self.now(), self.inner.options.ids.next_id());
        let decision = store::write!(self.db(), transaction => {
            let at = now.as_microsecond();
            let state = idempotency::claim(transaction, &key, METHOD, &body, at).await?;
            if let Some(decision) = earlier_decision(transaction, request, state).await? {
                return Ok::<_, CartError>(decision);
            }
            let locked = rows::orders::lock(transaction, request.order_id).await?;
            let before = locked.ok_or(CartError::OrderNotFound(request.order_id))?;
            let mut order = before.clone();
            let parked_reason = order.parked_reason.clone().unwrap_or_default();
            let resolved = order.resolve(request.resolution, now);
            let LinesBack(fails) = resolved.map_err(|error| match error {
                ResolveError::NotParked => CartError::OrderNotParked(request.order_id),
                ResolveError::NotPossible(state) => CartError::ResolutionNotPossible(state),
            })?;
            if fails {
                put_lines_back(transaction, &order, now).await?;
            }
            let decision = OrderResolution {
                resolution_id,
                order_id: request.order_id,
                resolution: request.resolution,
                operator_name: request.operator_name.clone(),
                note: request.note.clone(),
                parked_reason,
                resolved_at: now,
            };
            rows::orders::save(transaction, &order).await?;
            rows::resolutions::insert(transaction, &decision).await?;
            transaction.notify(CHANNEL, order.order_id.to_string());
            enqueue(transaction, &order, now).await?;
            self.enqueue_events(transaction, Some(&before), &order, now).await?;
            idempotency::save_response(transaction, &key, resolution_id.as_bytes()).await?;
            Ok(decision)
        })?;
        let OrderResolution {
            order_id,
            resolution,
            operator_name,
            ..
        } = &decision;
        tracing::info!(%order_id, ?resolution, operator_name, "a parked order goes on");
        self.inner.watchers.notify(&[order_id.0]);
        Ok(decision)
    }

    /// Checks that a charge has paid an order. The charge of an order that has ended may be paid
    /// back already.
    async fn check_charge(&self, order_id: OrderId, transaction_id: Uuid) -> Result<(), CartError> {
        let order = self.any_order(order_id).await?;
        let has_ended = matches!(order.state, OrderState::Cancelled | OrderState::Failed);
        if self
            .inner
            .payments
            .has_paid(&order, transaction_id, has_ended)
            .await?
        {
            return Ok(());
        }
        Err(CartError::ChargeNotOfOrder(Some(transaction_id)))
    }
}

/// The decision that an earlier call with the same request id has made.
async fn earlier_decision(
    connection: &mut store::Connection,
    request: &ResolveOrder,
    state: RequestState,
) -> Result<Option<OrderResolution>, CartError> {
    let saved = match state {
        RequestState::New => return Ok(None),
        RequestState::Conflict => return Err(CartError::RequestIdReused(request.request_id)),
        RequestState::Completed(saved) => saved,
    };
    let missing = || CartError::Corrupt("no decision for a saved response".to_owned());
    let resolution_id = Uuid::from_slice(&saved).map_err(|_| missing())?;
    let found = rows::resolutions::get(connection, resolution_id).await?;
    found.ok_or_else(missing).map(Some)
}

async fn with_resolutions(
    connection: &mut store::Connection,
    orders: Vec<Order>,
) -> Result<Vec<OperatorOrder>, CartError> {
    let order_ids = orders.iter().map(|order| order.order_id);
    let mut of_orders =
        rows::resolutions::of_orders(connection, order_ids, MAX_RESOLUTIONS).await?;
    let orders = orders.into_iter();
    Ok(orders
        .map(|order| {
            let resolutions = of_orders.remove(&order.order_id).unwrap_or_default();
            OperatorOrder { order, resolutions }
        })
        .collect())
}

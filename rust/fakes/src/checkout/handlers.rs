//! The methods of the fake.

use std::collections::BTreeMap;

use contract::{
    bookstore::cart::v1::{checkout_service_server::CheckoutService, *},
    errors::cart as errors,
};
use futures::stream;
use rpc::{Caller, failure};
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::FakeCheckout;
use crate::{lock, paging::page};

/// Whether the order can no longer change.
fn is_final(order: &Order) -> bool {
    match order.state() {
        OrderState::Shipped => true,
        OrderState::Cancelled | OrderState::Failed => {
            order.transaction_id.is_empty() || order.refunded_amount.is_some()
        }
        _ => false,
    }
}

#[tonic::async_trait]
impl CheckoutService for FakeCheckout {
    async fn list_all_orders(
        &self,
        request: Request<ListAllOrdersRequest>,
    ) -> Result<Response<ListAllOrdersResponse>, Status> {
        self.faults.apply("list_all_orders").await?;
        let request = request.into_inner();
        let mut orders: Vec<_> = self.orders().iter().map(|order| self.seen(order)).collect();
        orders.reverse();
        orders.retain(|seen| {
            let state = seen.order.as_ref().map(Order::state);
            (request.state == 0 || state == Some(request.state()))
                && (!request.parked_only || !seen.parked_reason.is_empty())
        });
        Ok(Response::new(ListAllOrdersResponse {
            orders,
            next_page_token: String::new(),
        }))
    }

    async fn get_operator_order(
        &self,
        request: Request<GetOperatorOrderRequest>,
    ) -> Result<Response<GetOperatorOrderResponse>, Status> {
        self.faults.apply("get_operator_order").await?;
        let order = self.any_order(&request.into_inner().order_id)?;
        let order = Some(self.seen(&order));
        Ok(Response::new(GetOperatorOrderResponse { order }))
    }

    async fn resolve_parked_order(
        &self,
        request: Request<ResolveParkedOrderRequest>,
    ) -> Result<Response<ResolveParkedOrderResponse>, Status> {
        let request = request.into_inner();
        let resolve = || self.resolve(request);
        let resolution = Some(self.faults.serve("resolve_parked_order", resolve).await?);
        Ok(Response::new(ResolveParkedOrderResponse { resolution }))
    }

    async fn check_purchases(
        &self,
        request: Request<CheckPurchasesRequest>,
    ) -> Result<Response<CheckPurchasesResponse>, Status> {
        self.faults.apply("check_purchases").await?;
        let CheckPurchasesRequest {
            account_id,
            book_ids,
        } = request.into_inner();
        let purchases = lock(&self.purchases);
        let bought = book_ids.into_iter().filter(|book_id| {
            let mut paid = purchases.iter().filter(|purchase| purchase.paid);
            paid.any(|it| it.account_id == account_id && it.book_ids.contains(book_id))
        });
        Ok(Response::new(CheckPurchasesResponse {
            bought_book_ids: bought.collect(),
        }))
    }

    async fn list_purchases(
        &self,
        request: Request<ListPurchasesRequest>,
    ) -> Result<Response<ListPurchasesResponse>, Status> {
        self.faults.apply("list_purchases").await?;
        let request = request.into_inner();
        let mut listed = lock(&self.purchases).clone();
        let account_id = request.account_id;
        listed.retain(|purchase| account_id.is_empty() || purchase.account_id == account_id);
        listed.reverse();
        let (purchases, next_page_token) = page(
            listed,
            request.page_size,
            &request.page_token,
            errors::PAGE_TOKEN_INVALID,
        )?;
        Ok(Response::new(ListPurchasesResponse {
            purchases,
            next_page_token,
        }))
    }

    async fn place_order(
        &self,
        request: Request<PlaceOrderRequest>,
    ) -> Result<Response<PlaceOrderResponse>, Status> {
        let account_id = Caller::require_account(&request)?.to_string();
        let place = || self.place(&account_id, request.into_inner());
        let order = Some(self.faults.serve("place_order", place).await?);
        Ok(Response::new(PlaceOrderResponse { order }))
    }

    async fn get_order(
        &self,
        request: Request<GetOrderRequest>,
    ) -> Result<Response<GetOrderResponse>, Status> {
        self.faults.apply("get_order").await?;
        let order = Some(self.order_of(&request, &request.get_ref().order_id)?);
        Ok(Response::new(GetOrderResponse { order }))
    }

    async fn list_orders(
        &self,
        request: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        self.faults.apply("list_orders").await?;
        let account_id = Caller::require_account(&request)?.to_string();
        let request = request.into_inner();
        let (orders, next_page_token) =
            self.page_of(&account_id, request.page_size, &request.page_token)?;
        Ok(Response::new(ListOrdersResponse {
            orders,
            next_page_token,
        }))
    }

    async fn list_outbox_messages(
        &self,
        request: Request<ListOutboxMessagesRequest>,
    ) -> Result<Response<ListOutboxMessagesResponse>, Status> {
        self.faults.apply("list_outbox_messages").await?;
        Ok(Response::new(ListOutboxMessagesResponse {
            messages: self.outbox.list(request.into_inner().dead_only),
            next_page_token: String::new(),
        }))
    }

    async fn retry_outbox_message(
        &self,
        request: Request<RetryOutboxMessageRequest>,
    ) -> Result<Response<RetryOutboxMessageResponse>, Status> {
        self.faults.apply("retry_outbox_message").await?;
        let message = self.outbox.retry(request.into_inner().message_id);
        let missing = || failure(errors::MESSAGE_NOT_FOUND, "no such message").into_status();
        Ok(Response::new(RetryOutboxMessageResponse {
            message: Some(message.ok_or_else(missing)?),
        }))
    }

    async fn delete_account_data(
        &self,
        request: Request<DeleteAccountDataRequest>,
    ) -> Result<Response<DeleteAccountDataResponse>, Status> {
        let account_id = Caller::require_account(&request)?.to_string();
        let delete = || {
            self.carts.change(&account_id, BTreeMap::clear);
            lock(&self.deletions).push(account_id.clone());
            Ok(())
        };
        self.faults.serve("delete_account_data", delete).await?;
        Ok(Response::new(DeleteAccountDataResponse {}))
    }

    async fn export_account_data(
        &self,
        request: Request<ExportAccountDataRequest>,
    ) -> Result<Response<ExportAccountDataResponse>, Status> {
        self.faults.apply("export_account_data").await?;
        let account_id = Caller::require_account(&request)?.to_string();
        let request = request.into_inner();
        let (orders, next_page_token) =
            self.page_of(&account_id, request.page_size, &request.page_token)?;
        let items = self.carts.contents(&account_id).into_iter();
        let items = items.filter(|_| request.page_token.is_empty());
        Ok(Response::new(ExportAccountDataResponse {
            cart_items: items
                .map(|(book_id, quantity)| CartItem { book_id, quantity })
                .collect(),
            orders,
            next_page_token,
        }))
    }

    type WatchOrderStream = BoxStream<WatchOrderResponse>;

    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        self.faults.apply("watch_order").await?;
        let order_id = self
            .order_of(&request, &request.get_ref().order_id)?
            .order_id;
        let orders = self.orders.subscribe();
        let answers = stream::unfold((orders, None), move |(mut orders, last)| {
            let order_id = order_id.clone();
            async move {
                if last.as_ref().is_some_and(is_final) {
                    return None;
                }
                let find = |orders: &[Order]| {
                    let found = orders.iter().find(|order| order.order_id == order_id);
                    found.cloned()
                };
                let changed = orders.wait_for(|orders| find(orders) != last).await;
                let order = find(&changed.ok()?);
                let answer = WatchOrderResponse {
                    order: order.clone(),
                };
                Some((Ok(answer), (orders, order)))
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        self.faults.apply("cancel_order").await?;
        let order = self.order_of(&request, &request.get_ref().order_id)?;
        let order = Some(self.cancel(&order)?);
        Ok(Response::new(CancelOrderResponse { order }))
    }

    async fn ship_order(
        &self,
        request: Request<ShipOrderRequest>,
    ) -> Result<Response<ShipOrderResponse>, Status> {
        self.faults.apply("ship_order").await?;
        let request = request.into_inner();
        let mut order = self.any_order(&request.order_id)?;
        match order.state() {
            OrderState::Shipped => {}
            OrderState::Paid => {
                order.set_state(OrderState::Shipped);
                order.tracking_number = request.tracking_number;
                self.change(&request.order_id, |stored| stored.clone_from(&order));
            }
            state => {
                return Err(failure(errors::ORDER_NOT_PAID, "not paid")
                    .with("state", state.as_str_name())
                    .into_status());
            }
        }
        Ok(Response::new(ShipOrderResponse { order: Some(order) }))
    }
}

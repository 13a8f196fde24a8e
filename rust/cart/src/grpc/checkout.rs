//! `bookstore.cart.v1.CheckoutService`: converts messages and calls [`Checkout`].

use std::pin::Pin;

use contract::bookstore::cart::v1::{
    CancelOrderRequest, CancelOrderResponse, CheckPurchasesRequest, CheckPurchasesResponse,
    DeleteAccountDataRequest, DeleteAccountDataResponse, ExportAccountDataRequest,
    ExportAccountDataResponse, GetOperatorOrderRequest, GetOperatorOrderResponse, GetOrderRequest,
    GetOrderResponse, ListAllOrdersRequest, ListAllOrdersResponse, ListOrdersRequest,
    ListOrdersResponse, ListOutboxMessagesRequest, ListOutboxMessagesResponse,
    ListPurchasesRequest, ListPurchasesResponse, PlaceOrderRequest, PlaceOrderResponse,
    ResolveParkedOrderRequest, ResolveParkedOrderResponse, RetryOutboxMessageRequest,
    RetryOutboxMessageResponse, ShipOrderRequest, ShipOrderResponse, WatchOrderRequest,
    WatchOrderResponse,
    checkout_service_server::{CheckoutService, CheckoutServiceServer},
};
use futures::{Stream, StreamExt as _};
use rpc::Caller;
use service::{AccountId, BookId, ConversionError, convert, page_size};
use tonic::{Request, Response, Status};

use super::{
    RpcResult,
    from_proto::{order_id, place_order, resolve_order},
};
use crate::{CartError, Checkout, OrderFilter, OrderState};

/// The handler of `bookstore.cart.v1.CheckoutService`.
#[derive(Debug, Clone)]
pub struct CheckoutGrpc(Checkout);

impl Checkout {
    /// The gRPC service `bookstore.cart.v1.CheckoutService`, to be added to a router.
    pub fn server(&self) -> CheckoutServiceServer<CheckoutGrpc> {
        CheckoutServiceServer::new(CheckoutGrpc(self.clone()))
    }
}

#[tonic::async_trait]
impl CheckoutService for CheckoutGrpc {
    async fn place_order(
        &self,
        request: Request<PlaceOrderRequest>,
    ) -> RpcResult<PlaceOrderResponse> {
        let account_id = account_id(&request)?;
        let request = place_order(account_id, request.into_inner())?;
        let order = Some(self.0.place(&request).await?.into());
        Ok(Response::new(PlaceOrderResponse { order }))
    }

    async fn get_order(&self, request: Request<GetOrderRequest>) -> RpcResult<GetOrderResponse> {
        let account_id = account_id(&request)?;
        let order_id = order_id(&request.into_inner().order_id)?;
        let order = Some(self.0.order(order_id, account_id).await?.into());
        Ok(Response::new(GetOrderResponse { order }))
    }

    async fn list_orders(
        &self,
        request: Request<ListOrdersRequest>,
    ) -> RpcResult<ListOrdersResponse> {
        let account_id = account_id(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self.0.list(account_id, size, &request.page_token).await?;
        Ok(Response::new(ListOrdersResponse {
            orders: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn list_all_orders(
        &self,
        request: Request<ListAllOrdersRequest>,
    ) -> RpcResult<ListAllOrdersResponse> {
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let state = match request.state {
            0 => None,
            number => Some(
                OrderState::from_number(number.into())
                    .ok_or_else(|| ConversionError::new("state", number))?,
            ),
        };
        let filter = OrderFilter {
            state,
            parked_only: request.parked_only,
        };
        let page = self.0.list_all(filter, size, &request.page_token).await?;
        Ok(Response::new(ListAllOrdersResponse {
            orders: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_operator_order(
        &self,
        request: Request<GetOperatorOrderRequest>,
    ) -> RpcResult<GetOperatorOrderResponse> {
        let order_id = order_id(&request.into_inner().order_id)?;
        let order = Some(self.0.operator_order(order_id).await?.into());
        Ok(Response::new(GetOperatorOrderResponse { order }))
    }

    async fn resolve_parked_order(
        &self,
        request: Request<ResolveParkedOrderRequest>,
    ) -> RpcResult<ResolveParkedOrderResponse> {
        let request = resolve_order(request.into_inner())?;
        let resolution = Some(self.0.resolve(&request).await?.into());
        Ok(Response::new(ResolveParkedOrderResponse { resolution }))
    }

    type WatchOrderStream = Pin<Box<dyn Stream<Item = Result<WatchOrderResponse, Status>> + Send>>;

    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> RpcResult<Self::WatchOrderStream> {
        let account_id = account_id(&request)?;
        let order_id = order_id(&request.into_inner().order_id)?;
        let orders = self.0.watch(order_id, account_id).await?;
        let responses = orders.map(|order| {
            let order = Some(order?.into());
            Ok(WatchOrderResponse { order })
        });
        Ok(Response::new(Box::pin(responses)))
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> RpcResult<CancelOrderResponse> {
        let account_id = account_id(&request)?;
        let order_id = order_id(&request.into_inner().order_id)?;
        let order = Some(self.0.cancel(order_id, account_id).await?.into());
        Ok(Response::new(CancelOrderResponse { order }))
    }

    async fn ship_order(&self, request: Request<ShipOrderRequest>) -> RpcResult<ShipOrderResponse> {
        let request = request.into_inner();
        let order_id = order_id(&request.order_id)?;
        let tracking = Some(request.tracking_number.as_str()).filter(|number| !number.is_empty());
        let order = Some(self.0.ship(order_id, tracking).await?.into());
        Ok(Response::new(ShipOrderResponse { order }))
    }

    async fn check_purchases(
        &self,
        request: Request<CheckPurchasesRequest>,
    ) -> RpcResult<CheckPurchasesResponse> {
        let request = request.into_inner();
        let account_id = AccountId(convert::uuid("account_id", &request.account_id)?);
        let book_ids: Vec<_> = request.book_ids.into_iter().map(BookId).collect();
        let bought = self.0.bought(account_id, &book_ids).await?;
        Ok(Response::new(CheckPurchasesResponse {
            bought_book_ids: bought.into_iter().map(|book_id| book_id.0).collect(),
        }))
    }

    async fn list_outbox_messages(
        &self,
        request: Request<ListOutboxMessagesRequest>,
    ) -> RpcResult<ListOutboxMessagesResponse> {
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let outbox = self.0.outbox();
        let listed = outbox.list::<CartError>(request.dead_only, size, &request.page_token);
        let page = listed.await?;
        Ok(Response::new(ListOutboxMessagesResponse {
            messages: page.items,
            next_page_token: page.next_page_token,
        }))
    }

    async fn retry_outbox_message(
        &self,
        request: Request<RetryOutboxMessageRequest>,
    ) -> RpcResult<RetryOutboxMessageResponse> {
        let message_id = request.into_inner().message_id;
        let message = self.0.outbox().retry::<CartError>(message_id).await?;
        let message = Some(message.ok_or(CartError::MessageNotFound(message_id))?);
        Ok(Response::new(RetryOutboxMessageResponse { message }))
    }

    async fn export_account_data(
        &self,
        request: Request<ExportAccountDataRequest>,
    ) -> RpcResult<ExportAccountDataResponse> {
        let account_id = account_id(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let exported = self.0.account_data(account_id, size, &request.page_token);
        let (items, page) = exported.await?;
        Ok(Response::new(ExportAccountDataResponse {
            cart_items: items.as_slice().iter().copied().map(Into::into).collect(),
            orders: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn delete_account_data(
        &self,
        request: Request<DeleteAccountDataRequest>,
    ) -> RpcResult<DeleteAccountDataResponse> {
        let account_id = account_id(&request)?;
        self.0.delete_account_data(account_id).await?;
        Ok(Response::new(DeleteAccountDataResponse {}))
    }

    async fn list_purchases(
        &self,
        request: Request<ListPurchasesRequest>,
    ) -> RpcResult<ListPurchasesResponse> {
        let request = request.into_inner();
        let account_id = convert::optional_account_id("account_id", &request.account_id)?;
        let size = page_size(request.page_size)?;
        let page = self.0.purchases(account_id, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ListPurchasesResponse {
            purchases: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }
}

fn account_id<T>(request: &Request<T>) -> Result<AccountId, Status> {
    Ok(AccountId(Caller::require_account(request)?.0))
}

//! `bookstore.cart.v1.CheckoutService`: converts messages and calls [`Checkout`].

use std::pin::Pin;

use contract::bookstore::cart::v1::{
    CancelOrderRequest, CancelOrderResponse, CheckPurchasesRequest, CheckPurchasesResponse,
    GetOperatorOrderRequest, GetOperatorOrderResponse, GetOrderRequest, GetOrderResponse,
    ListAllOrdersRequest, ListAllOrdersResponse, ListOrdersRequest, ListOrdersResponse,
    ListPurchasesRequest, ListPurchasesResponse, PlaceOrderRequest, PlaceOrderResponse,
    ResolveParkedOrderRequest, ResolveParkedOrderResponse, ShipOrderRequest, ShipOrderResponse,
    WatchOrderRequest, WatchOrderResponse,
    checkout_service_server::{CheckoutService, CheckoutServiceServer},
};
use futures::{Stream, StreamExt as _};
use rpc::Caller;
use service::{AccountId, BookId, ConversionError, convert, page_size};
use tonic::{Request, Response, Status};

use super::RpcResult;
use crate::{
    CartError, Checkout, OrderFilter, OrderId, OrderState, PlaceOrder, Resolution, ResolveOrder,
};

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

fn order_id(text: &str) -> Result<OrderId, ConversionError> {
    convert::uuid("order_id", text).map(OrderId)
}

fn place_order(
    account_id: AccountId,
    request: PlaceOrderRequest,
) -> Result<PlaceOrder, ConversionError> {
    let address = convert::required("shipping_address", request.shipping_address)?;
    let method = convert::required("payment_method", request.payment_method)?;
    Ok(PlaceOrder {
        request_id: convert::uuid("request_id", &request.request_id)?,
        account_id,
        cart_etag: request.cart_etag,
        address: address.into(),
        payment_token: method.token,
    })
}

fn resolve_order(request: ResolveParkedOrderRequest) -> Result<ResolveOrder, CartError> {
    let transaction_id = match request.transaction_id.as_str() {
        "" => None,
        id => Some(convert::uuid("transaction_id", id)?),
    };
    // The codec has refused unknown actions, so only the charge can be missing.
    let resolution = Resolution::from_parts(request.action.into(), transaction_id)
        .ok_or(CartError::ChargeNotOfOrder(transaction_id))?;
    Ok(ResolveOrder {
        request_id: convert::uuid("request_id", &request.request_id)?,
        order_id: order_id(&request.order_id)?,
        resolution,
        operator_name: request.operator_name,
        note: request.note,
    })
}

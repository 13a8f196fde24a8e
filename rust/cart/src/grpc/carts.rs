//! `bookstore.cart.v1.CartService`: converts messages and calls [`Carts`].

use contract::bookstore::cart::v1::{
    ClearCartRequest, ClearCartResponse, GetCartRequest, GetCartResponse, MergeCartRequest,
    MergeCartResponse, PutItemRequest, PutItemResponse, RemoveItemRequest, RemoveItemResponse,
    cart_service_server::{CartService, CartServiceServer},
};
use rpc::Caller;
use service::{AccountId, BookId, convert};
use tonic::{Request, Response, Status};

use super::RpcResult;
use crate::{CartItem, CartOwner, Carts};

/// The handler of `bookstore.cart.v1.CartService`.
#[derive(Debug, Clone)]
pub struct CartGrpc(Carts);

impl Carts {
    /// The gRPC service `bookstore.cart.v1.CartService`, to be added to a router.
    pub fn server(&self) -> CartServiceServer<CartGrpc> {
        CartServiceServer::new(CartGrpc(self.clone()))
    }
}

#[tonic::async_trait]
impl CartService for CartGrpc {
    async fn get_cart(&self, request: Request<GetCartRequest>) -> RpcResult<GetCartResponse> {
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let cart = Some(self.0.cart(owner).await?.into());
        Ok(Response::new(GetCartResponse { cart }))
    }

    async fn put_item(&self, request: Request<PutItemRequest>) -> RpcResult<PutItemResponse> {
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let request = request.into_inner();
        let item = CartItem {
            book_id: BookId(request.book_id),
            quantity: request.quantity,
        };
        let cart = Some(self.0.put(owner, item).await?.into());
        Ok(Response::new(PutItemResponse { cart }))
    }

    async fn remove_item(
        &self,
        request: Request<RemoveItemRequest>,
    ) -> RpcResult<RemoveItemResponse> {
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let book_id = BookId(request.into_inner().book_id);
        let cart = Some(self.0.remove(owner, book_id).await?.into());
        Ok(Response::new(RemoveItemResponse { cart }))
    }

    async fn clear_cart(&self, request: Request<ClearCartRequest>) -> RpcResult<ClearCartResponse> {
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let cart = Some(self.0.clear(owner).await?.into());
        Ok(Response::new(ClearCartResponse { cart }))
    }

    async fn merge_cart(&self, request: Request<MergeCartRequest>) -> RpcResult<MergeCartResponse> {
        let account_id = AccountId(Caller::require_account(&request)?.0);
        let guest_cart_id = convert::uuid("guest_cart_id", &request.into_inner().guest_cart_id)?;
        let cart = Some(self.0.merge(account_id, guest_cart_id).await?.into());
        Ok(Response::new(MergeCartResponse { cart }))
    }
}

/// The guest cart that a request names, or the cart of the account that makes it.
fn owner<T>(request: &Request<T>, cart_id: &str) -> Result<CartOwner, Status> {
    if let Some(cart_id) = convert::optional_uuid("cart_id", cart_id)? {
        return Ok(CartOwner::Guest(cart_id));
    }
    let account_id = Caller::require_account(request)?;
    Ok(CartOwner::Account(AccountId(account_id.0)))
}

//! Access under a condition on the request: a guest cart is open to everybody, the cart of
//! an account is not.

use contract::bookstore::cart::v1::{
    cart_service_client::CartServiceClient,
    cart_service_server::{CartService, CartServiceServer},
    *,
};
use rpc::{Caller, Channel, Router};
use tonic::{Code, Request, Response, Status};

use crate::harness::{Transport, error_info, on_both_transports, options};

on_both_transports!(
    only_the_request_for_a_guest_cart_is_open,
    condition_is_evaluated_before_validation,
);

/// Returns the caller as the etag of the cart.
pub struct FakeCart;

fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not used by the tests"))
}

#[tonic::async_trait]
impl CartService for FakeCart {
    async fn get_cart(
        &self,
        request: Request<GetCartRequest>,
    ) -> Result<Response<GetCartResponse>, Status> {
        let cart = Cart {
            etag: format!("{:?}", Caller::of(&request)),
            cart_id: request.into_inner().cart_id,
            ..Cart::default()
        };
        Ok(Response::new(GetCartResponse { cart: Some(cart) }))
    }

    async fn put_item(
        &self,
        _: Request<PutItemRequest>,
    ) -> Result<Response<PutItemResponse>, Status> {
        unused()
    }

    async fn remove_item(
        &self,
        _: Request<RemoveItemRequest>,
    ) -> Result<Response<RemoveItemResponse>, Status> {
        unused()
    }

    async fn clear_cart(
        &self,
        _: Request<ClearCartRequest>,
    ) -> Result<Response<ClearCartResponse>, Status> {
        unused()
    }

    async fn merge_cart(
        &self,
        _: Request<MergeCartRequest>,
    ) -> Result<Response<MergeCartResponse>, Status> {
        unused()
    }
}

async fn start(transport: Transport) -> CartServiceClient<Channel> {
    let router = Router::new(options()).add(CartServiceServer::new(FakeCart));
    CartServiceClient::new(match transport {
        Transport::InProcess => router.in_process(),
        Transport::Tcp => {
            let listener = rpc::bind(([127, 0, 0, 1], 0).into()).await;
            let listener = listener.expect("a free port");
            let address = listener.local_addr().expect("a bound socket");
            tokio::spawn(router.serve(listener, std::future::pending()));
            Channel::connect(&format!("http://{address}")).expect("an address")
        }
    })
}

async fn get_cart(
    client: &mut CartServiceClient<Channel>,
    cart_id: &str,
) -> Result<String, (Code, Status)> {
    let cart_id = cart_id.to_owned();
    match client.get_cart(GetCartRequest { cart_id }).await {
        Ok(response) => Ok(response.into_inner().cart.expect("required").etag),
        Err(status) => Err((status.code(), status)),
    }
}

async fn only_the_request_for_a_guest_cart_is_open(transport: Transport) {
    let mut client = start(transport).await;
    let guest = get_cart(&mut client, "01930000-0000-7000-8000-000000000001").await;
    assert_eq!(guest.expect("open"), "Anonymous");
    let (code, status) = get_cart(&mut client, "").await.expect_err("an account's");
    assert_eq!(code, Code::Unauthenticated);
    assert_eq!(error_info(&status).reason, "CREDENTIAL_MISSING");
}

async fn condition_is_evaluated_before_validation(transport: Transport) {
    let mut client = start(transport).await;
    // In several frames, and within what is received before the decision.
    let (code, _) = get_cart(&mut client, &"x".repeat(40_000))
        .await
        .expect_err("no id");
    assert_eq!(code, Code::InvalidArgument);
    // The condition of a longer message is not evaluated: the call needs a credential.
    let (code, _) = get_cart(&mut client, &"x".repeat(100_000))
        .await
        .expect_err("too long");
    assert_eq!(code, Code::Unauthenticated);
}

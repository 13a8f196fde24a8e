//! The fake of `bookstore.cart.v1.CheckoutService`.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use contract::bookstore::cart::v1::{checkout_service_server::CheckoutService, *};
use tonic::{Request, Response, Status, codegen::BoxStream};

use crate::{Fault, FaultSwitch, lock};

/// A fake Checkout, which knows who has bought which books. Clones share the same purchases
/// and faults.
#[derive(Clone, Debug, Default)]
pub struct FakeCheckout {
    purchases: Arc<Mutex<HashSet<(String, i32)>>>,
    /// Its faults.
    pub faults: FaultSwitch,
}

impl FakeCheckout {
    /// Records that an account has bought a book.
    pub fn buy(&self, account_id: &str, book_id: i32) {
        lock(&self.purchases).insert((account_id.to_owned(), book_id));
    }

    /// While `down` is set, all calls fail with UNAVAILABLE.
    pub fn set_down(&self, down: bool) {
        let fault = if down { Fault::Down } else { Fault::None };
        self.faults.set("*", fault);
    }
}

fn not_faked<A>() -> Result<Response<A>, Status> {
    Err(Status::unimplemented("not part of the fake"))
}

#[tonic::async_trait]
impl CheckoutService for FakeCheckout {
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
        let bought = book_ids
            .into_iter()
            .filter(|book_id| purchases.contains(&(account_id.clone(), *book_id)));
        Ok(Response::new(CheckPurchasesResponse {
            bought_book_ids: bought.collect(),
        }))
    }

    async fn place_order(
        &self,
        _: Request<PlaceOrderRequest>,
    ) -> Result<Response<PlaceOrderResponse>, Status> {
        not_faked()
    }

    async fn get_order(
        &self,
        _: Request<GetOrderRequest>,
    ) -> Result<Response<GetOrderResponse>, Status> {
        not_faked()
    }

    async fn list_orders(
        &self,
        _: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        not_faked()
    }

    async fn list_all_orders(
        &self,
        _: Request<ListAllOrdersRequest>,
    ) -> Result<Response<ListAllOrdersResponse>, Status> {
        not_faked()
    }

    type WatchOrderStream = BoxStream<WatchOrderResponse>;

    async fn watch_order(
        &self,
        _: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        not_faked()
    }

    async fn cancel_order(
        &self,
        _: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        not_faked()
    }

    async fn ship_order(
        &self,
        _: Request<ShipOrderRequest>,
    ) -> Result<Response<ShipOrderResponse>, Status> {
        not_faked()
    }
}

//! `rules.v1.AccessService`. The caller was authenticated before.

use tonic::{Request, Response, Status};

use crate::rules::v1::{
    CloseBasketRequest, CloseBasketResponse, GetBasketRequest, GetBasketResponse,
    access_service_server::AccessService,
};

/// The service. Baskets are always empty.
pub(super) struct Baskets;

#[tonic::async_trait]
impl AccessService for Baskets {
    async fn get_basket(
        &self,
        request: Request<GetBasketRequest>,
    ) -> Result<Response<GetBasketResponse>, Status> {
        let guest_id = request.into_inner().guest_id;
        Ok(Response::new(GetBasketResponse { guest_id }))
    }

    async fn close_basket(
        &self,
        _: Request<CloseBasketRequest>,
    ) -> Result<Response<CloseBasketResponse>, Status> {
        Ok(Response::new(CloseBasketResponse {}))
    }
}

//! `bookstore.recommendations.v1` over the domain. The codec has held the request
//! to the rules of the contract before it comes here.

use contract::bookstore::recommendations::v1::{
    BookRecommendation, RecommendRequest, RecommendResponse,
    recommendation_service_server::{RecommendationService, RecommendationServiceServer},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{NothingOwned, Owned, Recommendations, Volume};

/// The handler of `bookstore.recommendations.v1.RecommendationService`.
#[derive(Debug)]
pub struct V1<O = NothingOwned>(Recommendations<O>);

impl<O: Owned> V1<O> {
    /// The handler by itself, for whoever serves it in another way.
    pub fn new(recommendations: Recommendations<O>) -> Self {
        Self(recommendations)
    }
}

/// Serves `bookstore.recommendations.v1`.
pub fn v1<O: Owned>(recommendations: Recommendations<O>) -> RecommendationServiceServer<V1<O>> {
    RecommendationServiceServer::new(V1::new(recommendations))
}

#[tonic::async_trait]
impl<O: Owned> RecommendationService for V1<O> {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        let request = request.into_inner();
        // The rule `uuid` leaves only what parses, or nothing: a visitor.
        let reader = Uuid::parse_str(&request.user_id).ok();
        let at_most = usize::try_from(request.max_results).unwrap_or(0);
        let drawn = self.0.recommend(reader, request.category(), at_most);
        let recommendations = drawn.await?.iter().map(message).collect();
        Ok(Response::new(RecommendResponse { recommendations }))
    }
}

fn message(volume: &Volume) -> BookRecommendation {
    BookRecommendation {
        book_id: volume.book_id.0,
        title: volume.title.as_ref().to_owned(),
    }
}

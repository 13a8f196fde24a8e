//! The gRPC service `bookstore.recommendations.v1`: converts messages and calls
//! [`Recommendations`]. The codec has validated every request before it arrives here.

use contract::bookstore::recommendations::v1::{
    BookRecommendation, RecommendRequest, RecommendResponse,
    recommendation_service_server::{RecommendationService, RecommendationServiceServer},
};
use service::{ConversionError, convert};
use tonic::{Request, Response, Status};

use crate::{BookSummary, NoPurchases, PurchaseHistory, Recommendations};

/// The handler of `bookstore.recommendations.v1.RecommendationService`.
#[derive(Debug)]
pub struct Grpc<H = NoPurchases>(Recommendations<H>);

impl<H: PurchaseHistory> Grpc<H> {
    /// Creates the handler alone, for example to wrap it in another server type.
    pub fn new(recommendations: Recommendations<H>) -> Self {
        Self(recommendations)
    }
}

impl<H: PurchaseHistory> Recommendations<H> {
    /// The gRPC service `bookstore.recommendations.v1`, to be added to a router.
    pub fn server(&self) -> RecommendationServiceServer<Grpc<H>> {
        RecommendationServiceServer::new(Grpc::new(self.clone()))
    }
}

#[tonic::async_trait]
impl<H: PurchaseHistory> RecommendationService for Grpc<H> {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        let request = request.into_inner();
        let account_id = convert::optional_account_id("user_id", &request.user_id)?;
        let limit = usize::try_from(request.max_results)
            .map_err(|_| ConversionError::new("max_results", request.max_results))?;
        let category = convert::book_category("category", request.category)?;
        let books = self.0.recommend(account_id, category, limit);
        let recommendations = books.await?.iter().map(to_proto).collect();
        Ok(Response::new(RecommendResponse { recommendations }))
    }
}

fn to_proto(book: &BookSummary) -> BookRecommendation {
    BookRecommendation {
        book_id: book.book_id.0,
        title: book.title.as_ref().to_owned(),
    }
}

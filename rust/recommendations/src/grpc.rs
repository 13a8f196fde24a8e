//! The gRPC service `bookstore.recommendations.v1`: converts messages and calls
//! [`Recommendations`]. The codec has validated every request before it arrives here.

use contract::bookstore::recommendations::v1::{
    BookRecommendation, ListAlsoBoughtRequest, ListAlsoBoughtResponse, RecommendRequest,
    RecommendResponse,
    recommendation_service_server::{RecommendationService, RecommendationServiceServer},
};
use service::{BookId, ConversionError, convert};
use tonic::{Request, Response, Status};

use crate::{BookSummary, Recommendations};

/// The handler of `bookstore.recommendations.v1.RecommendationService`.
#[derive(Debug)]
pub struct Grpc(Recommendations);

impl Grpc {
    /// Creates the handler alone, for example to wrap it in another server type.
    pub fn new(recommendations: Recommendations) -> Self {
        Self(recommendations)
    }
}

impl Recommendations {
    /// The gRPC service `bookstore.recommendations.v1`, to be added to a router.
    pub fn server(&self) -> RecommendationServiceServer<Grpc> {
        RecommendationServiceServer::new(Grpc::new(self.clone()))
    }
}

#[tonic::async_trait]
impl RecommendationService for Grpc {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        let request = request.into_inner();
        let account_id = convert::optional_account_id("user_id", &request.user_id)?;
        let limit = limit(request.max_results)?;
        let category = convert::book_category("category", request.category)?;
        let books = self.0.recommend(account_id, category, limit);
        let recommendations = books.await?.into_iter().map(to_proto).collect();
        Ok(Response::new(RecommendResponse { recommendations }))
    }

    async fn list_also_bought(
        &self,
        request: Request<ListAlsoBoughtRequest>,
    ) -> Result<Response<ListAlsoBoughtResponse>, Status> {
        let request = request.into_inner();
        let limit = limit(request.max_results)?;
        let books = self.0.also_bought(BookId(request.book_id), limit);
        let recommendations = books.await?.into_iter().map(to_proto).collect();
        Ok(Response::new(ListAlsoBoughtResponse { recommendations }))
    }
}

fn limit(max_results: i32) -> Result<usize, ConversionError> {
    usize::try_from(max_results).map_err(|_| ConversionError::new("max_results", max_results))
}

fn to_proto(book: BookSummary) -> BookRecommendation {
    BookRecommendation {
        book_id: book.book_id.0,
        title: book.title,
    }
}

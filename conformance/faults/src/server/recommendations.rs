//! Recommends books of the shared catalogue. The selection is not random, which the
//! contract allows.

use std::sync::Arc;

use contract::bookstore::recommendations::v1::{
    BookRecommendation, RecommendRequest, RecommendResponse,
    recommendation_service_server::RecommendationService,
};
use tonic::{Request, Response, Status};

use super::catalogue::Catalogue;

/// `bookstore.recommendations.v1.RecommendationService`, over the shared catalogue.
pub(super) struct Recommendations(pub Arc<Catalogue>);

#[tonic::async_trait]
impl RecommendationService for Recommendations {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        let request = request.into_inner();
        let state = self.0.state();
        let books = state.books.values();
        let books = books.filter(|book| book.category == request.category);
        let wanted = usize::try_from(request.max_results).unwrap_or_default();
        let recommendations = books.take(wanted).map(|book| BookRecommendation {
            book_id: book.book_id,
            title: book.title.clone(),
        });
        Ok(Response::new(RecommendResponse {
            recommendations: recommendations.collect(),
        }))
    }
}

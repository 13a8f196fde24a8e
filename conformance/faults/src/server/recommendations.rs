//! Recommends books of the shared catalogue. The selections depend only on the request, which
//! the contract allows.

use std::sync::Arc;

use contract::bookstore::{
    inventory::v1::Book,
    recommendations::v1::{
        BookRecommendation, ListAlsoBoughtRequest, ListAlsoBoughtResponse, RecommendRequest,
        RecommendResponse, recommendation_service_server::RecommendationService,
    },
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
        let recommendations = books.take(wanted).map(to_recommendation);
        Ok(Response::new(RecommendResponse {
            recommendations: recommendations.collect(),
        }))
    }

    /// The books after the given one.
    async fn list_also_bought(
        &self,
        request: Request<ListAlsoBoughtRequest>,
    ) -> Result<Response<ListAlsoBoughtResponse>, Status> {
        let request = request.into_inner();
        let state = self.0.state();
        let books = state.books.values();
        let books = books.filter(|book| book.book_id > request.book_id);
        let wanted = usize::try_from(request.max_results).unwrap_or_default();
        let recommendations = books.take(wanted).map(to_recommendation);
        Ok(Response::new(ListAlsoBoughtResponse {
            recommendations: recommendations.collect(),
        }))
    }
}

fn to_recommendation(book: &Book) -> BookRecommendation {
    BookRecommendation {
        book_id: book.book_id,
        title: book.title.clone(),
    }
}

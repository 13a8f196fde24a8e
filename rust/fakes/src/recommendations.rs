//! The fake of `bookstore.recommendations.v1`.

use contract::bookstore::{
    inventory::v1::Book,
    recommendations::v1::{recommendation_service_server::RecommendationService, *},
};
use tonic::{Request, Response, Status};

use crate::FaultSwitch;

/// A fake Recommendations service, which recommends the first books of a category.
#[derive(Clone, Debug)]
pub struct FakeRecommendations {
    books: Vec<Book>,
    /// Its faults.
    pub faults: FaultSwitch,
}

impl FakeRecommendations {
    /// Recommends from these books.
    pub fn of(books: &[Book]) -> Self {
        Self {
            books: books.to_vec(),
            faults: FaultSwitch::default(),
        }
    }
}

#[tonic::async_trait]
impl RecommendationService for FakeRecommendations {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        self.faults.apply("recommend").await?;
        let request = request.into_inner();
        let books = self
            .books
            .iter()
            .filter(|book| book.category == request.category);
        let books = books.take(usize::try_from(request.max_results).unwrap_or_default());
        let recommendations = books.map(|book| BookRecommendation {
            book_id: book.book_id,
            title: book.title.clone(),
        });
        Ok(Response::new(RecommendResponse {
            recommendations: recommendations.collect(),
        }))
    }
}

//! The fake of `bookstore.recommendations.v1`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use contract::bookstore::{
    inventory::v1::Book,
    recommendations::v1::{recommendation_service_server::RecommendationService, *},
};
use tonic::{Request, Response, Status};

use crate::{FaultSwitch, lock};

/// A fake Recommendations service, which recommends the first books of a category to anonymous
/// visitors, and the last ones to readers. Clones share everything.
#[derive(Clone, Debug)]
pub struct FakeRecommendations {
    books: Vec<Book>,
    also_bought: Arc<Mutex<HashMap<i32, Vec<i32>>>>,
    /// Its faults. Those of `recommend_to_reader` are of calls of Recommend with a reader.
    pub faults: FaultSwitch,
}

impl FakeRecommendations {
    /// Recommends from these books.
    pub fn of(books: &[Book]) -> Self {
        Self {
            books: books.to_vec(),
            also_bought: Arc::default(),
            faults: FaultSwitch::default(),
        }
    }

    /// Sets what the readers of a book have also bought.
    pub fn set_also_bought(&self, book_id: i32, others: &[i32]) {
        lock(&self.also_bought).insert(book_id, others.to_vec());
    }
}

#[tonic::async_trait]
impl RecommendationService for FakeRecommendations {
    async fn recommend(
        &self,
        request: Request<RecommendRequest>,
    ) -> Result<Response<RecommendResponse>, Status> {
        let request = request.into_inner();
        let to_reader = !request.user_id.is_empty();
        let method = if to_reader {
            "recommend_to_reader"
        } else {
            "recommend"
        };
        self.faults.apply(method).await?;
        let mut books: Vec<_> = self
            .books
            .iter()
            .filter(|book| book.category == request.category)
            .collect();
        if to_reader {
            books.reverse();
        }
        let limit = usize::try_from(request.max_results).unwrap_or_default();
        let recommendations = books.into_iter().take(limit).map(to_recommendation);
        Ok(Response::new(RecommendResponse {
            recommendations: recommendations.collect(),
        }))
    }

    async fn list_also_bought(
        &self,
        request: Request<ListAlsoBoughtRequest>,
    ) -> Result<Response<ListAlsoBoughtResponse>, Status> {
        self.faults.apply("list_also_bought").await?;
        let request = request.into_inner();
        let others = lock(&self.also_bought).get(&request.book_id).cloned();
        let books = others.unwrap_or_default().into_iter().filter_map(|id| {
            let mut books = self.books.iter();
            books.find(|book| book.book_id == id)
        });
        let limit = usize::try_from(request.max_results).unwrap_or_default();
        let recommendations = books.take(limit).map(to_recommendation);
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

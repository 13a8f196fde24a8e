//! The service `/Recommendations/Recommend` of the first tutorial, compatible with its
//! clients.
//!
//! The tutorial's contract has no validation rules, so requests are validated here. Its
//! user ids are numbers, which no account has, so every caller is anonymous.

use contract::{
    BookCategory as LegacyCategory, BookRecommendation, RecommendationRequest,
    RecommendationResponse,
    errors::legacy as errors,
    recommendations_server::{Recommendations as LegacyService, RecommendationsServer},
};
use service::BookCategory;
use tonic::{Request, Response, Status};

use crate::{BookSummary, Recommendations};

/// The handler of the first tutorial's `Recommendations`.
#[derive(Debug)]
pub struct Legacy(Recommendations);

impl Recommendations {
    /// The gRPC service of the first tutorial, to be added to a router.
    pub fn legacy_server(&self) -> RecommendationsServer<Legacy> {
        RecommendationsServer::new(Legacy(self.clone()))
    }
}

#[tonic::async_trait]
impl LegacyService for Legacy {
    async fn recommend(
        &self,
        request: Request<RecommendationRequest>,
    ) -> Result<Response<RecommendationResponse>, Status> {
        let request = request.into_inner();
        let category = category(request.category)?;
        let limit = parse_limit(request.max_results)?;
        let books = self.0.recommend(None, category, limit).await?;
        let recommendations = books.into_iter().map(to_proto).collect();
        Ok(Response::new(RecommendationResponse { recommendations }))
    }
}

/// The error has exactly the message of the original, because clients may compare it.
fn category(number: i32) -> Result<BookCategory, Status> {
    match LegacyCategory::try_from(number) {
        Ok(LegacyCategory::Mystery) => Ok(BookCategory::Mystery),
        Ok(LegacyCategory::ScienceFiction) => Ok(BookCategory::ScienceFiction),
        Ok(LegacyCategory::SelfHelp) => Ok(BookCategory::SelfHelp),
        Err(_) => Err(
            rpc::failure(errors::CATEGORY_NOT_FOUND, "Category not found")
                .with("category", number)
                .into_status(),
        ),
    }
}

/// Zero is valid and gets no books. There is no upper bound, as in the original.
fn parse_limit(max_results: i32) -> Result<usize, Status> {
    usize::try_from(max_results).map_err(|_| {
        rpc::failure(
            errors::MAX_RESULTS_NEGATIVE,
            format!("max_results is {max_results}, but must not be negative"),
        )
        .with("max_results", max_results)
        .into_status()
    })
}

fn to_proto(book: BookSummary) -> BookRecommendation {
    BookRecommendation {
        id: book.book_id.0,
        title: book.title,
    }
}

//! The first tutorial's `/Recommendations/Recommend`, as its clients know it.
//!
//! Its contract has no rules, so what is refused is refused here. Its user ids
//! are numbers that no account has: every caller is a visitor.

use contract::{
    BookCategory as LegacyCategory, BookRecommendation, RecommendationRequest,
    RecommendationResponse,
    bookstore::inventory::v1::BookCategory,
    recommendations_server::{Recommendations as LegacyService, RecommendationsServer},
};
use tonic::{Code, Request, Response, Status};

use crate::{NothingOwned, Owned, Recommendations, Volume};

/// The handler of the first tutorial's `Recommendations`.
#[derive(Debug)]
pub struct Legacy<O = NothingOwned>(Recommendations<O>);

/// Serves the first tutorial's contract.
pub fn legacy<O: Owned>(recommendations: Recommendations<O>) -> RecommendationsServer<Legacy<O>> {
    RecommendationsServer::new(Legacy(recommendations))
}

#[tonic::async_trait]
impl<O: Owned> LegacyService for Legacy<O> {
    async fn recommend(
        &self,
        request: Request<RecommendationRequest>,
    ) -> Result<Response<RecommendationResponse>, Status> {
        let request = request.into_inner();
        let category = category(request.category)?;
        let at_most = at_most(request.max_results)?;
        let drawn = self.0.recommend(None, category, at_most).await?;
        let recommendations = drawn.iter().map(message).collect();
        Ok(Response::new(RecommendationResponse { recommendations }))
    }
}

/// The original's message, word for word: its clients may look for it.
fn category(number: i32) -> Result<BookCategory, Status> {
    match LegacyCategory::try_from(number) {
        Ok(LegacyCategory::Mystery) => Ok(BookCategory::Mystery),
        Ok(LegacyCategory::ScienceFiction) => Ok(BookCategory::ScienceFiction),
        Ok(LegacyCategory::SelfHelp) => Ok(BookCategory::SelfHelp),
        Err(_) => Err(
            rpc::failure(Code::NotFound, "CATEGORY_NOT_FOUND", "Category not found")
                .with("category", number)
                .into_status(),
        ),
    }
}

/// Zero asks for no books and gets them; there is no upper bound but the shelf.
fn at_most(max_results: i32) -> Result<usize, Status> {
    usize::try_from(max_results).map_err(|_| {
        rpc::failure(
            Code::InvalidArgument,
            "MAX_RESULTS_NEGATIVE",
            format!("max_results is {max_results}, but must not be negative"),
        )
        .with("max_results", max_results)
        .into_status()
    })
}

fn message(volume: &Volume) -> BookRecommendation {
    BookRecommendation {
        id: volume.book_id.0,
        title: volume.title.as_ref().to_owned(),
    }
}

//! The fake of `bookstore.reviews.v1`.

use std::sync::{Arc, Mutex};

use contract::{
    bookstore::reviews::v1::{review_service_server::ReviewService, *},
    errors::reviews as errors,
};
use rpc::{Caller, failure};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{FaultSwitch, lock, paging::page};

/// A fake Reviews service that accepts reviews of any book. Clones share the same reviews and
/// faults.
#[derive(Clone, Debug, Default)]
pub struct FakeReviews {
    /// The account and its review, oldest first.
    reviews: Arc<Mutex<Vec<(String, Review)>>>,
    /// Its faults.
    pub faults: FaultSwitch,
}

impl FakeReviews {
    /// Adds a review of another account.
    pub fn add(&self, book_id: i32, stars: i32, title: &str) {
        let request = PutReviewRequest {
            book_id,
            stars,
            title: title.to_owned(),
            ..PutReviewRequest::default()
        };
        self.put(Uuid::new_v4().to_string(), request);
    }

    /// Adds the rating of a book by an account.
    pub fn rate(&self, account_id: &str, book_id: i32, stars: i32) {
        let request = PutReviewRequest {
            book_id,
            stars,
            ..PutReviewRequest::default()
        };
        self.add_of(account_id, request);
    }

    /// Adds a review of an account.
    pub fn add_of(&self, account_id: &str, request: PutReviewRequest) {
        self.put(account_id.to_owned(), request);
    }

    /// All reviews, the least recently written first.
    pub fn all(&self) -> Vec<Review> {
        let reviews = lock(&self.reviews);
        reviews.iter().map(|(_, review)| review.clone()).collect()
    }

    /// Changes all reviews.
    pub fn change(&self, change: impl Fn(&mut Review)) {
        let mut reviews = lock(&self.reviews);
        reviews.iter_mut().for_each(|(_, review)| change(review));
    }

    fn put(&self, account_id: String, request: PutReviewRequest) -> Review {
        let mut reviews = lock(&self.reviews);
        let is_same = |(of, review): &(String, Review)| {
            *of == account_id && review.book_id == request.book_id
        };
        let position = reviews.iter().position(is_same);
        let earlier = position.map(|position| reviews.remove(position).1);
        let review = Review {
            review_id: Uuid::new_v4().to_string(),
            create_time: Some(prost_types::Timestamp::default()),
            update_time: Some(prost_types::Timestamp::default()),
            ..earlier.unwrap_or_default()
        };
        let review = Review {
            book_id: request.book_id,
            stars: request.stars,
            title: request.title,
            body: request.body,
            author_name: request.author_name,
            ..review
        };
        reviews.push((account_id, review.clone()));
        review
    }

    /// Hides a review for a reason, or shows it if that is empty.
    fn set_hidden(&self, review_id: &str, reason: &str) -> Result<Review, Status> {
        let mut reviews = lock(&self.reviews);
        let mut reviews = reviews.iter_mut().map(|(_, review)| review);
        let found = reviews.find(|review| review.review_id == review_id);
        let missing = || failure(errors::REVIEW_NOT_FOUND, "no review").into_status();
        let review = found.ok_or_else(missing)?;
        reason.clone_into(&mut review.hidden_reason);
        Ok(review.clone())
    }

    /// The visible reviews of a book, newest first.
    fn visible(&self, book_id: i32) -> Vec<Review> {
        let mut reviews = self.all();
        reviews.retain(|review| review.book_id == book_id && review.hidden_reason.is_empty());
        reviews.reverse();
        reviews
    }

    fn rating(&self, book_id: i32) -> Rating {
        let stars: Vec<_> = self.visible(book_id).iter().map(|it| it.stars).collect();
        let count = |wanted| stars.iter().filter(|stars| **stars == wanted).count();
        let number = |count| i64::try_from(count).unwrap_or_default();
        let total = i32::try_from(stars.len()).unwrap_or_default();
        Rating {
            book_id,
            review_count: number(stars.len()),
            average_hundredths: (stars.iter().sum::<i32>() * 100).checked_div(total),
            star_counts: (1..=5).map(|stars| number(count(stars))).collect(),
        }
    }
}

fn not_faked<A>() -> Result<Response<A>, Status> {
    Err(Status::unimplemented("not part of the fake"))
}

#[tonic::async_trait]
impl ReviewService for FakeReviews {
    async fn put_review(
        &self,
        request: Request<PutReviewRequest>,
    ) -> Result<Response<PutReviewResponse>, Status> {
        let account_id = Caller::require_account(&request)?.to_string();
        let put = || Ok(self.put(account_id, request.into_inner()));
        let review = Some(self.faults.serve("put_review", put).await?);
        Ok(Response::new(PutReviewResponse { review }))
    }

    async fn get_review(
        &self,
        request: Request<GetReviewRequest>,
    ) -> Result<Response<GetReviewResponse>, Status> {
        self.faults.apply("get_review").await?;
        let account_id = Caller::require_account(&request)?.to_string();
        let book_id = request.get_ref().book_id;
        let reviews = lock(&self.reviews);
        let mut reviews = reviews.iter();
        let found = reviews.find(|(of, review)| *of == account_id && review.book_id == book_id);
        let missing = || failure(errors::REVIEW_NOT_FOUND, "no review").into_status();
        let (_, review) = found.ok_or_else(missing)?;
        let review = Some(review.clone());
        Ok(Response::new(GetReviewResponse { review }))
    }

    async fn list_reviews(
        &self,
        request: Request<ListReviewsRequest>,
    ) -> Result<Response<ListReviewsResponse>, Status> {
        self.faults.apply("list_reviews").await?;
        let request = request.into_inner();
        let mut reviews = self.visible(request.book_id);
        reviews.sort_by_key(|review| match request.order() {
            ReviewOrder::MostStarsFirst => -review.stars,
            ReviewOrder::FewestStarsFirst => review.stars,
            ReviewOrder::NewestFirst | ReviewOrder::Unspecified => 0,
        });
        let (reviews, next_page_token) = page(
            reviews,
            request.page_size,
            &request.page_token,
            errors::PAGE_TOKEN_INVALID,
        )?;
        Ok(Response::new(ListReviewsResponse {
            reviews,
            next_page_token,
        }))
    }

    async fn delete_account_data(
        &self,
        request: Request<DeleteAccountDataRequest>,
    ) -> Result<Response<DeleteAccountDataResponse>, Status> {
        let account_id = Caller::require_account(&request)?.to_string();
        let delete = || {
            let mut reviews = lock(&self.reviews);
            let written = reviews.iter_mut().filter(|(of, _)| *of == account_id);
            written.for_each(|(_, review)| review.author_name.clear());
            Ok(())
        };
        self.faults.serve("delete_account_data", delete).await?;
        Ok(Response::new(DeleteAccountDataResponse {}))
    }

    async fn export_account_data(
        &self,
        request: Request<ExportAccountDataRequest>,
    ) -> Result<Response<ExportAccountDataResponse>, Status> {
        self.faults.apply("export_account_data").await?;
        let account_id = Caller::require_account(&request)?.to_string();
        let request = request.into_inner();
        let mut reviews = lock(&self.reviews).clone();
        reviews.retain(|(of, _)| *of == account_id);
        let (reviews, next_page_token) = page(
            reviews.into_iter().rev().map(|(_, review)| review),
            request.page_size,
            &request.page_token,
            errors::PAGE_TOKEN_INVALID,
        )?;
        Ok(Response::new(ExportAccountDataResponse {
            reviews,
            next_page_token,
        }))
    }

    async fn delete_review(
        &self,
        request: Request<DeleteReviewRequest>,
    ) -> Result<Response<DeleteReviewResponse>, Status> {
        self.faults.apply("delete_review").await?;
        let account_id = Caller::require_account(&request)?.to_string();
        let book_id = request.get_ref().book_id;
        lock(&self.reviews).retain(|(of, review)| *of != account_id || review.book_id != book_id);
        Ok(Response::new(DeleteReviewResponse {}))
    }

    async fn get_rating(
        &self,
        request: Request<GetRatingRequest>,
    ) -> Result<Response<GetRatingResponse>, Status> {
        self.faults.apply("get_rating").await?;
        let rating = Some(self.rating(request.get_ref().book_id));
        Ok(Response::new(GetRatingResponse { rating }))
    }

    async fn batch_get_ratings(
        &self,
        _: Request<BatchGetRatingsRequest>,
    ) -> Result<Response<BatchGetRatingsResponse>, Status> {
        not_faked()
    }

    async fn hide_review(
        &self,
        request: Request<HideReviewRequest>,
    ) -> Result<Response<HideReviewResponse>, Status> {
        self.faults.apply("hide_review").await?;
        let request = request.into_inner();
        let review = Some(self.set_hidden(&request.review_id, &request.reason)?);
        Ok(Response::new(HideReviewResponse { review }))
    }

    async fn show_review(
        &self,
        request: Request<ShowReviewRequest>,
    ) -> Result<Response<ShowReviewResponse>, Status> {
        self.faults.apply("show_review").await?;
        let review = Some(self.set_hidden(&request.get_ref().review_id, "")?);
        Ok(Response::new(ShowReviewResponse { review }))
    }

    async fn list_all_reviews(
        &self,
        request: Request<ListAllReviewsRequest>,
    ) -> Result<Response<ListAllReviewsResponse>, Status> {
        self.faults.apply("list_all_reviews").await?;
        let hidden_only = request.get_ref().hidden_only;
        let mut reviews = self.all();
        reviews.retain(|review| !hidden_only || !review.hidden_reason.is_empty());
        reviews.reverse();
        Ok(Response::new(ListAllReviewsResponse {
            reviews,
            next_page_token: String::new(),
        }))
    }

    async fn list_reader_ratings(
        &self,
        request: Request<ListReaderRatingsRequest>,
    ) -> Result<Response<ListReaderRatingsResponse>, Status> {
        self.faults.apply("list_reader_ratings").await?;
        let request = request.into_inner();
        let mut ratings = Vec::new();
        for (account_id, review) in lock(&self.reviews).iter().rev() {
            let is_listed = request.account_id.is_empty() || request.account_id == *account_id;
            if is_listed && review.hidden_reason.is_empty() {
                ratings.push(ReaderRating {
                    account_id: account_id.clone(),
                    book_id: review.book_id,
                    stars: review.stars,
                });
            }
        }
        let (ratings, next_page_token) = page(
            ratings,
            request.page_size,
            &request.page_token,
            errors::PAGE_TOKEN_INVALID,
        )?;
        Ok(Response::new(ListReaderRatingsResponse {
            ratings,
            next_page_token,
        }))
    }
}

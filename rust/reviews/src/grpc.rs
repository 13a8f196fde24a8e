//! The gRPC service `bookstore.reviews.v1.ReviewService`: converts messages and calls
//! [`Reviews`]. The codec has validated every request before it arrives here.

use contract::bookstore::reviews::v1::{
    self as contract_v1, BatchGetRatingsRequest, BatchGetRatingsResponse, DeleteAccountDataRequest,
    DeleteAccountDataResponse, DeleteReviewRequest, DeleteReviewResponse, ExportAccountDataRequest,
    ExportAccountDataResponse, GetRatingRequest, GetRatingResponse, GetReviewRequest,
    GetReviewResponse, HideReviewRequest, HideReviewResponse, ListAllReviewsRequest,
    ListAllReviewsResponse, ListReaderRatingsRequest, ListReaderRatingsResponse,
    ListReviewsRequest, ListReviewsResponse, PutReviewRequest, PutReviewResponse,
    ShowReviewRequest, ShowReviewResponse,
    review_service_server::{ReviewService, ReviewServiceServer},
};
use rpc::Caller;
use service::{AccountId, BookId, ConversionError, convert, page_size};
use tonic::{Request, Response, Status};

use crate::{Rating, ReaderRating, Review, ReviewContent, ReviewOrder, Reviews, Stars};

/// The handler of `bookstore.reviews.v1.ReviewService`.
#[derive(Debug, Clone)]
pub struct Grpc(Reviews);

impl Reviews {
    /// The gRPC service `bookstore.reviews.v1.ReviewService`, to be added to a router.
    pub fn server(&self) -> ReviewServiceServer<Grpc> {
        ReviewServiceServer::new(Grpc(self.clone()))
    }
}

type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ReviewService for Grpc {
    async fn put_review(&self, request: Request<PutReviewRequest>) -> RpcResult<PutReviewResponse> {
        let account_id = account(&request)?;
        let request = request.into_inner();
        let book_id = BookId(request.book_id);
        let content = content(request)?;
        let review = Some(self.0.put(account_id, book_id, content).await?.into());
        Ok(Response::new(PutReviewResponse { review }))
    }

    async fn get_review(&self, request: Request<GetReviewRequest>) -> RpcResult<GetReviewResponse> {
        let account_id = account(&request)?;
        let book_id = BookId(request.into_inner().book_id);
        let review = Some(self.0.review(account_id, book_id).await?.into());
        Ok(Response::new(GetReviewResponse { review }))
    }

    async fn list_reviews(
        &self,
        request: Request<ListReviewsRequest>,
    ) -> RpcResult<ListReviewsResponse> {
        let request = request.into_inner();
        let (book_id, order) = (BookId(request.book_id), order(request.order)?);
        let size = page_size(request.page_size)?;
        let page = self.0.list(book_id, order, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ListReviewsResponse {
            reviews: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn delete_review(
        &self,
        request: Request<DeleteReviewRequest>,
    ) -> RpcResult<DeleteReviewResponse> {
        let account_id = account(&request)?;
        let book_id = BookId(request.into_inner().book_id);
        self.0.delete(account_id, book_id).await?;
        Ok(Response::new(DeleteReviewResponse {}))
    }

    async fn get_rating(&self, request: Request<GetRatingRequest>) -> RpcResult<GetRatingResponse> {
        let book_id = BookId(request.into_inner().book_id);
        let ratings = self.0.ratings(&[book_id]).await?;
        let rating = ratings.into_iter().next().map(Into::into);
        Ok(Response::new(GetRatingResponse { rating }))
    }

    async fn batch_get_ratings(
        &self,
        request: Request<BatchGetRatingsRequest>,
    ) -> RpcResult<BatchGetRatingsResponse> {
        let book_ids = request.into_inner().book_ids;
        let book_ids: Vec<_> = book_ids.into_iter().map(BookId).collect();
        let ratings = self.0.ratings(&book_ids).await?;
        Ok(Response::new(BatchGetRatingsResponse {
            ratings: ratings.into_iter().map(Into::into).collect(),
        }))
    }

    async fn hide_review(
        &self,
        request: Request<HideReviewRequest>,
    ) -> RpcResult<HideReviewResponse> {
        let HideReviewRequest { review_id, reason } = request.into_inner();
        let review_id = convert::uuid("review_id", &review_id)?;
        let review = Some(self.0.hide(review_id, &reason).await?.into());
        Ok(Response::new(HideReviewResponse { review }))
    }

    async fn show_review(
        &self,
        request: Request<ShowReviewRequest>,
    ) -> RpcResult<ShowReviewResponse> {
        let review_id = convert::uuid("review_id", &request.into_inner().review_id)?;
        let review = Some(self.0.show(review_id).await?.into());
        Ok(Response::new(ShowReviewResponse { review }))
    }

    async fn list_all_reviews(
        &self,
        request: Request<ListAllReviewsRequest>,
    ) -> RpcResult<ListAllReviewsResponse> {
        let request = request.into_inner();
        let (hidden_only, size) = (request.hidden_only, page_size(request.page_size)?);
        let page = self.0.list_all(hidden_only, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ListAllReviewsResponse {
            reviews: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn export_account_data(
        &self,
        request: Request<ExportAccountDataRequest>,
    ) -> RpcResult<ExportAccountDataResponse> {
        let account_id = account(&request)?;
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self.0.account_data(account_id, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ExportAccountDataResponse {
            reviews: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn delete_account_data(
        &self,
        request: Request<DeleteAccountDataRequest>,
    ) -> RpcResult<DeleteAccountDataResponse> {
        let account_id = account(&request)?;
        self.0.delete_account_data(account_id).await?;
        Ok(Response::new(DeleteAccountDataResponse {}))
    }

    async fn list_reader_ratings(
        &self,
        request: Request<ListReaderRatingsRequest>,
    ) -> RpcResult<ListReaderRatingsResponse> {
        let request = request.into_inner();
        let account_id = convert::optional_account_id("account_id", &request.account_id)?;
        let size = page_size(request.page_size)?;
        let page = self.0.reader_ratings(account_id, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ListReaderRatingsResponse {
            ratings: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }
}

/// The account that makes the call.
fn account<T>(request: &Request<T>) -> Result<AccountId, Status> {
    Ok(AccountId(Caller::require_account(request)?.0))
}

fn content(request: PutReviewRequest) -> Result<ReviewContent, ConversionError> {
    let stars = Stars::new(request.stars.into());
    Ok(ReviewContent {
        stars: stars.ok_or_else(|| ConversionError::new("stars", request.stars))?,
        title: request.title,
        body: request.body,
        author_name: request.author_name,
    })
}

fn order(number: i32) -> Result<ReviewOrder, ConversionError> {
    match contract_v1::ReviewOrder::try_from(number) {
        Ok(contract_v1::ReviewOrder::Unspecified | contract_v1::ReviewOrder::NewestFirst) => {
            Ok(ReviewOrder::NewestFirst)
        }
        Ok(contract_v1::ReviewOrder::MostStarsFirst) => Ok(ReviewOrder::MostStarsFirst),
        Ok(contract_v1::ReviewOrder::FewestStarsFirst) => Ok(ReviewOrder::FewestStarsFirst),
        Err(_) => Err(ConversionError::new("order", number)),
    }
}

impl From<Review> for contract_v1::Review {
    fn from(review: Review) -> Self {
        Self {
            review_id: review.review_id.to_string(),
            book_id: review.book_id.0,
            stars: review.content.stars.number().into(),
            title: review.content.title,
            body: review.content.body,
            author_name: review.content.author_name,
            create_time: Some(convert::timestamp_to_proto(review.created_at)),
            update_time: Some(convert::timestamp_to_proto(review.updated_at)),
            verified_purchase: review.verified_purchase,
            hidden_reason: review.hidden_reason.unwrap_or_default(),
        }
    }
}

impl From<Rating> for contract_v1::Rating {
    fn from(rating: Rating) -> Self {
        let counts = rating.star_counts;
        Self {
            book_id: rating.book_id.0,
            review_count: counts.total(),
            average_hundredths: counts.average_hundredths(),
            star_counts: counts.0.to_vec(),
        }
    }
}

impl From<ReaderRating> for contract_v1::ReaderRating {
    fn from(rating: ReaderRating) -> Self {
        Self {
            account_id: rating.account_id.to_string(),
            book_id: rating.book_id.0,
            stars: rating.stars.number().into(),
        }
    }
}

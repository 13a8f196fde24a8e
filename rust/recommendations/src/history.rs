//! The client of Checkout and Reviews: what readers have bought, and how they have rated it.

use std::{collections::HashMap, time::Duration};

use contract::bookstore::{
    cart::v1::{ListPurchasesRequest, Purchase, checkout_service_client::CheckoutServiceClient},
    reviews::v1::{
        ListReaderRatingsRequest, ReaderRating, review_service_client::ReviewServiceClient,
    },
};
use futures::future::join;
use rpc::Channel;
use service::{AccountId, BookId, convert};
use tokio::time::timeout;
use tonic::{Request, Status};

use crate::{
    domain::{Reader, interest},
    model::PurchaseLog,
};

/// The largest page size that Checkout and Reviews allow.
const PAGE_SIZE: i32 = 1000;

/// How long a call waits for Checkout or Reviews, so that the caller has time to do without.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// How many reviews are read for a model, the newest ones. More reviews than purchases are
/// mostly of books that were not bought here, which do not count.
const MAX_RATINGS: usize = 1_000_000;

/// Why the history cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    #[error("{service} answered {:?}: {}", .status.code(), .status.message())]
    Call {
        service: &'static str,
        status: Status,
    },
    #[error("{0} did not respond in time")]
    TimeLimit(&'static str),
    #[error("{service} returned the page token {token:?} of the same page as that of the next")]
    PageTokenLoop {
        service: &'static str,
        token: String,
    },
}

/// Whether further items are wanted.
type WantsMore = bool;

/// The clients.
#[derive(Debug, Clone)]
pub(crate) struct History {
    checkout: CheckoutServiceClient<Channel>,
    reviews: ReviewServiceClient<Channel>,
}

impl History {
    pub(crate) fn new(checkout: Channel, reviews: Channel) -> Self {
        Self {
            checkout: CheckoutServiceClient::new(checkout),
            reviews: ReviewServiceClient::new(reviews),
        }
    }

    /// A reader as of now. If Reviews does not respond, the reader has no ratings.
    ///
    /// # Errors
    /// If Checkout does not respond: then it is unknown which books the reader has.
    pub(crate) async fn reader(&self, account_id: AccountId) -> Result<Reader, HistoryError> {
        let (mut bought, mut stars) = (Vec::new(), HashMap::new());
        let purchases = self.each_purchase(Some(account_id), |purchase| {
            bought.extend(purchase.book_ids.into_iter().map(BookId));
            true
        });
        let ratings = self.each_rating(Some(account_id), |rating| {
            stars.insert(BookId(rating.book_id), rating.stars);
            true
        });
        let (purchases, ratings) =
            join(timeout(TIME_LIMIT, purchases), timeout(TIME_LIMIT, ratings)).await;
        purchases.map_err(|_| HistoryError::TimeLimit("Checkout"))??;
        if !matches!(ratings, Ok(Ok(()))) {
            tracing::debug!("Reviews does not respond: a reader has no ratings");
        }
        let mut reader = Reader::default();
        let rated: Vec<_> = stars.keys().copied().collect();
        for book_id in bought.into_iter().chain(rated) {
            if reader.known.insert(book_id) {
                let interest = interest(stars.get(&book_id).copied());
                reader.interests.push((book_id, interest));
            }
        }
        Ok(reader)
    }

    /// The purchases and ratings of all readers.
    ///
    /// # Errors
    /// If Checkout or Reviews does not respond.
    pub(crate) async fn log(&self) -> Result<PurchaseLog, HistoryError> {
        let mut log = PurchaseLog::default();
        self.each_purchase(None, |purchase| {
            // Orders that are not paid do not count.
            if purchase.paid
                && let Ok(account_id) = account_id(&purchase.account_id)
            {
                for book_id in purchase.book_ids {
                    log.buy(account_id, BookId(book_id));
                }
            }
            !log.is_full()
        })
        .await?;
        let mut read = 0;
        self.each_rating(None, |rating| {
            if let Ok(account_id) = account_id(&rating.account_id) {
                log.rate(account_id, BookId(rating.book_id), rating.stars);
            }
            read += 1;
            read < MAX_RATINGS
        })
        .await?;
        Ok(log)
    }

    /// Reads the purchases of an account, or of all, newest first.
    async fn each_purchase(
        &self,
        account_id: Option<AccountId>,
        mut take: impl FnMut(Purchase) -> WantsMore,
    ) -> Result<(), HistoryError> {
        let (mut client, service) = (self.checkout.clone(), "Checkout");
        let mut page_token = String::new();
        loop {
            let request = request(account_id, |account_id| ListPurchasesRequest {
                account_id,
                page_size: PAGE_SIZE,
                page_token: page_token.clone(),
            });
            let page = client.list_purchases(request).await;
            let page = page.map_err(|status| HistoryError::Call { service, status })?;
            let page = page.into_inner();
            let more = page.purchases.into_iter().all(&mut take);
            match next(service, page_token, page.next_page_token)? {
                Some(next) if more => page_token = next,
                _ => return Ok(()),
            }
        }
    }

    /// Reads the ratings by an account, or by all, the most recently written first.
    async fn each_rating(
        &self,
        account_id: Option<AccountId>,
        mut take: impl FnMut(ReaderRating) -> WantsMore,
    ) -> Result<(), HistoryError> {
        let (mut client, service) = (self.reviews.clone(), "Reviews");
        let mut page_token = String::new();
        loop {
            let request = request(account_id, |account_id| ListReaderRatingsRequest {
                account_id,
                page_size: PAGE_SIZE,
                page_token: page_token.clone(),
            });
            let page = client.list_reader_ratings(request).await;
            let page = page.map_err(|status| HistoryError::Call { service, status })?;
            let page = page.into_inner();
            let more = page.ratings.into_iter().all(&mut take);
            match next(service, page_token, page.next_page_token)? {
                Some(next) if more => page_token = next,
                _ => return Ok(()),
            }
        }
    }
}

/// A request about one account, or about all: the access log shows the latter only at DEBUG.
fn request<M>(account_id: Option<AccountId>, message: impl FnOnce(String) -> M) -> Request<M> {
    let account = account_id.map(|account_id| account_id.to_string());
    let mut request = Request::new(message(account.unwrap_or_default()));
    if account_id.is_none() {
        request.extensions_mut().insert(rpc::BackgroundCall);
    }
    request
}

/// The token of the next page, if there is one.
fn next(
    service: &'static str,
    token: String,
    next: String,
) -> Result<Option<String>, HistoryError> {
    if next.is_empty() {
        return Ok(None);
    }
    if next == token {
        return Err(HistoryError::PageTokenLoop { service, token });
    }
    Ok(Some(next))
}

/// The id of an account. A service that returns none breaks its contract.
fn account_id(text: &str) -> Result<AccountId, service::ConversionError> {
    convert::uuid("account_id", text).map(AccountId)
}

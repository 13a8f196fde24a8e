//! Accounts for the tests, opened as users open them: by the link of a mail.

use std::{fs, io, path::Path, time::Duration};

use anyhow::{Context, bail};
use contract::bookstore::{
    accounts::v1::{
        Address, RequestPasswordResetRequest, SignInRequest, SignUpRequest, VerifyEmailRequest,
        account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
    },
    cart::v1::{
        CancelOrderRequest, OrderState, PlaceOrderRequest, PutItemRequest, WatchOrderRequest,
        cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
    },
    reviews::v1::{PutReviewRequest, review_service_client::ReviewServiceClient},
    transactions::v1::PaymentMethod,
};
use rpc::Channel;
use tonic::Request;
use uuid::Uuid;

/// The password of all accounts.
pub const PASSWORD: &str = "correct horse battery";

/// How long a mail may take.
const MAIL_TIMEOUT: Duration = Duration::from_secs(20);

/// A bookstore that keeps its mails in its data folder.
#[derive(Debug, Clone)]
pub struct AccountHelper<'a> {
    /// The URL of its gRPC port.
    pub grpc_url: &'a str,
    /// Its data folder.
    pub data: &'a Path,
}

/// An account, and a session of it.
#[derive(Debug, Clone)]
pub struct OpenedAccount {
    /// The id of the account.
    pub account_id: String,
    /// The token of the session.
    pub session_token: String,
}

impl AccountHelper<'_> {
    fn accounts(&self) -> anyhow::Result<AccountServiceClient<Channel>> {
        Ok(AccountServiceClient::new(Channel::connect(self.grpc_url)?))
    }

    /// Opens an account and signs in.
    ///
    /// # Errors
    /// If a call fails or the mail does not come.
    pub async fn open(&self, email: &str) -> anyhow::Result<OpenedAccount> {
        let verification_token = self.sign_up(email).await?;
        let request = VerifyEmailRequest { verification_token };
        self.accounts()?.verify_email(request).await?;
        let mut sessions = SessionServiceClient::new(Channel::connect(self.grpc_url)?);
        let request = SignInRequest {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            client_label: String::new(),
        };
        let response = sessions.sign_in(request).await?.into_inner();
        let session = response.session.context("a response without a session")?;
        Ok(OpenedAccount {
            account_id: session.account_id,
            session_token: response.session_token,
        })
    }

    /// Puts a book into the cart of an account, and returns the etag of the cart. It is the same
    /// for every account whose cart was empty.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn fill_cart(&self, session_token: &str) -> anyhow::Result<String> {
        let mut carts = CartServiceClient::new(Channel::connect(self.grpc_url)?);
        let request = PutItemRequest {
            cart_id: String::new(),
            book_id: 5,
            quantity: 1,
        };
        let added = carts.put_item(with_token(request, session_token)?).await?;
        Ok(added.into_inner().cart.context("no cart")?.etag)
    }

    /// Orders a book, and returns the id of the order once it is paid.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn order(&self, session_token: &str) -> anyhow::Result<String> {
        let order_id = self.place_order(session_token, "tok_visa").await?;
        let mut checkout = self.checkout()?;
        let request = WatchOrderRequest {
            order_id: order_id.clone(),
        };
        let watching = checkout
            .watch_order(with_token(request, session_token)?)
            .await?;
        let mut orders = watching.into_inner();
        while let Some(message) = orders.message().await? {
            if message
                .order
                .is_some_and(|order| order.state() == OrderState::Paid)
            {
                return Ok(order_id);
            }
        }
        bail!("the order {order_id} was not paid")
    }

    /// Orders a book, and returns the id of the order, which is not paid yet.
    ///
    /// # Errors
    /// If a call fails.
    pub async fn place_order(
        &self,
        session_token: &str,
        payment_token: &str,
    ) -> anyhow::Result<String> {
        let request = PlaceOrderRequest {
            request_id: Uuid::new_v4().to_string(),
            cart_etag: self.fill_cart(session_token).await?,
            shipping_address: Some(Address {
                recipient: "Ada".to_owned(),
                street_lines: vec!["1 Main Street".to_owned()],
                city: "London".to_owned(),
                region: String::new(),
                postal_code: String::new(),
                country_code: "GB".to_owned(),
            }),
            payment_method: Some(PaymentMethod {
                token: payment_token.to_owned(),
            }),
        };
        let request = with_token(request, session_token)?;
        let placed = self.checkout()?.place_order(request).await?;
        Ok(placed.into_inner().order.context("no order")?.order_id)
    }

    /// Cancels an order.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn cancel_order(&self, session_token: &str, order_id: &str) -> anyhow::Result<()> {
        let request = CancelOrderRequest {
            order_id: order_id.to_owned(),
        };
        let request = with_token(request, session_token)?;
        self.checkout()?.cancel_order(request).await?;
        Ok(())
    }

    fn checkout(&self) -> anyhow::Result<CheckoutServiceClient<Channel>> {
        Ok(CheckoutServiceClient::new(Channel::connect(self.grpc_url)?))
    }

    /// Reviews book 5.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn review(&self, session_token: &str) -> anyhow::Result<()> {
        let mut reviews = ReviewServiceClient::new(Channel::connect(self.grpc_url)?);
        let request = PutReviewRequest {
            book_id: 5,
            stars: 4,
            ..PutReviewRequest::default()
        };
        let request = with_token(request, session_token)?;
        reviews.put_review(request).await?;
        Ok(())
    }

    /// Signs up, and returns the token that proves the address.
    ///
    /// # Errors
    /// If the call fails or the mail does not come.
    pub async fn sign_up(&self, email: &str) -> anyhow::Result<String> {
        self.request_sign_up(email).await?;
        self.mailed_token(email, "/verify?token=").await
    }

    /// Signs up, without waiting for the mail.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn request_sign_up(&self, email: &str) -> anyhow::Result<()> {
        let request = SignUpRequest {
            request_id: Uuid::new_v4().to_string(),
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "Ada".to_owned(),
        };
        self.accounts()?.sign_up(request).await?;
        Ok(())
    }

    /// Requests a password reset for an account, and returns its token.
    ///
    /// # Errors
    /// If the call fails or the mail does not come.
    pub async fn request_reset(&self, email: &str) -> anyhow::Result<String> {
        let request = RequestPasswordResetRequest {
            request_id: Uuid::new_v4().to_string(),
            email: email.to_owned(),
        };
        self.accounts()?.request_password_reset(request).await?;
        self.mailed_token(email, "/reset?token=").await
    }

    /// Waits for a mail to an address, and returns the token of its link.
    async fn mailed_token(&self, email: &str, link: &str) -> anyhow::Result<String> {
        let folder = self.data.join("mail");
        let mut interval = tokio::time::interval(Duration::from_millis(20));
        let wait = async {
            loop {
                interval.tick().await;
                if let Some(token) = find_token(&folder, email, link)? {
                    return anyhow::Ok(token);
                }
            }
        };
        let waited = tokio::time::timeout(MAIL_TIMEOUT, wait).await;
        waited.with_context(|| format!("no mail to {email} came"))?
    }
}

fn with_token<T>(message: T, session_token: &str) -> anyhow::Result<Request<T>> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {session_token}").parse()?;
    request.metadata_mut().insert("authorization", bearer);
    Ok(request)
}

/// The token of a mail in a folder.
fn find_token(folder: &Path, email: &str, link: &str) -> io::Result<Option<String>> {
    for file in fs::read_dir(folder).into_iter().flatten() {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mail = fs::read_to_string(path)?;
        let to_address = format!("\"to\": \"{email}\"");
        if let Some((_, token)) = mail.split_once(link)
            && mail.contains(&to_address)
        {
            let is_token = |letter: &char| letter.is_ascii_alphanumeric() || "-_".contains(*letter);
            return Ok(Some(token.chars().take_while(is_token).collect()));
        }
    }
    Ok(None)
}

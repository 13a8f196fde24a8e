//! Buyers who order one book after the other, for `just bench --only orders`. Usage:
//! `orders ADDRESS MAIL-FOLDER BUYERS SECONDS`
//!
//! Each buyer puts a book into the cart, places an order and watches it until it is paid. The
//! load goes only to the given address and ends after the given time. The first line of the
//! output says that all buyers have accounts, the second is the result as JSON.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use contract::bookstore::{
    accounts::v1::{
        Address, SignInRequest, SignUpRequest, VerifyEmailRequest,
        account_service_client::AccountServiceClient, session_service_client::SessionServiceClient,
    },
    cart::v1::{
        OrderState, PlaceOrderRequest, PutItemRequest, WatchOrderRequest,
        cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
    },
    transactions::v1::PaymentMethod,
};
use futures::{StreamExt, TryStreamExt, stream};
use rpc::Channel;
use tokio::{task::JoinSet, time::sleep};
use tonic::Request;
use uuid::Uuid;

const USAGE: &str = "usage: orders ADDRESS MAIL-FOLDER BUYERS SECONDS";
const PASSWORD: &str = "correct horse battery";
/// Buyers share connections, as the clients of a service do.
const BUYERS_PER_CONNECTION: usize = 16;
/// Passwords are hashed, which takes long: more at once are refused.
const SIGN_UPS: usize = 4;
const BOOKS: i32 = 9;

/// When an order was placed and paid, after the call of PlaceOrder.
struct Times {
    placed: Duration,
    paid: Duration,
    paid_at: Instant,
}

struct Buyer {
    channel: Channel,
    token: String,
}

impl Buyer {
    /// Opens an account with the mail that the bookstore keeps in the folder.
    async fn sign_up(channel: Channel, mails: &Path, number: usize) -> anyhow::Result<Self> {
        let email = format!("buyer-{number}@example.org");
        let mut accounts = AccountServiceClient::new(channel.clone());
        let sign_up = SignUpRequest {
            request_id: Uuid::now_v7().to_string(),
            email: email.clone(),
            password: PASSWORD.to_owned(),
            display_name: String::new(),
        };
        accounts.sign_up(sign_up).await?;
        let verification_token = mailed_token(mails, &email).await?;
        let verify = VerifyEmailRequest { verification_token };
        accounts.verify_email(verify).await?;
        let sign_in = SignInRequest {
            email,
            password: PASSWORD.to_owned(),
            client_label: String::new(),
        };
        let mut sessions = SessionServiceClient::new(channel.clone());
        let token = sessions.sign_in(sign_in).await?.into_inner().session_token;
        Ok(Self { channel, token })
    }

    fn request<T>(&self, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse()?;
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }

    async fn order(&self) -> anyhow::Result<Times> {
        let put = PutItemRequest {
            book_id: rand::random_range(1..=BOOKS),
            quantity: 1,
            ..PutItemRequest::default()
        };
        let mut carts = CartServiceClient::new(self.channel.clone());
        let cart = carts.put_item(self.request(put)?).await?.into_inner().cart;
        let place = PlaceOrderRequest {
            request_id: Uuid::now_v7().to_string(),
            cart_etag: cart.context("an answer without a cart")?.etag,
            shipping_address: Some(Address {
                recipient: "Ada Lovelace".to_owned(),
                street_lines: vec!["12 St James's Square".to_owned()],
                city: "London".to_owned(),
                postal_code: "SW1Y 4JH".to_owned(),
                country_code: "GB".to_owned(),
                ..Address::default()
            }),
            payment_method: Some(PaymentMethod {
                token: "tok_visa".to_owned(),
            }),
        };
        let began = Instant::now();
        let mut checkout = CheckoutServiceClient::new(self.channel.clone());
        let order = checkout.place_order(self.request(place)?).await?;
        let placed = began.elapsed();
        let watch = WatchOrderRequest {
            order_id: order.into_inner().order.unwrap_or_default().order_id,
        };
        let mut changes = checkout
            .watch_order(self.request(watch)?)
            .await?
            .into_inner();
        while let Some(change) = changes.message().await? {
            match change.order.unwrap_or_default().state() {
                OrderState::Placed => {}
                OrderState::Paid => {
                    return Ok(Times {
                        placed,
                        paid: began.elapsed(),
                        paid_at: Instant::now(),
                    });
                }
                other => bail!("an order is {other:?}"),
            }
        }
        bail!("an order ended before it was paid")
    }

    /// Orders until the time is over. The last order is paid, too.
    async fn order_until(self, end: Instant) -> anyhow::Result<Vec<Times>> {
        let mut times = Vec::new();
        while Instant::now() < end {
            times.push(self.order().await?);
        }
        Ok(times)
    }
}

async fn mailed_token(folder: &Path, email: &str) -> anyhow::Result<String> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        for file in std::fs::read_dir(folder).into_iter().flatten() {
            let mail = std::fs::read_to_string(file?.path()).unwrap_or_default();
            if mail.contains(email)
                && let Some((_, token)) = mail.split_once("/verify?token=")
            {
                return Ok(token.chars().take(43).collect());
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
    bail!("no mail to {email} is in {}", folder.display())
}

/// In milliseconds.
fn percentile(mut times: Vec<Duration>, percent: usize) -> f64 {
    times.sort();
    let at = times.len().saturating_sub(1) * percent / 100;
    times.get(at).map_or(f64::NAN, Duration::as_secs_f64) * 1000.0
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, mails, buyers, seconds] = &arguments[..] else {
        bail!(USAGE);
    };
    let (mails, buyers): (_, usize) = (PathBuf::from(mails), buyers.parse().context(USAGE)?);
    let duration = Duration::from_secs(seconds.parse().context(USAGE)?);
    let connections = buyers.div_ceil(BUYERS_PER_CONNECTION);
    let channels = (0..connections)
        .map(|_| Ok(Channel::connect(&format!("http://{address}"))?.without_retries()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let buyers: Vec<Buyer> = stream::iter(0..buyers)
        .map(|number| Buyer::sign_up(channels[number % connections].clone(), &mails, number))
        .buffer_unordered(SIGN_UPS)
        .try_collect()
        .await?;
    println!("{} accounts", buyers.len());

    let began = Instant::now();
    let end = began + duration;
    let mut tasks = JoinSet::new();
    for buyer in buyers {
        tasks.spawn(buyer.order_until(end));
    }
    let mut times = Vec::new();
    for bought in tasks.join_all().await {
        times.extend(bought?);
    }
    let in_time = times.iter().filter(|times| times.paid_at <= end).count();
    let paid = |times: &Times| times.paid - times.placed;
    println!(
        r#"{{"rate": {:.1}, "placed": {}, "place_ms": {:.1}, "paid_ms": {:.1}, "paid_p99_ms": {:.1}}}"#,
        in_time as f64 / duration.as_secs_f64(),
        times.len(),
        percentile(times.iter().map(|times| times.placed).collect(), 50),
        percentile(times.iter().map(paid).collect(), 50),
        percentile(times.iter().map(paid).collect(), 99),
    );
    Ok(())
}

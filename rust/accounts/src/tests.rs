//! Tests of the service on both engines.

mod deletion;
mod export;
mod grpc;
mod lifecycle;
mod limits;
mod mails;
mod passwords;
mod resets;
mod sessions;
mod sign_ups;
mod statements;

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use contract::bookstore::{
    cart::v1::checkout_service_server::CheckoutServiceServer,
    reviews::v1::review_service_server::ReviewServiceServer,
    transactions::v1::transaction_service_server::TransactionServiceServer,
};
use fakes::{FakeCarts, FakeCheckout, FakeReviews, FakeTransactions};
use jiff::Timestamp;
use mail::Mailer;
use rpc::{Channel, Router};
use service::{AccountId, Clock, IdSource, ManualClock, SequentialIds};
use store::{
    outbox::{self, Lease},
    testing::TestDb,
};
use uuid::Uuid;

use crate::{
    Accounts, AccountsError, EmailAddress, HashCost, Options, Session, SignUp, Token,
    service::{AccountMail, MAIL_TOPIC, MailKind},
};

const PASSWORD: &str = "correct horse battery";
const NETWORK: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

/// The service with a test database, a [`ManualClock`] and cheap password hashes.
struct TestAccounts {
    accounts: Accounts,
    clock: Arc<ManualClock>,
    others: Others,
}

/// The fakes of the services that keep data about accounts. Clones share everything.
#[derive(Clone)]
struct Others {
    carts: FakeCarts,
    checkout: FakeCheckout,
    transactions: FakeTransactions,
    reviews: FakeReviews,
    router: Arc<Router>,
}

impl Others {
    fn new() -> Self {
        let carts = FakeCarts::default();
        let checkout = FakeCheckout::of(&carts);
        let (transactions, reviews) = (FakeTransactions::default(), FakeReviews::default());
        let router = Router::new(rpc::Options::default())
            .add(CheckoutServiceServer::new(checkout.clone()))
            .add(TransactionServiceServer::new(transactions.clone()))
            .add(ReviewServiceServer::new(reviews.clone()));
        Self {
            carts,
            checkout,
            transactions,
            reviews,
            router: Arc::new(router),
        }
    }

    fn channel(&self) -> Channel {
        let channel = self.router.in_process();
        channel.as_service(&"accounts".into(), None)
    }
}

impl TestAccounts {
    fn open(database: &TestDb) -> Self {
        Self::with_mailer(database, no_mailer())
    }

    fn with_mailer(database: &TestDb, mailer: Mailer) -> Self {
        let now = "2026-02-03T04:05:06Z".parse().expect("the time parses");
        let clock = Arc::new(ManualClock::at(now));
        let options = options(&clock);
        Self::with_others(database, mailer, options, clock, Others::new())
    }

    /// An instance with the same clock and the same other services.
    fn with_others(
        database: &TestDb,
        mailer: Mailer,
        options: Options,
        clock: Arc<ManualClock>,
        others: Others,
    ) -> Self {
        let channel = others.channel();
        let accounts = Accounts::new(
            database.db().clone(),
            mailer,
            channel.clone(),
            channel.clone(),
            channel,
            options,
        );
        Self {
            accounts,
            clock,
            others,
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The mails that were not sent yet, in order.
    async fn mails(&self) -> Vec<AccountMail> {
        let now = self.now().as_microsecond();
        let lease = Lease {
            id: "test",
            until: now + 1,
        };
        let claimed: Result<_, AccountsError> = store::write!(self.accounts.db(), transaction => {
            let mut messages = outbox::claim(transaction, MAIL_TOPIC, lease, now, 100).await?;
            messages.sort_by_key(|message| message.sequence);
            for message in &messages {
                outbox::acknowledge(transaction, message.sequence, lease.id).await?;
            }
            Ok(messages)
        });
        let messages = claimed.expect("the database answers");
        let mails = messages
            .iter()
            .map(|message| serde_json::from_slice(&message.payload).expect("a mail"));
        mails.collect()
    }

    /// The token of the only mail that was not sent yet.
    async fn mailed_token(&self) -> String {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        match mails.remove(0).kind {
            MailKind::Verification { token } | MailKind::PasswordReset { token } => token,
            other => panic!("a mail without a token: {other:?}"),
        }
    }

    /// Opens an account with [`PASSWORD`].
    async fn create(&self, email: &str) -> AccountId {
        let signed_up = self.accounts.sign_up(&sign_up(email), NETWORK).await;
        signed_up.expect("the sign-up is accepted");
        let token = self.mailed_token().await;
        let account = self.accounts.verify_email(&token).await;
        account.expect("the token is valid").account_id
    }

    async fn try_sign_in(
        &self,
        email: &str,
        password: &str,
    ) -> Result<(Token, Session), AccountsError> {
        let email = EmailAddress::new(email);
        let label = "a test".to_owned();
        let password = password.to_owned();
        self.accounts
            .sign_in(&email, password, label, NETWORK)
            .await
    }

    async fn sign_in(&self, email: &str) -> (Token, Session) {
        let opened = self.try_sign_in(email, PASSWORD).await;
        opened.expect("the password is right")
    }

    async fn is_open(&self, token: &Token) -> bool {
        match self.accounts.session(token.expose()).await {
            Ok(_) => true,
            Err(AccountsError::SessionInvalid) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn advance(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }
}

/// For tests in which no mail is sent.
fn no_mailer() -> Mailer {
    Mailer::folder(PathBuf::new(), "shop@example.com").expect("a sender")
}

fn options(clock: &Arc<ManualClock>) -> Options {
    Options {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ids: Arc::new(SequentialIds::default()) as Arc<dyn IdSource>,
        hash_cost: HashCost::new(8, 1).expect("a cost"),
        shop_url: "https://shop.example".to_owned(),
        ..Options::default()
    }
}

fn sign_up(email: &str) -> SignUp {
    SignUp {
        request_id: Uuid::new_v4(),
        email: EmailAddress::new(email),
        password: PASSWORD.to_owned(),
        display_name: "Ada".to_owned(),
    }
}

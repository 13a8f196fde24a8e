//! The use cases of Accounts: signing up and in, passwords, sessions and profiles.

mod authenticator;
mod background;
mod deletions;
mod export;
mod limits;
mod mails;
mod password;
mod profile;
mod reset;
mod session;
mod sign_in;
mod sign_up;

use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mail::Mailer;
use rpc::Channel;
use service::{AccountId, Clock, IdSource, SystemClock, UuidV7Ids};
use store::Db;

pub use self::authenticator::SessionAuthenticator;
#[cfg(test)]
pub(crate) use self::{
    background::Prune,
    deletions::TOPIC as DELETION_TOPIC,
    mails::{AccountMail, MailKind, TOPIC as MAIL_TOPIC},
};
use crate::{
    Account, AccountsError, HashCost, Passwords, account_data::AccountData, store as rows,
};

/// The options of the service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids of accounts and sessions.
    pub ids: Arc<dyn IdSource>,
    /// The cost of the hashes of new passwords.
    pub hash_cost: HashCost,
    /// How many passwords are hashed at once.
    pub hash_concurrency: usize,
    /// How long a call waits until its password is hashed.
    pub max_hash_wait: Duration,
    /// The URL of the shop, which the links in mails start with, without a slash at the end.
    pub shop_url: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            hash_cost: HashCost::default(),
            hash_concurrency: available_parallelism().map_or(1, NonZero::get),
            max_hash_wait: Duration::from_secs(2),
            shop_url: "http://localhost:5000".to_owned(),
        }
    }
}

/// The service. Clones share the same state.
#[derive(Debug, Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    mailer: Mailer,
    data: AccountData,
    passwords: Passwords,
    options: Options,
}

impl Accounts {
    /// Creates the service with its database, which was opened with
    /// [`SCHEMA`](crate::SCHEMA), the way by which mails leave, and channels to Cart,
    /// Transactions and Reviews.
    pub fn new(
        db: Db,
        mailer: Mailer,
        cart: Channel,
        transactions: Channel,
        reviews: Channel,
        options: Options,
    ) -> Self {
        let passwords = Passwords::new(
            options.hash_cost.clone(),
            options.hash_concurrency,
            options.max_hash_wait,
        );
        Self {
            inner: Arc::new(Inner {
                db,
                mailer,
                data: AccountData::new(cart, transactions, reviews),
                passwords,
                options,
            }),
        }
    }

    /// The database of the service, for health checks and for closing it.
    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    /// The time that long ago.
    fn before_now(&self, duration: SignedDuration) -> Timestamp {
        let time = self.now().saturating_sub(duration);
        time.unwrap_or(Timestamp::MIN)
    }

    fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    fn next_id(&self) -> uuid::Uuid {
        self.inner.options.ids.next_id()
    }

    /// An account.
    ///
    /// # Errors
    /// [`AccountsError::SessionInvalid`] if it was deleted, or an error of the database.
    pub async fn account(&self, account_id: AccountId) -> Result<Account, AccountsError> {
        Ok(self.stored_account(account_id).await?.account)
    }

    async fn stored_account(
        &self,
        account_id: AccountId,
    ) -> Result<rows::accounts::StoredAccount, AccountsError> {
        let found = store::read!(self.db(), connection => {
            rows::accounts::get(connection, account_id).await
        })?;
        found.ok_or(AccountsError::SessionInvalid)
    }
}

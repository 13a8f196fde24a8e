use std::{sync::Arc, time::Duration};

use contract::bookstore::{reviews::v1::PutReviewRequest, r#type::v1::OutboxMessageState};
use fakes::Fault;
use service::{AccountId, PeriodicTask as _};
use store::{
    outbox::{self, Lease, Statistics},
    testing::TestDb,
};

use super::{NETWORK, PASSWORD, TestAccounts, no_mailer, options};
use crate::{
    AccountsError,
    service::{DELETION_TOPIC, MailKind},
};

store::both_engines! {
    crate::SCHEMA =>
    deleted_account_leaves_nothing,
    wrong_password_deletes_nothing,
    other_services_delete_the_cart_and_the_name,
    deletion_is_repeated_until_every_service_has_answered,
    deletion_goes_on_after_a_crash,
    operator_sees_what_is_not_deleted_yet,
}

async fn deleted_account_leaves_nothing(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let (token, _) = service.sign_in("ada@example.org").await;
    let delete = || {
        service
            .accounts
            .delete_account(account_id, PASSWORD.to_owned(), NETWORK)
    };
    delete().await.expect("the password is right");
    assert!(!service.is_open(&token).await);
    assert_eq!(service.mails().await[0].kind, MailKind::AccountDeleted);
    for outcome in [
        delete().await,
        service.accounts.account(account_id).await.map(drop),
        service.accounts.export(account_id).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(AccountsError::SessionInvalid)));
    }
    assert!(
        service
            .try_sign_in("ada@example.org", PASSWORD)
            .await
            .is_err()
    );
    assert_ne!(service.create("ada@example.org").await, account_id);
}

async fn wrong_password_deletes_nothing(database: TestDb) {
    let service = TestAccounts::open(&database);
    let account_id = service.create("ada@example.org").await;
    let (token, _) = service.sign_in("ada@example.org").await;
    let refused = service
        .accounts
        .delete_account(account_id, "wrong".to_owned(), NETWORK)
        .await;
    assert!(matches!(refused, Err(AccountsError::PasswordWrong)));
    assert!(service.is_open(&token).await);
}

/// A service with an account that has a cart and a review, and is deleted.
async fn with_deleted_account(database: &TestDb) -> (TestAccounts, AccountId) {
    let service = TestAccounts::open(database);
    let account_id = service.create("ada@example.org").await;
    let id = account_id.to_string();
    let others = &service.others;
    others.carts.change(&id, |books| {
        books.insert(7, 2);
    });
    let review = PutReviewRequest {
        book_id: 7,
        stars: 4,
        author_name: "Ada".to_owned(),
        ..PutReviewRequest::default()
    };
    others.reviews.add_of(&id, review);
    service
        .accounts
        .delete_account(account_id, PASSWORD.to_owned(), NETWORK)
        .await
        .expect("the password is right");
    (service, account_id)
}

impl TestAccounts {
    /// Tells the other services what they have to delete, as far as that can be done now.
    async fn work(&self) {
        let worked = self.accounts.deletion_worker().run().await;
        worked.expect("the database answers");
    }

    async fn pending(&self) -> Statistics {
        let statistics = store::read!(self.accounts.db(), connection => {
            outbox::statistics(connection, DELETION_TOPIC).await
        });
        statistics.expect("the database answers")
    }

    fn assert_is_deleted(&self, account_id: AccountId) {
        let id = account_id.to_string();
        assert!(self.others.carts.contents(&id).is_empty());
        for review in self.others.reviews.all() {
            assert_eq!(review.author_name, "");
        }
    }
}

async fn other_services_delete_the_cart_and_the_name(database: TestDb) {
    let (service, account_id) = with_deleted_account(&database).await;
    let other = PutReviewRequest {
        book_id: 7,
        stars: 5,
        author_name: "Bob".to_owned(),
        ..PutReviewRequest::default()
    };
    service.others.reviews.add_of("another account", other);
    assert_eq!(service.pending().await.pending, 2);
    for _ in 0..2 {
        service.work().await;
    }
    assert_eq!(service.pending().await, Statistics::default());
    let reviews = service.others.reviews.all();
    let names: Vec<_> = reviews.iter().map(|review| &*review.author_name).collect();
    assert_eq!(names, ["", "Bob"]);
    let checkout = &service.others.checkout;
    assert_eq!(checkout.deletions(&account_id.to_string()), 1);
    assert!(
        service
            .others
            .carts
            .contents(&account_id.to_string())
            .is_empty()
    );
}

async fn deletion_is_repeated_until_every_service_has_answered(database: TestDb) {
    let (service, account_id) = with_deleted_account(&database).await;
    let faults = &service.others.reviews.faults;
    faults.set("delete_account_data", Fault::Down);
    for _ in 0..20 {
        service.work().await;
        service.clock.advance(Duration::from_secs(301));
    }
    assert_eq!(faults.calls("delete_account_data"), 20);
    // The service that answers is not called again.
    let checkout = &service.others.checkout;
    assert_eq!(checkout.deletions(&account_id.to_string()), 1);
    assert_eq!(service.pending().await.pending, 1);
    assert_eq!(service.pending().await.dead, 0);
    faults.clear();
    service.work().await;
    service.assert_is_deleted(account_id);
    assert_eq!(service.pending().await, Statistics::default());
}

async fn deletion_goes_on_after_a_crash(database: TestDb) {
    let (service, account_id) = with_deleted_account(&database).await;
    let now = service.now().as_microsecond();
    let lease = Lease {
        id: "the process that crashes",
        until: now + 60_000_000,
    };
    let claimed = store::write!(service.accounts.db(), transaction => {
        outbox::claim(transaction, DELETION_TOPIC, lease, now, 10).await
    });
    assert_eq!(claimed.expect("the database answers").len(), 2);
    // The answer of one call is lost, as if the process had crashed before it.
    let checkout = &service.others.checkout;
    let lost = [Fault::AnswerLost, Fault::None];
    checkout.faults.set_next("delete_account_data", &lost);
    let (clock, others) = (Arc::clone(&service.clock), service.others.clone());
    let options = options(&clock);
    let restarted = TestAccounts::with_others(&database, no_mailer(), options, clock, others);
    restarted.work().await;
    assert_eq!(checkout.deletions(&account_id.to_string()), 0, "leased");
    for _ in 0..2 {
        restarted.clock.advance(Duration::from_secs(61));
        restarted.work().await;
    }
    assert_eq!(checkout.deletions(&account_id.to_string()), 2);
    restarted.assert_is_deleted(account_id);
    assert_eq!(restarted.pending().await, Statistics::default());
}

async fn operator_sees_what_is_not_deleted_yet(database: TestDb) {
    let (service, account_id) = with_deleted_account(&database).await;
    service.mails().await;
    let outbox = service.accounts.outbox();
    let page = outbox.list::<AccountsError>(false, 20, "").await;
    let messages = page.expect("the database answers").items;
    let seen: Vec<_> = messages
        .iter()
        .map(|message| (message.state(), message.summary.clone()))
        .collect();
    let cart = format!("Delete the cart of the deleted account {account_id}");
    let reviews = format!("Remove the name from the reviews of the deleted account {account_id}");
    let waiting = OutboxMessageState::Waiting;
    assert_eq!(seen, [(waiting, cart), (waiting, reviews)]);
}

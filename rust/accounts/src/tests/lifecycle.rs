//! Random sequences of sign-ins, uses and ends of sessions, compared with a model.

use std::time::Duration;

use jiff::Timestamp;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use store::testing::TestDb;
use tokio::runtime::Handle;

use super::TestAccounts;
use crate::{
    Session, Token,
    domain::{SESSION_IDLE_LIFETIME, SESSION_LIFETIME, USE_INTERVAL},
};

store::both_engines! { crate::SCHEMA => sessions_are_open_as_long_as_the_model_says }

#[derive(Debug, Clone)]
enum Step {
    SignIn,
    /// Uses the session that was opened with this number, modulo their number.
    Use(usize),
    SignOut(usize),
    /// Waits for so many hours.
    Wait(u64),
    Prune,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::SignIn),
        6 => any::<usize>().prop_map(Step::Use),
        1 => any::<usize>().prop_map(Step::SignOut),
        4 => (1_u64..24 * 20).prop_map(Step::Wait),
        1 => Just(Step::Prune),
    ];
    prop::collection::vec(step, 1..30)
}

/// A session as the model knows it.
struct ModelSession {
    token: Token,
    session: Session,
    last_use: Timestamp,
    ended: bool,
}

impl ModelSession {
    fn is_open(&self, now: Timestamp) -> bool {
        !self.ended
            && now.duration_since(self.session.create_time) < SESSION_LIFETIME
            && now.duration_since(self.last_use) < SESSION_IDLE_LIFETIME
    }
}

async fn compare(service: &TestAccounts, steps: Vec<Step>) {
    let mut opened: Vec<ModelSession> = Vec::new();
    for step in steps {
        let now = service.now();
        match step {
            Step::SignIn => {
                let (token, session) = service.sign_in("ada@example.org").await;
                opened.push(ModelSession {
                    token,
                    session,
                    last_use: now,
                    ended: false,
                });
            }
            Step::Use(number) => {
                let count = opened.len().max(1);
                if let Some(model) = opened.get_mut(number % count) {
                    let open = model.is_open(now);
                    assert_eq!(service.is_open(&model.token).await, open);
                    if open && now.duration_since(model.last_use) > USE_INTERVAL {
                        model.last_use = now;
                    }
                }
            }
            Step::SignOut(number) => {
                let count = opened.len().max(1);
                if let Some(model) = opened.get_mut(number % count) {
                    let ended = service.accounts.sign_out(&model.session).await;
                    assert_eq!(ended.is_ok(), model.is_open(now));
                    model.ended = true;
                }
            }
            Step::Wait(hours) => service.clock.advance(Duration::from_secs(hours * 3600)),
            Step::Prune => {
                use service::PeriodicTask as _;
                let mut prune = crate::service::Prune(service.accounts.clone());
                prune.run().await.expect("the database answers");
            }
        }
    }
    let now = service.now();
    for model in &opened {
        assert_eq!(service.is_open(&model.token).await, model.is_open(now));
    }
}

async fn sessions_are_open_as_long_as_the_model_says(database: TestDb) {
    let service = TestAccounts::open(&database);
    service.create("ada@example.org").await;
    let handle = Handle::current();
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            ..Config::with_cases(24)
        });
        let outcome = runner.run(&steps(), |steps| {
            handle.block_on(compare(&service, steps));
            Ok(())
        });
        outcome.expect("the service and the model agree");
    });
}

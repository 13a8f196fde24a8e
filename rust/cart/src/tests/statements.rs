use store::testing::{TestDb, prepare_all};

use crate::store as rows;

store::both_engines! { crate::SCHEMA => all_statements_are_valid }

async fn all_statements_are_valid(database: TestDb) {
    for statements in [
        rows::carts::STATEMENTS,
        rows::deleted_accounts::STATEMENTS,
        rows::orders::STATEMENTS,
        rows::purchases::STATEMENTS,
        rows::resolutions::STATEMENTS,
        store::idempotency::STATEMENTS,
        store::outbox::STATEMENTS,
    ] {
        prepare_all(database.db(), statements).await;
    }
}

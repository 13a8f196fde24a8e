use store::testing::{TestDb, prepare_all};

use crate::store as rows;

store::both_engines! { crate::SCHEMA => all_statements_are_valid }

async fn all_statements_are_valid(database: TestDb) {
    for statements in [
        rows::accounts::STATEMENTS,
        rows::attempts::STATEMENTS,
        rows::resets::STATEMENTS,
        rows::sessions::STATEMENTS,
        rows::sign_ups::STATEMENTS,
    ] {
        prepare_all(database.db(), statements).await;
    }
}

use store::testing::{TestDb, prepare_all};

use crate::store as rows;

store::both_engines! { crate::SCHEMA => all_statements_are_valid }

async fn all_statements_are_valid(database: TestDb) {
    for statements in [
        rows::authors::STATEMENTS,
        rows::lists::STATEMENTS,
        rows::purchases::STATEMENTS,
        rows::ratings::STATEMENTS,
        rows::reader_ratings::STATEMENTS,
        rows::reviews::STATEMENTS,
    ] {
        prepare_all(database.db(), statements).await;
    }
}

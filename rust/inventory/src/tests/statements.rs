use store::testing::{TestDb, prepare_all};

use crate::store as rows;

store::both_engines! { crate::SCHEMA => every_statement_is_prepared }

async fn every_statement_is_prepared(database: TestDb) {
    for statements in [
        rows::books::STATEMENTS,
        rows::search::STATEMENTS,
        rows::stock::STATEMENTS,
        rows::reservations::STATEMENTS,
        store::replay::STATEMENTS,
    ] {
        prepare_all(database.db(), statements).await;
    }
}

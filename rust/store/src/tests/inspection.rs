//! What `inspect` says of a database, which it does not change.

use super::{CURRENT, NEWER};
use crate::{
    Db, Engine, OpenError, Schema, SchemaState, inspect,
    testing::{TestDb, postgres_location, sqlite_location},
};

crate::both_engines! {
    crate::tests::CURRENT =>
    open_database_is_current_outdated_or_too_new,
}

async fn state(database: &TestDb, schema: &Schema) -> Result<SchemaState, OpenError> {
    let inspection = inspect(database.location(), schema).await?;
    let has_clock = database.db().engine() == Engine::Postgres;
    assert_eq!(inspection.server_time.is_some(), has_clock);
    Ok(inspection.state)
}

async fn open_database_is_current_outdated_or_too_new(database: TestDb) {
    let current = state(&database, &CURRENT).await;
    assert_eq!(current.expect("it is open"), SchemaState::Current);
    for _ in 0..2 {
        let outdated = state(&database, &NEWER).await.expect("it is open");
        assert_eq!(outdated, SchemaState::Outdated { missing: 1 });
    }
    let newer = Db::open(database.location(), &NEWER).await;
    newer.expect("there is one migration to do").close().await;
    let refused = state(&database, &CURRENT).await;
    assert!(matches!(
        refused,
        Err(OpenError::SchemaTooNew { version: 2, .. })
    ));
}

#[tokio::test]
async fn database_without_the_schema_is_not_created() {
    let (folder, _folder) = sqlite_location();
    for location in [folder, postgres_location().await] {
        for _ in 0..2 {
            let inspection = inspect(&location, &CURRENT).await.expect("it can be read");
            assert_eq!(inspection.state, SchemaState::Missing, "{location}");
        }
    }
}

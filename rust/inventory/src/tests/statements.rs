use std::fs;

use store::{
    Sql,
    testing::{TestDb, prepare_all},
};

use crate::store as rows;

store::both_engines! { crate::SCHEMA => all_statements_are_valid }

/// The statements of each module of `store`.
const MODULES: &[&[(&str, Sql)]] = &[
    rows::books::STATEMENTS,
    rows::stock::STATEMENTS,
    rows::reservations::STATEMENTS,
];

async fn all_statements_are_valid(database: TestDb) {
    let of_the_store = [store::idempotency::STATEMENTS, store::outbox::STATEMENTS];
    for statements in MODULES.iter().copied().chain(of_the_store) {
        prepare_all(database.db(), statements).await;
    }
}

/// A statement that is declared without `statements!`, or in a module that is not listed
/// above, would not be prepared.
#[test]
fn no_statement_is_missing_from_the_list() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    for file in fs::read_dir(folder).expect("the folder exists") {
        let path = file.expect("the folder is readable").path();
        let text = fs::read_to_string(&path).expect("the file is readable");
        let declarations = text.matches("Sql::portable(").count()
            + text.matches("Sql::per_engine(").count()
            + text.matches("query(\"").count();
        let module = path.file_stem().expect("the file has a name");
        let prefix = format!("inventory::store::{}::", module.display());
        let listed = MODULES
            .iter()
            .flat_map(|statements| statements.iter())
            .filter(|(name, _)| name.starts_with(&prefix));
        assert_eq!(listed.count(), declarations, "{}", path.display());
    }
}

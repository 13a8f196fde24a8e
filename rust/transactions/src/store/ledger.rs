//! Statements about the ledger. Entries are only added: triggers refuse changes.

use jiff::Timestamp;
use serde::Serialize;
use store::{Connection, Sql, query};

use crate::{LedgerAccount, LedgerBalance, TransactionsError};

store::statements! {
    /// Inserts all entries of a posting, or none if their sum is not zero.
    const POST = Sql::per_engine(
        "INSERT INTO ledger_entries (posting, account, currency_code, amount_minor, created_at)
         SELECT $1, value ->> 'account', $2, value ->> 'amount_minor', $4 FROM json_each($3)
         WHERE (SELECT SUM(value ->> 'amount_minor') FROM json_each($3)) = 0",
        "INSERT INTO ledger_entries (posting, account, currency_code, amount_minor, created_at)
         SELECT $1, account, $2, amount_minor, $4
         FROM json_to_recordset(CAST($3 AS json)) AS entry (account TEXT, amount_minor BIGINT)
         WHERE (SELECT SUM(amount_minor) FROM json_to_recordset(CAST($3 AS json))
             AS entry (account TEXT, amount_minor BIGINT)) = 0",
    );

    /// The postings of a charge are its name, and those whose names begin with it and a space. The
    /// exclamation mark follows the space.
    const OF_CHARGE = Sql::portable(
        "SELECT account, CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entries
         WHERE posting >= $1 AND posting < $2 GROUP BY account ORDER BY account",
    );

    const BALANCES = Sql::portable(
        "SELECT currency_code, CAST(SUM(amount_minor) AS BIGINT),
             CAST(SUM(CASE WHEN account = 'provider_balance' THEN amount_minor ELSE 0 END)
                 AS BIGINT)
         FROM ledger_entries GROUP BY currency_code ORDER BY currency_code",
    );

    const UNBALANCED = Sql::portable(
        "SELECT posting FROM ledger_entries GROUP BY posting
         HAVING SUM(amount_minor) <> 0 OR MIN(currency_code) <> MAX(currency_code)
         ORDER BY posting LIMIT 100",
    );
}

#[derive(Serialize)]
struct EntryRow {
    account: &'static str,
    amount_minor: i64,
}

/// Adds a balanced set of entries. `posting` names it: a second posting of the same name is an
/// error of the database. Entries of zero are left out.
pub(crate) async fn post(
    transaction: &mut store::Transaction,
    posting: &str,
    currency_code: &str,
    entries: &[(LedgerAccount, i64)],
    now: Timestamp,
) -> Result<(), TransactionsError> {
    let rows: Vec<EntryRow> = entries
        .iter()
        .filter(|(_, amount_minor)| *amount_minor != 0)
        .map(|(account, amount_minor)| EntryRow {
            account: account.name(),
            amount_minor: *amount_minor,
        })
        .collect();
    let unbalanced = || TransactionsError::Corrupt(format!("the posting {posting} of {entries:?}"));
    let json = serde_json::to_string(&rows).map_err(|_| unbalanced())?;
    let posted = query(POST)
        .bind(posting)
        .bind(currency_code)
        .bind(&json)
        .bind(now.as_microsecond())
        .execute(transaction)
        .await?;
    if rows.is_empty() || posted != rows.len() as u64 {
        return Err(unbalanced());
    }
    Ok(())
}

/// The sums of all entries of the postings `posting` and `posting ...`, by account.
pub(crate) async fn sums_of(
    connection: &mut Connection,
    posting: &str,
) -> Result<Vec<(LedgerAccount, i64)>, TransactionsError> {
    let rows: Vec<(String, i64)> = query(OF_CHARGE)
        .bind(posting)
        .bind(format!("{posting}!"))
        .fetch_all(connection)
        .await?;
    let known = |(name, sum): (String, i64)| {
        let account = LedgerAccount::from_name(&name);
        let unknown = || TransactionsError::Corrupt(format!("the account {name:?} of the ledger"));
        Ok((account.ok_or_else(unknown)?, sum))
    };
    rows.into_iter().map(known).collect()
}

/// The sums of each currency.
pub(crate) async fn balances(
    connection: &mut Connection,
) -> Result<Vec<LedgerBalance>, TransactionsError> {
    let rows: Vec<(String, i64, i64)> =
        query(BALANCES).long_running().fetch_all(connection).await?;
    let balances =
        rows.into_iter().map(
            |(currency_code, sum_minor, provider_balance_minor)| LedgerBalance {
                currency_code,
                sum_minor,
                provider_balance_minor,
            },
        );
    Ok(balances.collect())
}

/// The names of postings whose sum is not zero, at most 100. There are none.
pub(crate) async fn unbalanced(
    connection: &mut Connection,
) -> Result<Vec<String>, TransactionsError> {
    let rows: Vec<(String,)> = query(UNBALANCED)
        .long_running()
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(posting,)| posting).collect())
}

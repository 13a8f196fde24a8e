//! Opens the accounts with which `proofread` signs in. `tools/with-bookstore` sets the
//! environment variables.
//!
//! Without an argument it opens a new account, puts a book into its cart, and prints its session
//! token. With `prepare` it opens the accounts of `proofread.toml`, and writes to the data
//! folder: the id of the first account, a verification token and a reset token that were not
//! used yet, the ids of paid orders, and the etag of a cart like that of a new account. Two
//! accounts review one book, so that its list has two items. For the methods of the operator it lets
//! mails be dead, and an order and a payment be parked; the bookstore has to park orders after a few
//! seconds. It also gives the book that is reserved enough copies for all reservations.

use std::{env, fs, path::PathBuf};

use anyhow::{Context, bail};
use suite::{AccountHelper, OperatorHelper, REQUEST_REFUSED, UNDELIVERABLE};
use uuid::Uuid;

/// The book that `proofread.toml` reserves.
const RESERVED_BOOK: i32 = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let variable = |name| env::var(name).context(name);
    let grpc_url = format!("http://{}", variable("BINDERY_GRPC")?);
    let data = PathBuf::from(variable("BINDERY_DATA")?);
    let helper = AccountHelper {
        grpc_url: &grpc_url,
        data: &data,
    };
    match env::args().nth(1).as_deref() {
        None => {
            let email = format!("{}@example.org", Uuid::new_v4());
            let opened = helper.open(&email).await?;
            helper.fill_cart(&opened.session_token).await?;
            println!("{}", opened.session_token);
        }
        Some("prepare") => {
            let first = helper.open("ada@example.org").await?;
            fs::write(data.join("account.id"), &first.account_id)?;
            for file in ["order.id", "cancelled-order.id", "shipped-order.id"] {
                fs::write(data.join(file), helper.order(&first.session_token).await?)?;
            }
            let bob = helper.open("bob@example.org").await?;
            for account in [&first, &bob] {
                helper.review(&account.session_token).await?;
            }
            helper.open("eve@example.org").await?;
            let dora = helper.open("dora@example.org").await?;
            let etag = helper.fill_cart(&dora.session_token).await?;
            fs::write(data.join("cart.etag"), etag)?;
            let verification = helper.sign_up("carol@example.org").await?;
            fs::write(data.join("verification.token"), verification)?;
            let reset = helper.request_reset("dora@example.org").await?;
            fs::write(data.join("reset.token"), reset)?;
            prepare_for_the_operator(&helper, &first.session_token).await?;
        }
        Some(other) => bail!("{other:?} is not known: pass nothing or prepare"),
    }
    Ok(())
}

/// Lets mails, an order and a payment wait for the operator.
async fn prepare_for_the_operator(
    helper: &AccountHelper<'_>,
    session_token: &str,
) -> anyhow::Result<()> {
    let operator_token = fs::read_to_string(helper.data.join("operator.token"))?;
    let operator = OperatorHelper::new(helper.grpc_url, &operator_token)?;
    operator.fill_stock(RESERVED_BOOK).await?;
    helper.request_sign_up(UNDELIVERABLE).await?;
    let secret = env::var("BINDERY_SERVICE_SECRET_FILE").context("BINDERY_SERVICE_SECRET_FILE")?;
    let secret = fs::read_to_string(secret)?;
    suite::charge_with_undeliverable_receipt(helper.grpc_url, &secret).await?;
    operator.wait_for_dead_mails().await?;
    // Two orders stay as they are, and wait for their payments.
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order_id = helper.place_order(session_token, REQUEST_REFUSED).await?;
        operator.wait_for_parked_payment(&order_id).await?;
        orders.push(order_id);
    }
    helper.cancel_order(session_token, &orders[2]).await?;
    operator.wait_for_parked_order(&orders[2]).await
}

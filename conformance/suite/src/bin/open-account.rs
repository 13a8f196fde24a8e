//! Opens the accounts with which `proofread` signs in. `tools/with-bookstore` sets the
//! environment variables.
//!
//! Without an argument it opens a new account, puts a book into its cart, and prints its session
//! token. With `prepare` it opens the accounts of `proofread.toml`, and writes to the data
//! folder: the id of the first account, a verification token and a reset token that were not
//! used yet, the ids of paid orders, and the etag of a cart like that of a new account. Two
//! accounts review one book, so that its list has two items.

use std::{env, fs, path::PathBuf};

use anyhow::{Context, bail};
use suite::AccountHelper;
use uuid::Uuid;

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
            let dora = helper.open("dora@example.org").await?;
            let etag = helper.fill_cart(&dora.session_token).await?;
            fs::write(data.join("cart.etag"), etag)?;
            let verification = helper.sign_up("carol@example.org").await?;
            fs::write(data.join("verification.token"), verification)?;
            let reset = helper.request_reset("dora@example.org").await?;
            fs::write(data.join("reset.token"), reset)?;
        }
        Some(other) => bail!("{other:?} is not known: pass nothing or prepare"),
    }
    Ok(())
}

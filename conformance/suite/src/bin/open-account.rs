//! Opens the accounts with which `proofread` signs in. `tools/with-bookstore` sets the
//! environment variables.
//!
//! Without an argument it opens a new account and prints its session token. With `prepare` it
//! opens the accounts of `proofread.toml`, and writes the id of the first one, and a
//! verification token and a reset token that were not used yet, to the data folder.

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
            println!("{}", helper.open(&email).await?.session_token);
        }
        Some("prepare") => {
            let first = helper.open("ada@example.org").await?;
            fs::write(data.join("account.id"), first.account_id)?;
            for email in ["bob@example.org", "dora@example.org"] {
                helper.open(email).await?;
            }
            let verification = helper.sign_up("carol@example.org").await?;
            fs::write(data.join("verification.token"), verification)?;
            let reset = helper.request_reset("dora@example.org").await?;
            fs::write(data.join("reset.token"), reset)?;
        }
        Some(other) => bail!("{other:?} is not known: pass nothing or prepare"),
    }
    Ok(())
}

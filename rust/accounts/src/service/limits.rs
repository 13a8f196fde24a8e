//! Limits how often passwords are compared and mails are requested.

use std::net::IpAddr;

use crate::{Accounts, AccountsError, EmailAddress, domain::Attempt, store as rows};

/// An attempt that was counted.
#[must_use]
pub(super) struct Counted {
    attempt: Attempt,
    email: EmailAddress,
    network: Option<IpAddr>,
}

impl Accounts {
    /// Counts an attempt in a transaction of its own, before the work that it limits.
    ///
    /// # Errors
    /// [`AccountsError::TooManyAttempts`] if a limit is reached.
    pub(super) async fn count(
        &self,
        attempt: Attempt,
        email: &EmailAddress,
        network: Option<IpAddr>,
    ) -> Result<Counted, AccountsError> {
        let now = self.now();
        let limits = attempt.limits(email, network);
        store::write!(self.db(), transaction => {
            // The order keeps two attempts from waiting for each other.
            for (counted, limit) in &limits {
                let wait = rows::attempts::count(transaction, counted, *limit, now).await?;
                if let Some(retry_after) = wait {
                    return Err(AccountsError::TooManyAttempts { retry_after });
                }
            }
            Ok(())
        })?;
        Ok(Counted {
            attempt,
            email: email.clone(),
            network,
        })
    }

    /// Takes an attempt back: whoever knows the password does not guess.
    pub(super) async fn give_back(
        &self,
        transaction: &mut store::Transaction,
        counted: &Counted,
    ) -> Result<(), AccountsError> {
        for (key, limit) in counted.attempt.limits(&counted.email, counted.network) {
            rows::attempts::give_back(transaction, &key, limit).await?;
        }
        Ok(())
    }
}

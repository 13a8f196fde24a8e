//! What other services keep about a deleted account. The messages are committed to the outbox
//! together with the deletion, one for each service, so that one that does not respond holds back
//! no other.

use serde::{Deserialize, Serialize};
use service::{AccountId, DeliveryError, OutboxHandler};
use store::outbox::{self, Message};
use uuid::Uuid;

use crate::{Accounts, AccountsError, DataService};

/// The topic of the outbox.
pub(crate) const TOPIC: &str = "account-deletions";

/// The services that delete something. Transactions keeps payments for the books.
pub(crate) const SERVICES: [DataService; 2] = [DataService::Cart, DataService::Reviews];

/// The payload of a message.
#[derive(Serialize, Deserialize)]
struct Deletion {
    /// The id of the account, a UUID.
    account_id: String,
    service: DataService,
}

/// Says in words what a message does.
pub(super) fn summarize(payload: &[u8]) -> String {
    match serde_json::from_slice(payload) {
        Ok(Deletion {
            account_id,
            service: DataService::Reviews,
        }) => format!("Remove the name from the reviews of the deleted account {account_id}"),
        Ok(Deletion { account_id, .. }) => {
            format!("Delete the cart of the deleted account {account_id}")
        }
        Err(_) => "An unknown payload".to_owned(),
    }
}

impl Accounts {
    /// Lets the other services delete what they keep about an account, when the transaction is
    /// committed.
    pub(super) async fn enqueue_deletions(
        &self,
        transaction: &mut store::Transaction,
        account_id: AccountId,
    ) -> Result<(), AccountsError> {
        let now = self.now().as_microsecond();
        for service in SERVICES {
            let deletion = Deletion {
                account_id: account_id.to_string(),
                service,
            };
            let payload = serde_json::to_vec(&deletion)
                .map_err(|error| AccountsError::Corrupt(format!("a deletion: {error}")))?;
            let key = format!("{account_id} {}", service.as_str());
            outbox::enqueue(transaction, TOPIC, &key, &payload, now).await?;
        }
        Ok(())
    }
}

/// Tells the other services.
pub(crate) struct DeleteData(pub(super) Accounts);

impl OutboxHandler for DeleteData {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let unknown = |error: &dyn std::fmt::Display| {
            DeliveryError::Permanent(format!("an unknown payload: {error}"))
        };
        let deletion = serde_json::from_slice(&message.payload);
        let Deletion {
            account_id,
            service,
        } = deletion.map_err(|error| unknown(&error))?;
        let account_id = Uuid::parse_str(&account_id).map_err(|error| unknown(&error))?;
        let data = &self.0.inner.data;
        let deleted = data.delete(service, AccountId(account_id)).await;
        deleted.map_err(|status| DeliveryError::Temporary(status.to_string()))
    }
}

//! Converts domain types to responses.

use contract::bookstore::accounts::v1 as contract_v1;
use service::convert::timestamp_to_proto;

use crate::{Account, Session};

impl From<Account> for contract_v1::Account {
    fn from(account: Account) -> Self {
        let address = account.profile.default_shipping_address;
        Self {
            account_id: account.account_id.to_string(),
            email: account.email.as_str().to_owned(),
            profile: Some(contract_v1::AccountProfile {
                display_name: account.profile.display_name,
                default_shipping_address: address.map(Into::into),
            }),
            create_time: Some(timestamp_to_proto(account.create_time)),
        }
    }
}

impl From<Session> for contract_v1::Session {
    fn from(session: Session) -> Self {
        Self {
            session_id: session.session_id.to_string(),
            account_id: session.account_id.to_string(),
            create_time: Some(timestamp_to_proto(session.create_time)),
            expire_time: Some(timestamp_to_proto(session.expire_time())),
            last_use_time: Some(timestamp_to_proto(session.last_use_time)),
            client_label: session.client_label,
        }
    }
}

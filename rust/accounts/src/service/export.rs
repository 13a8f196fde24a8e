//! The export of everything that the shop knows about an account.

use std::{future, slice};

use futures::{Stream, StreamExt as _, stream};
use service::AccountId;

use crate::{Accounts, AccountsError, DataService, SessionId, domain::MAX_SESSIONS, store as rows};

impl Accounts {
    /// Everything that the shop knows about an account, as the pieces of a JSON object with a
    /// member for each service. The stream ends with an error if a part is missing.
    ///
    /// # Errors
    /// [`AccountsError::SessionInvalid`] if the account was deleted. The stream can fail with
    /// [`AccountsError::ExportIncomplete`].
    pub async fn export(
        &self,
        account_id: AccountId,
    ) -> Result<impl Stream<Item = Result<String, AccountsError>> + Send + use<>, AccountsError>
    {
        let own = self.own_part(account_id).await?;
        let others = Others {
            accounts: self.clone(),
            account_id,
            services: DataService::ALL.iter(),
            started: None,
        };
        let others = stream::try_unfold(others, Others::next_piece);
        Ok(stream::once(future::ready(Ok(own))).chain(others))
    }

    /// The beginning of the document, with what this service knows.
    async fn own_part(&self, account_id: AccountId) -> Result<String, AccountsError> {
        let now = self.now();
        let (stored, sessions) = store::read!(self.db(), connection => {
            let stored = rows::accounts::get(connection, account_id).await?;
            let all = SessionId(uuid::Uuid::max());
            let sessions =
                rows::sessions::list(connection, account_id, all, now, MAX_SESSIONS).await?;
            Ok::<_, AccountsError>((stored, sessions))
        })?;
        let account = stored.ok_or(AccountsError::SessionInvalid)?.account;
        let sessions = sessions.iter().map(|session| {
            serde_json::json!({
                "session_id": session.session_id.to_string(),
                "client_label": session.client_label,
                "create_time": session.create_time.to_string(),
                "last_use_time": session.last_use_time.to_string(),
                "expire_time": session.expire_time().to_string(),
            })
        });
        let own = serde_json::json!({
            "account_id": account.account_id.to_string(),
            "email": account.email.as_str(),
            "display_name": account.profile.display_name,
            "default_shipping_address": account.profile.default_shipping_address,
            "create_time": account.create_time.to_string(),
            "sessions": sessions.collect::<Vec<_>>(),
        });
        Ok(format!("{{\"export_time\":\"{now}\",\"accounts\":{own}"))
    }
}

/// What the other services know: the rest of the document.
struct Others {
    accounts: Accounts,
    account_id: AccountId,
    /// The services that were not asked yet.
    services: slice::Iter<'static, DataService>,
    /// The service whose list is not complete.
    started: Option<Started>,
}

struct Started {
    service: DataService,
    page_token: String,
    has_items: bool,
}

impl Others {
    /// The piece with the next page; `None` if the document is complete.
    async fn next_piece(mut self) -> Result<Option<(String, Self)>, AccountsError> {
        let started = self.started.take();
        let is_first = started.is_none();
        let (service, page_token, has_items) = match started {
            Some(started) => (started.service, started.page_token, started.has_items),
            None => match self.services.next() {
                Some(service) => (*service, String::new(), false),
                None => return Ok(None),
            },
        };
        let data = &self.accounts.inner.data;
        let page = data.page(service, self.account_id, page_token).await?;
        let mut piece = String::new();
        if is_first {
            piece.push_str(&format!(",\"{}\":{{", service.as_str()));
            if let Some((name, items)) = &page.on_first_page {
                piece.push_str(&format!("\"{name}\":[{}],", items.join(",")));
            }
            piece.push_str(&format!("\"{}\":[", page.list));
        }
        if has_items && !page.items.is_empty() {
            piece.push(',');
        }
        piece.push_str(&page.items.join(","));
        if !page.next_page_token.is_empty() {
            self.started = Some(Started {
                service,
                has_items: has_items || !page.items.is_empty(),
                page_token: page.next_page_token,
            });
            return Ok(Some((piece, self)));
        }
        piece.push_str("]}");
        if self.services.as_slice().is_empty() {
            piece.push('}');
        }
        Ok(Some((piece, self)))
    }
}

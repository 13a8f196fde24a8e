//! The sessions of an account.

use service::{AccountId, Page, PageScope};

use crate::{
    Accounts, AccountsError, Session, SessionId, TokenHash, domain::USE_INTERVAL, store as rows,
};

/// The version of the page tokens. Must be changed together with the sort order of the list or
/// the type of its position.
const TOKEN_VERSION: u8 = 1;

impl Accounts {
    /// The open session with a token. Records the use, at most once an hour.
    ///
    /// # Errors
    /// [`AccountsError::SessionInvalid`], or an error of the database.
    pub async fn session(&self, token: &str) -> Result<Session, AccountsError> {
        let token_hash = TokenHash::of(token);
        let now = self.now();
        let found = store::read!(self.db(), connection => {
            rows::sessions::find(connection, token_hash, now).await
        })?;
        let mut session = found.ok_or(AccountsError::SessionInvalid)?;
        if now.duration_since(session.last_use_time) > USE_INTERVAL {
            store::write!(self.db(), transaction => {
                rows::sessions::record_use(transaction, session.session_id, now).await
            })?;
            session.last_use_time = now;
        }
        Ok(session)
    }

    /// A page of the open sessions of an account, newest first.
    ///
    /// # Errors
    /// [`AccountsError::InvalidPageToken`], or an error of the database.
    pub async fn sessions(
        &self,
        account_id: AccountId,
        page_size: u32,
        page_token: &str,
    ) -> Result<Page<Session>, AccountsError> {
        let scope = PageScope::new(TOKEN_VERSION, "ListSessions").with(account_id.0);
        let before = SessionId(scope.decode_id(page_token)?);
        let limit = i64::from(page_size) + 1;
        let now = self.now();
        let sessions = store::read!(self.db(), connection => {
            rows::sessions::list(connection, account_id, before, now, limit).await
        })?;
        Page::from_items(sessions, page_size, |last| {
            Ok(scope.encode_id(last.session_id.0)?)
        })
    }

    /// Ends the session of the call.
    ///
    /// # Errors
    /// [`AccountsError::SessionInvalid`] if it has ended meanwhile.
    pub async fn sign_out(&self, session: &Session) -> Result<(), AccountsError> {
        match self
            .revoke_session(session.account_id, session.session_id)
            .await
        {
            Err(AccountsError::SessionNotFound(_)) => Err(AccountsError::SessionInvalid),
            outcome => outcome,
        }
    }

    /// Ends a session of an account.
    ///
    /// # Errors
    /// [`AccountsError::SessionNotFound`].
    pub async fn revoke_session(
        &self,
        account_id: AccountId,
        session_id: SessionId,
    ) -> Result<(), AccountsError> {
        let now = self.now();
        let ended = store::write!(self.db(), transaction => {
            rows::sessions::delete(transaction, session_id, account_id, now).await
        })?;
        if ended {
            Ok(())
        } else {
            Err(AccountsError::SessionNotFound(session_id))
        }
    }
}

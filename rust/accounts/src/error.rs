//! The errors of the service and their gRPC statuses. The contract declares every status
//! that is returned here.

use std::time::Duration;

use contract::errors::accounts as errors;
use service::{ConversionError, InvalidPageToken};
use tonic::Status;
use uuid::Uuid;

use crate::{DataService, PasswordError, SessionId};

/// The `RetryInfo` delay while as many passwords are being hashed as allowed.
const HASH_RETRY: Duration = Duration::from_secs(1);
/// The `RetryInfo` delay while another service does not respond.
const UNAVAILABLE_RETRY: Duration = Duration::from_millis(500);

/// Why a call failed. A failed call changes nothing, but its attempt is counted.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The new password is one of those that are guessed first.
    #[error("the password is too common or equals the email address: choose another one")]
    PasswordTooCommon,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    PasswordWrong,
    /// No account has this address and password.
    #[error("no account has this email address and password")]
    SignInRefused,
    /// The session has ended since the call was authenticated, or its account was deleted.
    #[error("the session is not open any more: sign in again")]
    SessionInvalid,
    /// The account has no open session with this id.
    #[error("the account has no open session with the id {0}")]
    SessionNotFound(SessionId),
    /// The token of a verification mail cannot create an account.
    #[error("the verification token is not valid any more: sign in or sign up again")]
    VerificationTokenInvalid,
    /// The token of a reset mail cannot set a password.
    #[error("the reset token is not valid any more: request a new reset")]
    ResetTokenInvalid,
    /// The mask has no path, or one that cannot be changed alone.
    #[error("the update mask is empty, or has a path inside the address")]
    UpdateMaskInvalid,
    /// A limit is reached.
    #[error("too many attempts: wait {} s", retry_after.as_secs().max(1))]
    TooManyAttempts {
        /// After this time another attempt is allowed.
        retry_after: Duration,
    },
    /// The request id was used before with another body.
    #[error("the request id {0} was used with another body: take a new one")]
    RequestIdReused(Uuid),
    /// A service that keeps a part of the data does not respond.
    #[error("the service {} does not respond, so its part is missing: retry with backoff", .0.as_str())]
    ExportIncomplete(DataService),
    /// The outbox has no message with this number.
    #[error("the outbox has no message {0}: it may have been delivered")]
    MessageNotFound(i64),
    /// The page token is malformed or belongs to another query.
    #[error(transparent)]
    InvalidPageToken(#[from] InvalidPageToken),
    /// A password was neither hashed nor verified.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database does not answer or rejected a statement.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A validated request or a response cannot be converted.
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    /// The database contains a value that this program cannot have written.
    #[error("the database contains an invalid value: {0}")]
    Corrupt(String),
}

impl From<AccountsError> for Status {
    fn from(error: AccountsError) -> Status {
        let declared = |declared| rpc::failure(declared, error.to_string());
        match &error {
            AccountsError::PasswordTooCommon => declared(errors::PASSWORD_TOO_COMMON),
            AccountsError::PasswordWrong => declared(errors::PASSWORD_WRONG),
            AccountsError::SignInRefused => declared(errors::SIGN_IN_REFUSED),
            AccountsError::SessionInvalid => declared(errors::SESSION_INVALID),
            AccountsError::SessionNotFound(session_id) => {
                declared(errors::SESSION_NOT_FOUND).with("session_id", session_id)
            }
            AccountsError::VerificationTokenInvalid => declared(errors::VERIFICATION_TOKEN_INVALID),
            AccountsError::ResetTokenInvalid => declared(errors::RESET_TOKEN_INVALID),
            AccountsError::UpdateMaskInvalid => declared(errors::UPDATE_MASK_INVALID),
            AccountsError::TooManyAttempts { retry_after } => {
                declared(errors::TOO_MANY_ATTEMPTS).retry_after(*retry_after)
            }
            AccountsError::RequestIdReused(request_id) => rpc::request_id_reused(request_id),
            AccountsError::ExportIncomplete(service) => declared(errors::EXPORT_INCOMPLETE)
                .with("service", service.as_str())
                .retry_after(UNAVAILABLE_RETRY),
            AccountsError::MessageNotFound(message_id) => {
                declared(errors::MESSAGE_NOT_FOUND).with("message_id", message_id)
            }
            AccountsError::InvalidPageToken(_) => declared(errors::PAGE_TOKEN_INVALID),
            AccountsError::Password(PasswordError::Overloaded) => {
                declared(errors::OVERLOADED).retry_after(HASH_RETRY)
            }
            AccountsError::Store(store::Error::Overloaded) => rpc::store_overloaded(),
            AccountsError::Store(cause) if cause.is_unavailable() => rpc::store_unavailable(cause),
            AccountsError::Password(_)
            | AccountsError::Store(_)
            | AccountsError::Conversion(_)
            | AccountsError::Corrupt(_) => return rpc::internal(&error),
        }
        .into_status()
    }
}

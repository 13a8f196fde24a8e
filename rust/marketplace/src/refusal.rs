//! Why a service refused a call that a visitor made by a form.

use std::time::Duration;

use prost::Message;
use prost_protovalidate_types::{FieldPath, Violations, field_path_element::Subscript};
use tonic::{Code, Request, Response, Status};
use tonic_types::pb;

use crate::{deadline::Deadline, visitor::Visitor};

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request violates rules of the contract.
    Invalid(Vec<FieldViolation>),
    /// An error that the contract declares for the method.
    Declared {
        /// Such as `PASSWORD_WRONG`.
        reason: String,
        /// How long to wait before the next attempt, if the service tells it.
        retry_after: Option<Duration>,
    },
    /// The session has expired or was ended.
    SignedOut,
    /// No answer in time, or any other error. The details are only in the log.
    Unavailable,
}

/// A rule of the contract that a field violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldViolation {
    /// The path of the field in the request, such as `profile.display_name`.
    pub path: String,
    /// The id of the rule, such as `string.min_len`.
    pub rule: String,
    /// What the rule says, such as "value length must be at least 8 characters".
    pub message: String,
}

/// Calls a method for a visitor: with the session token, and telling the address of the
/// browser, for the limits of the service.
macro_rules! call_for {
    ($visitor:expr, $deadline:expr, $client:expr, $method:ident, $message:expr) => {{
        let mut client = $client.clone();
        $crate::refusal::call(
            stringify!($method),
            $deadline,
            &$visitor,
            $message,
            async move |request| client.$method(request).await,
        )
        .await
    }};
}
pub(crate) use call_for;

/// Makes the call of [`call_for`].
pub(crate) async fn call<Q, A, F>(
    method: &'static str,
    deadline: Deadline,
    visitor: &Visitor,
    message: Q,
    call: impl FnOnce(Request<Q>) -> F,
) -> Result<A, Refusal>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    let mut request = deadline.request(message);
    visitor.identify(request.metadata_mut());
    match call(request).await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => Err(Refusal::from_status(method, &status)),
    }
}

impl Refusal {
    fn from_status(method: &'static str, status: &Status) -> Self {
        let details = pb::Status::decode(status.details()).unwrap_or_default();
        if status.code() == Code::InvalidArgument
            && let Some(violations) = detail::<Violations>(&details, "buf.validate.Violations")
        {
            return Self::Invalid(violations.violations.iter().map(field_violation).collect());
        }
        let info: Option<pb::ErrorInfo> = detail(&details, "google.rpc.ErrorInfo");
        let reason = info.map(|info| info.reason).unwrap_or_default();
        match (status.code(), reason.as_str()) {
            (Code::Unauthenticated, "SESSION_INVALID" | "CREDENTIAL_MISSING") => Self::SignedOut,
            (Code::Unavailable, _) | (_, "" | "OVERLOADED") => {
                tracing::warn!(method, %status, "call failed");
                Self::Unavailable
            }
            _ => Self::Declared {
                reason,
                retry_after: detail::<pb::RetryInfo>(&details, "google.rpc.RetryInfo")
                    .and_then(|info| info.retry_delay?.try_into().ok()),
            },
        }
    }
}

fn detail<M: Message + Default>(status: &pb::Status, full_name: &str) -> Option<M> {
    let mut details = status.details.iter();
    let any = details.find(|any| any.type_url.rsplit('/').next() == Some(full_name))?;
    M::decode(&*any.value).ok()
}

fn field_violation(violation: &prost_protovalidate_types::Violation) -> FieldViolation {
    FieldViolation {
        path: violation.field.as_ref().map(path_text).unwrap_or_default(),
        rule: violation.rule_id.clone().unwrap_or_default(),
        message: violation.message.clone().unwrap_or_default(),
    }
}

fn path_text(path: &FieldPath) -> String {
    let elements = path.elements.iter().map(|element| {
        let name = element.field_name.clone().unwrap_or_default();
        match &element.subscript {
            Some(Subscript::Index(index)) => format!("{name}[{index}]"),
            _ => name,
        }
    });
    elements.collect::<Vec<_>>().join(".")
}

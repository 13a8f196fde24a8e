//! Which callers the contract accepts for one request.

use contract::{Access, errors::shared as errors};
use tonic::Status;

use super::FirstMessage;
use crate::{Caller, failure};

const OPERATOR: &str = "operator";
const ACCOUNT: &str = "account";

/// The access of a method, for one request: alternatives whose condition does not hold
/// for its message do not apply.
pub(super) struct Policy {
    access: &'static [Access],
    message: Option<FirstMessage>,
}

impl Policy {
    /// Without a message, no condition holds.
    pub(super) fn new(access: &'static [Access], message: Option<FirstMessage>) -> Self {
        Self { access, message }
    }

    /// The alternatives that apply to the request. To a message that cannot be decoded all
    /// apply that ask for a credential: no handler sees it, and who has a credential learns
    /// what is wrong.
    fn alternatives(&self) -> impl Iterator<Item = &'static Access> {
        self.access.iter().filter(|access| match access.condition {
            None => true,
            Some(condition) => self.message.as_ref().is_some_and(|message| {
                let holds = match message {
                    FirstMessage::Encoded(message) => condition.holds(message),
                    FirstMessage::Undecodable => None,
                };
                holds.unwrap_or_else(|| !is_open(access))
            }),
        })
    }

    /// Whether an alternative applies to the caller. A credential that is not known here
    /// applies to nobody.
    pub(super) fn accepts(&self, caller: &Caller) -> bool {
        self.access.is_empty()
            || self.alternatives().any(|access| {
                is_open(access)
                    || match caller {
                        Caller::Anonymous => false,
                        Caller::Operator => access.credential == Some(OPERATOR),
                        Caller::Account(_) => access.credential == Some(ACCOUNT),
                        Caller::Service(name) => access.services.contains(&name.as_str()),
                    }
            })
    }

    pub(super) fn accepts_accounts(&self) -> bool {
        self.alternatives()
            .any(|access| access.credential == Some(ACCOUNT))
    }

    pub(super) fn accepts_services(&self) -> bool {
        self.alternatives()
            .any(|access| !access.services.is_empty())
    }

    /// The status for a credential that is wrong, or that belongs to another caller. Its
    /// reason is one that the contract declares for the alternatives.
    pub(super) fn refusal(&self, caller: &Caller) -> Status {
        let only_accounts = self
            .alternatives()
            .all(|access| access.credential == Some(ACCOUNT));
        if only_accounts || (*caller == Caller::Anonymous && self.accepts_accounts()) {
            let message = "the token belongs to no open session: sign in again";
            return failure(errors::SESSION_INVALID, message).into_status();
        }
        let message = match caller {
            Caller::Service(name) => format!("the service {name} may not call this method"),
            _ if self.accepts_services() => {
                "only certain services may call this method, and the call does not prove that it \
                 comes from one: check the client certificate, or the service secret of both \
                 processes"
                    .to_owned()
            }
            _ => "the credential is not one that may call this method".to_owned(),
        };
        failure(errors::CREDENTIAL_REFUSED, message).into_status()
    }
}

/// Whether the alternative applies to everybody.
fn is_open(access: &Access) -> bool {
    access.credential.is_none() && access.services.is_empty()
}

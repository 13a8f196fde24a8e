//! Who may call the correct server. The layer of `rpc` gets the caller that is decided
//! here, because it knows nothing of the methods of the test contract.

use contract::{Access, Condition, errors::shared as errors};
use http::{HeaderMap, header::AUTHORIZATION};
use rpc::{AccountId, Caller, failure};
use tonic::Status;
use uuid::Uuid;

use crate::credentials::{
    ACCOUNT_TOKEN, CART, OPERATOR_TOKEN, OTHER_ACCOUNT_TOKEN, REVIEWS, SERVICE_KEY,
};

const fn guest_id(set: bool) -> Option<Condition> {
    Some(Condition {
        field: "guest_id",
        number: 1,
        explicit_presence: false,
        set,
    })
}

const ACCOUNT: &[Access] = &[Access {
    credential: Some("account"),
    services: &[],
    condition: None,
}];

/// The access of the methods of the test contract, written once more, independently of
/// how the options are read.
const TEST_CONTRACT: [(&str, &[Access]); 9] = [
    (
        "/rules.v1.AccessService/GetBasket",
        &[
            Access {
                credential: Some("account"),
                services: &[],
                condition: guest_id(false),
            },
            Access {
                credential: None,
                services: &[],
                condition: guest_id(true),
            },
        ],
    ),
    (
        "/rules.v1.AccessService/CloseBasket",
        &[Access {
            credential: None,
            services: &["cart"],
            condition: None,
        }],
    ),
    ("/rules.v1.NoteService/CreateNote", ACCOUNT),
    ("/rules.v1.NoteService/GetNote", ACCOUNT),
    ("/rules.v1.NoteService/ListNotes", ACCOUNT),
    ("/rules.v1.NoteService/UpdateNote", ACCOUNT),
    ("/rules.v1.NoteService/DeleteNote", ACCOUNT),
    ("/rules.v1.TagService/GetProfile", ACCOUNT),
    ("/rules.v1.TagService/UpdateProfile", ACCOUNT),
];

/// Who may call the method with this path; empty: anybody.
pub(super) fn access(path: &str) -> &'static [Access] {
    let test = TEST_CONTRACT.iter().find(|(method, _)| *method == path);
    let bookstore = || contract::method(path).map(|method| method.access);
    test.map(|(_, access)| *access)
        .or_else(bookstore)
        .unwrap_or_default()
}

/// The caller as which the call is made, or the status that refuses it.
pub(super) fn authenticate(
    headers: &HeaderMap,
    access: &[Access],
    message: &[u8],
) -> Result<Caller, Status> {
    if access.is_empty() {
        return Ok(Caller::Anonymous);
    }
    let value = |key: &str| headers.get(key).and_then(|value| value.to_str().ok());
    let bearer = value(AUTHORIZATION.as_str());
    let has_token = |token: &str| bearer == Some(&*format!("Bearer {token}"));
    let services = [CART, REVIEWS];
    let service = services
        .iter()
        .filter(|service| value(SERVICE_KEY) == Some(service))
        .find_map(|service| service.split_once(' '))
        .map(|(name, _)| name);
    let alternatives: Vec<&Access> = access
        .iter()
        .filter(|it| {
            // Who has a credential learns that a message cannot be decoded.
            let asks = it.credential.is_some() || !it.services.is_empty();
            let condition = it.condition;
            condition.is_none_or(|condition| condition.holds(message).unwrap_or(asks))
        })
        .collect();
    for alternative in &alternatives {
        let is_open = alternative.credential.is_none() && alternative.services.is_empty();
        if is_open {
            return Ok(Caller::Anonymous);
        }
        for (number, token) in [(1, ACCOUNT_TOKEN), (2, OTHER_ACCOUNT_TOKEN)] {
            if alternative.credential == Some("account") && has_token(token) {
                return Ok(Caller::Account(AccountId(Uuid::from_u128(number))));
            }
        }
        if alternative.credential == Some("operator") && has_token(OPERATOR_TOKEN) {
            return Ok(Caller::Operator);
        }
        if let Some(name) = service.filter(|name| alternative.services.contains(name)) {
            return Ok(Caller::Service(name.into()));
        }
    }
    let for_services = alternatives.iter().any(|it| !it.services.is_empty());
    let error = if bearer.is_none() && !(for_services && value(SERVICE_KEY).is_some()) {
        errors::CREDENTIAL_MISSING
    } else if alternatives
        .iter()
        .all(|it| it.credential == Some("account"))
    {
        errors::SESSION_INVALID
    } else {
        errors::CREDENTIAL_REFUSED
    };
    Err(failure(error, "the credential is not one that may call this method").into_status())
}

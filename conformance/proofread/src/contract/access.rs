//! Who may call a method, and what goes with a credential.

use prost_reflect::{DynamicMessage, ReflectMessage as _};

use super::{DeclaredError, Method};

/// A kind of credential, from `(proofread.v1.credentials)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The name by which access refers to it; `service` for calling services.
    pub name: String,
    /// The metadata key that carries it; empty if no metadata does.
    pub metadata_key: String,
    /// The errors of a missing or wrong credential.
    pub errors: Vec<DeclaredError>,
}

/// One of the alternatives of who may call a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The name of the credential: `operator`; empty if it asks for none.
    pub credential: String,
    /// The names of the services that may call.
    pub services: Vec<String>,
    /// The metadata key of the credential, or of the identity of the service; empty if no
    /// metadata carries it.
    pub metadata_key: String,
    /// The requests to which it applies; `None`: all.
    pub condition: Option<Condition>,
}

/// A condition of an alternative: a field of the request is set, or is unset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The name of the field.
    pub field: String,
    /// Whether the field has to be set, or else unset.
    pub set: bool,
}

impl Access {
    /// The name under which the contract defines the credential.
    pub(super) fn credential_kind(&self) -> Option<&str> {
        if self.services.is_empty() {
            Some(self.credential.as_str()).filter(|name| !name.is_empty())
        } else {
            Some("service")
        }
    }

    /// Whether it asks for nothing, so that it applies to anybody.
    pub fn is_open(&self) -> bool {
        self.credential_kind().is_none()
    }

    /// The names of the credentials that satisfy it in a configuration: the credential,
    /// or one for each service.
    pub fn credential_names(&self) -> Vec<&str> {
        if self.services.is_empty() {
            self.credential_kind().into_iter().collect()
        } else {
            self.services.iter().map(String::as_str).collect()
        }
    }

    /// Whether it applies to a request.
    pub fn applies_to(&self, request: &DynamicMessage) -> bool {
        self.condition.as_ref().is_none_or(|condition| {
            let field = request.descriptor().get_field_by_name(&condition.field);
            field.is_some_and(|field| request.has_field(&field) == condition.set)
        })
    }

    /// In words: `the account if cart_id is unset`. `quote` marks names.
    fn describe(&self, quote: impl Fn(&str) -> String) -> String {
        let services: Vec<String> = self.services.iter().map(|name| quote(name)).collect();
        let who = match services.as_slice() {
            [] if self.credential.is_empty() => "anybody".to_owned(),
            [] => format!("the credential {}", quote(&self.credential)),
            [service] => format!("the service {service}"),
            services => format!("one of the services {}", services.join(", ")),
        };
        match &self.condition {
            None => who,
            Some(condition) => {
                let state = if condition.set { "set" } else { "unset" };
                format!("{who} if {} is {state}", quote(&condition.field))
            }
        }
    }
}

impl Method {
    /// Whether anybody may call the method with this request.
    pub fn is_open_to_anybody_for(&self, request: &DynamicMessage) -> bool {
        let mut access = self.access.iter();
        self.access.is_empty() || access.any(|it| it.is_open() && it.applies_to(request))
    }

    /// The metadata that carries the credentials, each once: `authorization: Bearer TOKEN`,
    /// and only the key for the identity of a service.
    pub fn access_metadata(&self) -> Vec<String> {
        let mut metadata: Vec<String> = Vec::new();
        for access in &self.access {
            let header = match access.credential.as_str() {
                "" => access.metadata_key.clone(),
                _ => format!("{}: Bearer TOKEN", access.metadata_key),
            };
            if !access.metadata_key.is_empty() && !metadata.contains(&header) {
                metadata.push(header);
            }
        }
        metadata
    }

    /// Who may call the method, in words; `None` if anybody may. `quote` marks names.
    pub fn access_text(&self, quote: impl Fn(&str) -> String) -> Option<String> {
        let alternatives = self.access.iter().map(|access| access.describe(&quote));
        let alternatives: Vec<String> = alternatives.collect();
        (!alternatives.is_empty()).then(|| alternatives.join(", or "))
    }
}

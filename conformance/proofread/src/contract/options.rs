//! Reads the options of `proofread.v1` and `buf.validate`, by name, from the pool of
//! the contract. A contract that imports neither file has no options.

use prost::Message;
use prost_protovalidate_types::{MessageRules, OneofRules};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use super::{Access, Code, Condition, ContractError, Credential, DeclaredError, Paging, Rules};

/// The options of one element: a service, method, message, oneof or field. The name of
/// the element is used in errors.
pub(super) struct Options<'a> {
    pool: &'a DescriptorPool,
    options: DynamicMessage,
    element: &'a str,
}

impl<'a> Options<'a> {
    pub(super) fn new(pool: &'a DescriptorPool, options: DynamicMessage, element: &'a str) -> Self {
        Self {
            pool,
            options,
            element,
        }
    }

    fn value(&self, option: &str) -> Option<Value> {
        let extension = self.pool.get_extension_by_name(option)?;
        self.options
            .has_extension(&extension)
            .then(|| self.options.get_extension(&extension).into_owned())
    }

    fn undecodable(&self, option: &str, cause: &impl ToString) -> ContractError {
        ContractError::InvalidOption {
            option: option.to_owned(),
            element: self.element.to_owned(),
            cause: cause.to_string(),
        }
    }

    fn text(&self, option: &str) -> Result<Option<String>, ContractError> {
        match self.value(option) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                Err(self.undecodable(option, &format!("expected a string, found {other}")))
            }
        }
    }

    fn message(&self, option: &str) -> Result<Option<DynamicMessage>, ContractError> {
        match self.value(option) {
            None => Ok(None),
            Some(Value::Message(message)) => Ok(Some(message)),
            Some(other) => {
                Err(self.undecodable(option, &format!("expected a message, found {other}")))
            }
        }
    }

    /// The values of a repeated option.
    fn messages(&self, option: &str) -> Result<Vec<DynamicMessage>, ContractError> {
        match self.value(option) {
            None => Ok(Vec::new()),
            Some(Value::List(values)) => {
                let messages = values.iter().filter_map(Value::as_message);
                Ok(messages.cloned().collect())
            }
            Some(other) => {
                Err(self.undecodable(option, &format!("expected a list, found {other}")))
            }
        }
    }

    fn decoded<T: Message + Default>(&self, option: &str) -> Result<T, ContractError> {
        match self.message(option)? {
            None => Ok(T::default()),
            Some(message) => message
                .transcode_to()
                .map_err(|error| self.undecodable(option, &error)),
        }
    }

    /// `(proofread.v1.unset)`. A blank text counts as not declared.
    pub(super) fn unset(&self) -> Result<Option<String>, ContractError> {
        let text = self.text("proofread.v1.unset")?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }

    pub(super) fn idempotency_key(&self) -> Result<Option<String>, ContractError> {
        self.text("proofread.v1.idempotency_key")
    }

    pub(super) fn nondeterministic(&self) -> Result<Option<String>, ContractError> {
        self.text("proofread.v1.nondeterministic")
    }

    pub(super) fn paging(&self) -> Result<Option<Paging>, ContractError> {
        let paging = self.message("proofread.v1.paging")?;
        Ok(paging.map(|paging| Paging {
            size_field: text_of(&paging, "size_field"),
            token_field: text_of(&paging, "token_field"),
            items_field: text_of(&paging, "items_field"),
            next_token_field: text_of(&paging, "next_token_field"),
        }))
    }

    /// `(proofread.v1.credentials)` of a file.
    pub(super) fn credentials(&self) -> Result<Vec<Credential>, ContractError> {
        let credentials = self.messages("proofread.v1.credentials")?;
        let credentials = credentials.iter().map(|credential| Credential {
            name: text_of(credential, "name"),
            metadata_key: text_of(credential, "metadata_key"),
            errors: errors_in(credential.get_field_by_name("errors").as_deref()),
        });
        Ok(credentials.collect())
    }

    /// `(proofread.v1.access)`, with the metadata keys of the defined credentials.
    pub(super) fn access(&self, defined: &[Credential]) -> Result<Vec<Access>, ContractError> {
        let alternatives = self.messages("proofread.v1.access")?;
        let alternatives = alternatives.iter().map(|alternative| {
            let services = alternative.get_field_by_name("services");
            let services = services.as_deref().and_then(Value::as_list);
            let services = services.unwrap_or_default().iter();
            let condition = |field: &str, set| {
                let field = Some(text_of(alternative, field)).filter(|field| !field.is_empty());
                field.map(|field| Condition { field, set })
            };
            let mut access = Access {
                credential: text_of(alternative, "credential"),
                services: services
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect(),
                metadata_key: String::new(),
                condition: condition("if_set", true).or_else(|| condition("if_unset", false)),
            };
            if let Some(kind) = access.credential_kind() {
                let defined = defined.iter().find(|credential| credential.name == kind);
                access.metadata_key = match defined {
                    Some(credential) => credential.metadata_key.clone(),
                    None => "authorization".to_owned(),
                };
            }
            access
        });
        Ok(alternatives.collect())
    }

    /// The errors of an option, and those of the error sets that the element names.
    /// `option` is `proofread.v1.errors` for a method, `proofread.v1.common_errors` for a
    /// service.
    pub(super) fn errors(&self, option: &str) -> Result<Vec<DeclaredError>, ContractError> {
        let mut errors: Vec<_> = self.messages(option)?.iter().map(declared_error).collect();
        for (extension, value) in self.options.extensions() {
            if value.as_bool() == Some(true) {
                let set = Options::new(self.pool, extension.options(), extension.full_name());
                let set = set.messages("proofread.v1.error_set")?;
                errors.extend(set.iter().map(declared_error));
            }
        }
        Ok(errors)
    }

    pub(super) fn field_rules(&self) -> Result<Option<Rules>, ContractError> {
        const OPTION: &str = "buf.validate.field";
        let Some(rules) = self.message(OPTION)? else {
            return Ok(None);
        };
        let rules = Rules::from_extension(&rules, self.pool);
        rules
            .map(Some)
            .map_err(|error| self.undecodable(OPTION, &error))
    }

    pub(super) fn message_rules(&self) -> Result<MessageRules, ContractError> {
        self.decoded("buf.validate.message")
    }

    pub(super) fn oneof_rules(&self) -> Result<OneofRules, ContractError> {
        self.decoded("buf.validate.oneof")
    }
}

fn errors_in(list: Option<&Value>) -> Vec<DeclaredError> {
    let errors = list.and_then(Value::as_list).unwrap_or_default().iter();
    errors
        .filter_map(Value::as_message)
        .map(declared_error)
        .collect()
}

fn declared_error(error: &DynamicMessage) -> DeclaredError {
    let code = error.get_field_by_name("code");
    DeclaredError {
        code: Code(code.and_then(|code| code.as_enum_number()).unwrap_or(0)),
        reason: text_of(error, "reason"),
        when: text_of(error, "when"),
    }
}

fn text_of(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

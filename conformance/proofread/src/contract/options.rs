//! Reads the options of `proofread.v1` and `buf.validate`, by name, from the pool of
//! the contract. A contract that imports neither file has no options.

use prost::Message;
use prost_protovalidate_types::{MessageRules, OneofRules};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use super::{Access, Code, ContractError, DeclaredError, Paging, Rules};

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

    pub(super) fn access(&self) -> Result<Option<Access>, ContractError> {
        let access = self.message("proofread.v1.access")?;
        Ok(access.map(|access| Access {
            credential: text_of(&access, "credential"),
            metadata_key: text_of(&access, "metadata_key"),
        }))
    }

    /// `option` is `proofread.v1.errors` for a method, `proofread.v1.common_errors` for a
    /// service.
    pub(super) fn errors(&self, option: &str) -> Result<Vec<DeclaredError>, ContractError> {
        let values = match self.value(option) {
            None => return Ok(Vec::new()),
            Some(Value::List(values)) => values,
            Some(other) => {
                return Err(self.undecodable(option, &format!("expected a list, found {other}")));
            }
        };
        let errors = values.iter().filter_map(Value::as_message);
        Ok(errors.map(declared_error).collect())
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

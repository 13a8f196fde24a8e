//! Reads the methods of the contract with their options of `proofread.v1`.

use std::{collections::HashMap, error::Error};

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage, Value};
use prost_types::method_options::IdempotencyLevel;

use crate::access::{self, Access};

/// What is generated from the options of the contract.
pub struct Contract {
    /// All methods, sorted by path.
    pub methods: Vec<Method>,
}

/// A method with its options.
pub struct Method {
    /// `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub path: String,
    /// `bookstore.inventory.v1`.
    pub package: String,
    /// `bookstore.inventory.v1.InventoryService`.
    pub service: String,
    /// `GetBook`.
    pub name: String,
    pub idempotency: IdempotencyLevel,
    /// `(bookstore.type.v1.expensive)`.
    pub expensive: bool,
    /// `(proofread.v1.access)`.
    pub access: Vec<Access>,
    pub client_streaming: bool,
    pub server_streaming: bool,
    /// The errors with a reason that the method or its service declares, or that its
    /// access implies; each once.
    pub errors: Vec<DeclaredError>,
}

/// A declared error that has a reason.
#[derive(Clone)]
pub struct DeclaredError {
    /// The name of the value of `proofread.v1.Code`, without its prefix: `NOT_FOUND`.
    pub code: String,
    pub reason: String,
    pub when: String,
}

impl Contract {
    pub fn read(pool: &DescriptorPool) -> Result<Self, Box<dyn Error>> {
        let mut methods = Vec::new();
        let credentials = credentials(pool)?;
        for service in pool.services() {
            let common = errors_of(pool, &service.options(), "common_errors")?;
            for method in service.methods() {
                let access = access::read(pool, &method)?;
                let implied = access.iter().filter_map(Access::credential_name);
                let implied = implied.filter_map(|name| credentials.get(name)).flatten();
                let mut errors: Vec<DeclaredError> = Vec::new();
                let own = errors_of(pool, &method.options(), "errors")?;
                for error in common.iter().chain(implied).chain(&own) {
                    if errors.iter().all(|other| other.reason != error.reason) {
                        errors.push(error.clone());
                    }
                }
                methods.push(Method {
                    path: format!("/{}/{}", service.full_name(), method.name()),
                    package: service.package_name().to_owned(),
                    service: service.full_name().to_owned(),
                    name: method.name().to_owned(),
                    idempotency: idempotency(&method),
                    expensive: is_expensive(pool, &method),
                    access,
                    client_streaming: method.is_client_streaming(),
                    server_streaming: method.is_server_streaming(),
                    errors,
                });
            }
        }
        methods.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self { methods })
    }
}

/// The value of an option of `proofread.v1`, if it is set.
pub(crate) fn option(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> Option<Value> {
    extension(pool, options, &format!("proofread.v1.{name}"))
}

/// The value of an option by its full name, if it is set.
fn extension(pool: &DescriptorPool, options: &DynamicMessage, full_name: &str) -> Option<Value> {
    let extension = pool.get_extension_by_name(full_name)?;
    let is_set = options.has_extension(&extension);
    is_set.then(|| options.get_extension(&extension).into_owned())
}

/// The errors that go with each credential, by its name.
fn credentials(
    pool: &DescriptorPool,
) -> Result<HashMap<String, Vec<DeclaredError>>, Box<dyn Error>> {
    let mut credentials = HashMap::new();
    for file in pool.files() {
        let defined = option(pool, &file.options(), "credentials");
        let defined = defined.as_ref().and_then(Value::as_list);
        for credential in defined.unwrap_or_default() {
            let credential = credential.as_message().ok_or("no message")?;
            let errors = credential.get_field_by_name("errors");
            credentials.insert(
                text(credential, "name"),
                declared_errors(errors.as_deref())?,
            );
        }
    }
    Ok(credentials)
}

/// The errors of an option, and those of the error sets that the options name.
fn errors_of(
    pool: &DescriptorPool,
    options: &DynamicMessage,
    name: &str,
) -> Result<Vec<DeclaredError>, Box<dyn Error>> {
    let mut errors = declared_errors(option(pool, options, name).as_ref())?;
    for (extension, value) in options.extensions() {
        if value.as_bool() == Some(true) {
            let set = option(pool, &extension.options(), "error_set");
            errors.extend(declared_errors(set.as_ref())?);
        }
    }
    Ok(errors)
}

/// The errors with a reason in a list of `proofread.v1.DeclaredError`.
fn declared_errors(list: Option<&Value>) -> Result<Vec<DeclaredError>, Box<dyn Error>> {
    let mut errors = Vec::new();
    for error in list.and_then(Value::as_list).unwrap_or_default() {
        let error = error.as_message().ok_or("an error is not a message")?;
        let field = error.descriptor().get_field_by_name("code");
        let field = field.ok_or("DeclaredError has no code")?;
        let kind = field.kind();
        let code = kind.as_enum().ok_or("the code is not an enum")?;
        let number = error.get_field(&field).as_enum_number().unwrap_or_default();
        let code = code.get_value(number).ok_or("an undefined code")?;
        let reason = text(error, "reason");
        if !reason.is_empty() {
            errors.push(DeclaredError {
                code: code.name().trim_start_matches("CODE_").to_owned(),
                reason,
                when: text(error, "when"),
            });
        }
    }
    Ok(errors)
}

pub(crate) fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn is_expensive(pool: &DescriptorPool, method: &MethodDescriptor) -> bool {
    let value = extension(pool, &method.options(), "bookstore.type.v1.expensive");
    value.and_then(|value| value.as_bool()) == Some(true)
}

fn idempotency(method: &MethodDescriptor) -> IdempotencyLevel {
    let options = method.method_descriptor_proto().options.clone();
    options.unwrap_or_default().idempotency_level()
}

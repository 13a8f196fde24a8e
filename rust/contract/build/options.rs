//! Reads the methods of the contract with their options of `proofread.v1`.

use std::error::Error;

use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage, Value};
use prost_types::method_options::IdempotencyLevel;

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
    /// `(proofread.v1.access)`.
    pub access: Vec<Access>,
    pub client_streaming: bool,
    pub server_streaming: bool,
    /// The errors with a reason that the method or its service declares.
    pub errors: Vec<DeclaredError>,
}

/// An alternative of `(proofread.v1.access)`.
pub struct Access {
    /// Empty if the alternative asks for none.
    pub credential: String,
    pub services: Vec<String>,
}

/// A declared error that has a reason.
pub struct DeclaredError {
    /// The name of the value of `proofread.v1.Code`, without its prefix: `NOT_FOUND`.
    pub code: String,
    pub reason: String,
    pub when: String,
}

impl Contract {
    pub fn read(pool: &DescriptorPool) -> Result<Self, Box<dyn Error>> {
        let mut methods = Vec::new();
        for service in pool.services() {
            let common = option(pool, &service.options(), "common_errors");
            for method in service.methods() {
                let mut errors = declared_errors(common.as_ref())?;
                let own = option(pool, &method.options(), "errors");
                errors.extend(declared_errors(own.as_ref())?);
                methods.push(Method {
                    path: format!("/{}/{}", service.full_name(), method.name()),
                    package: service.package_name().to_owned(),
                    service: service.full_name().to_owned(),
                    name: method.name().to_owned(),
                    idempotency: idempotency(&method),
                    access: access(option(pool, &method.options(), "access").as_ref()),
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
fn option(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension = pool.get_extension_by_name(&format!("proofread.v1.{name}"))?;
    let is_set = options.has_extension(&extension);
    is_set.then(|| options.get_extension(&extension).into_owned())
}

fn access(alternatives: Option<&Value>) -> Vec<Access> {
    // A contract of before has a single value.
    let alternatives = match alternatives {
        Some(Value::List(alternatives)) => alternatives.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    alternatives
        .iter()
        .filter_map(Value::as_message)
        .map(|access| {
            let services = access.get_field_by_name("services");
            let services = services.as_deref().and_then(Value::as_list);
            let services = services.unwrap_or_default().iter();
            Access {
                credential: text(access, "credential"),
                services: services
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect(),
            }
        })
        .collect()
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

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let text = value.as_deref().and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn idempotency(method: &MethodDescriptor) -> IdempotencyLevel {
    let options = method.method_descriptor_proto().options.clone();
    options.unwrap_or_default().idempotency_level()
}

//! What the options about access and errors name exists: credentials, services, request
//! fields and error sets.

use prost_reflect::{ExtensionDescriptor, Kind};

use super::*;

/// Alternatives with a credential that no file of the contract defines.
fn undefined_credentials(checked: &CheckedContract<'_>) -> Vec<String> {
    let packages = checked.contract.packages().iter();
    let defined: Vec<&str> = packages
        .flat_map(|package| &package.credentials)
        .map(|credential| credential.name.as_str())
        .collect();
    let mut offenders = Vec::new();
    for method in checked.methods() {
        for access in &method.access {
            let kind = match access.services.is_empty() {
                true => access.credential.as_str(),
                false => "service",
            };
            if !kind.is_empty() && !defined.contains(&kind) {
                offenders.push(format!("{}: credential {kind}", method_location(method)));
            }
        }
    }
    offenders
}

/// Alternatives with a service that the contract does not have: `cart` is the services of
/// the package `bookstore.cart.v1`.
fn unknown_services(checked: &CheckedContract<'_>) -> Vec<String> {
    let is_known = |name: &String| {
        checked.packages.iter().any(|package| {
            let area = package.name.rsplit('.').nth(1);
            area == Some(name.as_str()) && !package.services.is_empty()
        })
    };
    let mut offenders = Vec::new();
    for method in checked.methods() {
        let services = method.access.iter().flat_map(|access| &access.services);
        for service in services.filter(|service| !is_known(service)) {
            offenders.push(format!("{}: service {service}", method_location(method)));
        }
    }
    offenders
}

/// Conditions on something other than a singular field of a single request, and
/// alternatives for anybody without a condition, which make all others meaningless.
fn invalid_conditions(checked: &CheckedContract<'_>) -> Vec<String> {
    let mut offenders = Vec::new();
    for method in checked.methods() {
        let location = method_location(method);
        for access in &method.access {
            let Some(condition) = &access.condition else {
                if access.is_open() {
                    offenders.push(format!("{location}: anybody, without a condition"));
                }
                continue;
            };
            let message = checked.contract.message(&method.request);
            let fields = message.map(|message| message.fields.as_slice());
            let mut fields = fields.unwrap_or_default().iter();
            let usable = fields.any(|field| {
                let descriptor = &field.descriptor;
                field.name == condition.field
                    && field.oneof.is_none()
                    && !(descriptor.is_list() || descriptor.is_map())
            });
            if !usable || method.client_streaming {
                offenders.push(format!("{location}: condition on {}", condition.field));
            }
        }
    }
    offenders
}

/// Error sets of options that neither a service nor a method can set to true. Nothing
/// would refer to their errors.
fn unusable_error_sets(checked: &CheckedContract<'_>) -> Vec<String> {
    let pool = checked.contract.pool();
    let set = pool.get_extension_by_name("proofread.v1.error_set");
    let set = set.expect("the contract has the options of proofread");
    let is_usable = |extension: &ExtensionDescriptor| {
        let extended = extension.containing_message();
        let elements = [
            "google.protobuf.ServiceOptions",
            "google.protobuf.MethodOptions",
        ];
        elements.contains(&extended.full_name()) && extension.kind() == Kind::Bool
    };
    pool.all_extensions()
        .filter(|extension| extension.options().has_extension(&set) && !is_usable(extension))
        .map(|extension| extension.full_name().to_owned())
        .collect()
}

const BAD: &str = r#"
    extend google.protobuf.MethodOptions {
      optional string text_errors = 60001 [
        (proofread.v1.error_set) = {code: CODE_ABORTED, reason: "RACE", when: "by chance"}
      ];
    }
    service Shop {
      rpc Ask(Request) returns (Request) {
        option (proofread.v1.access) = {credential: "operator"};
        option (proofread.v1.access) = {services: ["cart"]};
        option (proofread.v1.access) = {if_set: "missing"};
        option (proofread.v1.access) = {if_set: "names"};
        option (proofread.v1.access) = {if_unset: "choice"};
        option (proofread.v1.access) = {if_unset: "name"};
      }
      rpc Send(stream Request) returns (Request) {
        option (proofread.v1.access) = {if_set: "name"};
        option (proofread.v1.access) = {};
      }
    }
    message Request {
      string name = 1;
      repeated string names = 2;
      oneof either { string choice = 3; }
    }
"#;

#[test]
fn names_in_access_exist() {
    let contract = bookstore_contract();
    let checked = CheckedContract::new(&contract);
    let rule = "access names credentials that the contract defines";
    assert_no_offenders(rule, &undefined_credentials(&checked));
    let rule = "access names services of the contract";
    assert_no_offenders(rule, &unknown_services(&checked));
    let rule = "a condition of access names a singular field of the request";
    assert_no_offenders(rule, &invalid_conditions(&checked));
}

#[test]
fn error_sets_can_be_used() {
    let contract = bookstore_contract();
    assert_no_offenders(
        "error sets belong to boolean options of services or methods",
        &unusable_error_sets(&CheckedContract::new(&contract)),
    );
}

#[test]
fn invalid_names_are_found() {
    let contract = invalid_contract(BAD);
    let checked = CheckedContract::new(&contract);
    let credentials = undefined_credentials(&checked);
    assert_offenders(
        &credentials,
        &["Ask: credential operator", "Ask: credential service"],
    );
    assert_offenders(&unknown_services(&checked), &["Shop.Ask: service cart"]);
    let conditions = [
        "Ask: condition on missing",
        "Ask: condition on names",
        "Ask: condition on choice",
        "Send: condition on name",
        "Send: anybody, without a condition",
    ];
    assert_offenders(&invalid_conditions(&checked), &conditions);
    assert_offenders(&unusable_error_sets(&checked), &["shop.v1.text_errors"]);
}

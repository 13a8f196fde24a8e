//! The rules, each a test over all services.

use crate::{
    module_graph::ModuleGraph,
    service_crate::{ServiceCrate, SourceFile},
    source_text::{paths, public_methods},
};

/// The crates that build on services: no service may depend on them.
const ABOVE_SERVICES: [&str; 2] = ["bookstore", "marketplace"];

/// The modules of a service from the bottom to the top. A module may use those below it, but
/// none above it, not even through another module.
const LAYERS: [&[&str]; 4] = [&["domain"], &["store"], &["service"], &["grpc", "legacy"]];

/// The crates that a module `domain` may not name: the domain knows neither how calls arrive,
/// generated messages included, nor how rows are stored.
const NOT_IN_THE_DOMAIN: [&str; 8] = [
    "tonic",
    "tonic_types",
    "prost",
    "prost_types",
    "contract",
    "rpc",
    "sqlx",
    "store",
];

/// The crates of these names that a text names.
fn named_crates<'n>(text: &str, names: &[&'n str]) -> Vec<&'n str> {
    let paths = paths(text);
    let is_named = |name: &&str| paths.iter().any(|path| path.len() > 1 && path[0] == *name);
    names.iter().copied().filter(is_named).collect()
}

fn assert_names_none(file: &SourceFile, names: &[&str]) {
    let named = named_crates(&file.text, names);
    assert!(named.is_empty(), "{} names {named:?}", file.path.display());
}

#[test]
fn services_are_found() {
    let names: Vec<_> = ServiceCrate::all()
        .into_iter()
        .map(|found| found.name)
        .collect();
    for service in ["cart", "inventory", "recommendations", "transactions"] {
        assert!(names.iter().any(|name| name == service), "{names:?}");
    }
}

#[test]
fn every_service_has_the_common_modules() {
    for service in ServiceCrate::all() {
        for module in ["domain", "error", "grpc", "service"] {
            let exists = service.module(module).next().is_some();
            assert!(exists, "{} has no module {module}", service.name);
        }
        let has_tests = service.has("src/tests.rs") || service.has("src/tests");
        assert!(has_tests, "{} has no module tests", service.name);
        assert_eq!(
            service.module("store").next().is_some(),
            service.has("migrations"),
            "{}: a database needs both a module store and a folder migrations",
            service.name
        );
    }
}

#[test]
fn every_service_is_constructed_served_and_run_alike() {
    for service in ServiceCrate::all() {
        let files = service.files.iter();
        let methods: Vec<_> = files.flat_map(|file| public_methods(&file.text)).collect();
        let mut types = methods
            .iter()
            .filter(|method| method.signature.starts_with("run_in_background("))
            .map(|method| &method.type_name);
        let name = &service.name;
        let type_name = types
            .next()
            .unwrap_or_else(|| panic!("{name} has no run_in_background"));
        let signature = |function: &str| {
            let found = methods.iter().find(|method| {
                method.type_name == *type_name && method.signature.starts_with(function)
            });
            found.map_or("", |method| method.signature.trim_start_matches(function))
        };
        let new = signature("new(");
        assert!(
            ["options:Options)->Self", "options:Options,)->Self"]
                .iter()
                .any(|end| new.ends_with(end)),
            "{name}: {type_name}::new({new} does not take the options last and return the service"
        );
        assert!(
            signature("server(").starts_with("&self)->"),
            "{name}: {type_name} has no server(&self)"
        );
        assert_eq!(
            signature("run_in_background("),
            "&self)->AbortOnDropHandle<()>",
            "{name}"
        );
    }
}

#[test]
fn no_service_depends_on_another_service_or_on_a_crate_above() {
    let services = ServiceCrate::all();
    for service in &services {
        for dependency in service.workspace_dependencies() {
            let is_service = services.iter().any(|other| other.name == dependency);
            assert!(
                dependency == service.name
                    || !is_service && !ABOVE_SERVICES.contains(&dependency.as_str()),
                "{} depends on {dependency}",
                service.name
            );
        }
    }
}

#[test]
fn domain_names_neither_transport_nor_messages_nor_storage() {
    for service in ServiceCrate::all() {
        for file in service.module("domain") {
            assert_names_none(file, &NOT_IN_THE_DOMAIN);
        }
    }
}

#[test]
fn domain_that_names_a_generated_message_is_found() {
    for (text, found) in [
        (
            "use contract::bookstore::inventory::v1::BookCategory;",
            "contract",
        ),
        ("fn f(request: tonic::Request<()>) {}", "tonic"),
        ("#[derive(prost::Message)] struct Book {}", "prost"),
        ("use {uuid::Uuid, prost_types::Timestamp};", "prost_types"),
        ("fn f() { map!(a => ::contract::Book) }", "contract"),
    ] {
        assert_eq!(named_crates(text, &NOT_IN_THE_DOMAIN), [found], "{text}");
    }
    let allowed = "//! Not contract::Book.\nuse service::{BookId, Money}; struct Contract;";
    assert!(named_crates(allowed, &NOT_IN_THE_DOMAIN).is_empty());
}

#[test]
fn use_cases_name_no_tonic_and_no_sql() {
    for service in ServiceCrate::all() {
        for file in service.module("service") {
            assert_names_none(file, &["tonic", "sqlx"]);
            for sql in ["Sql::", "SELECT ", "UPDATE ", "INSERT ", "DELETE "] {
                assert!(
                    !file.text.contains(sql),
                    "{} has {sql}",
                    file.path.display()
                );
            }
        }
        for file in service.module("store") {
            assert_names_none(file, &["tonic", "contract", "rpc"]);
        }
    }
}

#[test]
fn no_module_uses_one_above_it() {
    for service in ServiceCrate::all() {
        let graph = ModuleGraph::of(&service);
        let name = &service.name;
        for (level, layer) in LAYERS.iter().enumerate() {
            for module in *layer {
                for above in LAYERS[level + 1..].iter().copied().flatten() {
                    assert_eq!(
                        graph.path(module, above),
                        None,
                        "{name}: {module} uses {above}"
                    );
                }
            }
        }
        assert_eq!(
            graph.path("domain", "error"),
            None,
            "{name}: the domain names the errors"
        );
    }
}

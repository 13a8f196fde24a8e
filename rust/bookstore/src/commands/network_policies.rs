//! `bookstore network-policies`: which service may call which, for Kubernetes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use clap::Args;

use super::print_line;
use crate::services::Service;

/// Print the NetworkPolicies of Kubernetes that allow the calls between the services
///
/// They follow from the contract, which says who may call a method, and from the registry of the services, which says which services call which. Pods are chosen by the label app.kubernetes.io/name, and need a port with the name grpc.
#[derive(Debug, Args)]
pub struct NetworkPolicies {}

impl NetworkPolicies {
    /// Prints the policies.
    #[expect(clippy::unused_self, reason = "all commands are run in the same way")]
    pub fn run(self) -> anyhow::Result<()> {
        print_line(format_args!("{}", policies().trim_end()));
        Ok(())
    }
}

/// The services that each service calls.
fn calls() -> BTreeMap<Service, BTreeSet<Service>> {
    let mut calls: BTreeMap<Service, BTreeSet<Service>> = BTreeMap::new();
    for service in Service::all() {
        let definition = service.definition();
        let called = calls.entry(*service).or_default();
        called.extend(definition.calls);
        // Accounts knows the sessions of the tokens that it gets.
        if definition
            .grpc_services
            .iter()
            .any(|name| accepts_accounts(name))
        {
            called.insert(Service::Accounts);
        }
        called.remove(service);
    }
    calls
}

/// Whether a method of a gRPC service can be called with the token of a session.
fn accepts_accounts(grpc_service: &str) -> bool {
    let methods = contract::METHODS.iter();
    methods
        .filter(|method| method.service == grpc_service)
        .flat_map(|method| method.access)
        .any(|access| access.credential == Some("account"))
}

fn policies() -> String {
    let calls = calls();
    let mut yaml = String::from(
        "# Made by `just gen`, from the contract and the registry of the services. Everything that these\n\
         # policies and others do not allow is denied.\n",
    );
    for (service, called) in &calls {
        let callers = calls.iter().filter(|(_, called)| called.contains(service));
        let callers: Vec<_> = callers.map(|(caller, _)| *caller).collect();
        let name = service.name();
        let _ = write!(
            yaml,
            "---\n\
             apiVersion: networking.k8s.io/v1\n\
             kind: NetworkPolicy\n\
             metadata:\n  name: calls-of-{name}\n\
             spec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: {name}\n  \
             policyTypes: [Ingress, Egress]\n"
        );
        yaml += &rules("ingress", "from", &callers);
        yaml += &rules("egress", "to", &called.iter().copied().collect::<Vec<_>>());
    }
    yaml
}

/// One rule with all pods of the services, or no rule.
fn rules(direction: &str, key: &str, services: &[Service]) -> String {
    if services.is_empty() {
        return format!("  {direction}: []\n");
    }
    let mut yaml = format!("  {direction}:\n    - {key}:\n");
    for service in services {
        let name = service.name();
        let _ = write!(
            yaml,
            "        - podSelector:\n            matchLabels:\n              \
             app.kubernetes.io/name: {name}\n"
        );
    }
    yaml + "      ports:\n        - port: grpc\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_the_contract_names_are_allowed_to_call() {
        let calls = calls();
        for method in contract::METHODS {
            let mut all = Service::all().iter();
            let Some(called) =
                all.find(|service| service.definition().grpc_services.contains(&method.service))
            else {
                continue;
            };
            for name in method.access.iter().flat_map(|access| access.services) {
                let mut all = Service::all().iter();
                let caller = all.find(|service| service.name() == *name);
                let caller = caller.unwrap_or_else(|| panic!("there is no service {name}"));
                assert!(
                    calls[caller].contains(called),
                    "{name} calls {}",
                    method.path
                );
            }
        }
    }

    #[test]
    fn nobody_but_the_callers_of_a_service_reaches_it() {
        let policies = policies();
        let policy = policies
            .split("---\n")
            .find(|policy| policy.contains("calls-of-transactions"));
        let policy = policy.expect("one for each service");
        let (ingress, egress) = policy.split_once("egress:").expect("both directions");
        for (service, called) in calls() {
            let name = format!("app.kubernetes.io/name: {}\n", service.name());
            let is_caller = called.contains(&Service::Transactions);
            let is_itself = service == Service::Transactions;
            assert_eq!(ingress.contains(&name), is_caller || is_itself, "{name}");
        }
        assert!(
            egress.contains("accounts") && !egress.contains("inventory"),
            "{egress}"
        );
    }
}

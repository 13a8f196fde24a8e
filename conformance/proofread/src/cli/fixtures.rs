//! Collects fixture values, such as ids of existing books: literal values of the
//! configuration, and values that setup calls return.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use anyhow::{anyhow, bail};
use serde_json::Value;

use super::{
    config_location::WithConfigLocation,
    setup_call::{PreparedCall, expand_strings},
};
use crate::{
    cases::{Fixtures, reachable},
    config::{Config, Fixture},
    contract::{Contract, Field, Method},
    probe::Probe,
    suggest::did_you_mean,
};

/// The greatest number of values that one field gets from calls. Each value is tried, so
/// more of them would make the run longer.
const MAX_VALUES: usize = 20;

/// A request field that gets its values from a setup call.
pub(super) struct CallFixture<'c> {
    pub(super) field: &'c Field,
    call: PreparedCall,
    count: NonZeroUsize,
}

/// The values that calls returned, by the full names of the fields.
pub(super) type FetchedValues = BTreeMap<String, Vec<Value>>;

/// The fixtures with literal values. Also checks the fixtures that are calls.
///
/// Fails if a field does not exist or its type can't hold a value.
pub(super) fn literal_values(config: &Config, contract: &Contract) -> anyhow::Result<Fixtures> {
    let mut fields = BTreeMap::new();
    for (name, fixture) in &config.file.fixtures {
        let key = format!("fixtures.{name}");
        let matching = matching_fields(contract, name).with_config_location(config, &key)?;
        match fixture {
            Fixture::Values(values) => {
                for (index, value) in values.iter().enumerate() {
                    check_value(&matching, value)
                        .with_config_location(config, &format!("{key}.{index}"))?;
                }
                fields.insert(name.clone(), values.clone());
            }
            Fixture::Call { call, .. } => {
                PreparedCall::new(contract, call.clone(), config, (&key, name.clone()))?;
            }
        }
    }
    Ok(Fixtures { fields })
}

/// Expands `${NAME}` and `@file` in literal values. Commands that do not connect to a server
/// show them as they are written, because the variables and files come with the server.
fn expand_values(
    config: &Config,
    contract: &Contract,
    fixtures: &mut Fixtures,
) -> anyhow::Result<()> {
    for (name, values) in &mut fixtures.fields {
        let matching = matching_fields(contract, name)?;
        for (index, value) in values.iter_mut().enumerate() {
            let key = format!("fixtures.{name}.{index}");
            let expanded = expand_strings(value, &config.folder());
            *value = expanded.with_config_location(config, &key)?;
            check_value(&matching, value).with_config_location(config, &key)?;
        }
    }
    Ok(())
}

/// The fields that a name such as `*.book_id` matches in requests, at least one.
fn matching_fields<'c>(contract: &'c Contract, key: &str) -> anyhow::Result<Vec<&'c Field>> {
    let requests = contract.request_messages();
    let messages = requests.iter().filter_map(|name| contract.message(name));
    let in_requests: Vec<&Field> = messages.flat_map(|message| &message.fields).collect();
    let mut all = contract.messages().flat_map(|message| &message.fields);
    let found: Vec<&Field> = match key.strip_prefix("*.") {
        Some(name) => {
            let fields = in_requests.iter().filter(|field| field.name == name);
            fields.copied().collect()
        }
        None => all
            .find(|field| field.full_name == key)
            .into_iter()
            .collect(),
    };
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<&str> = in_requests
        .iter()
        .map(|field| field.full_name.as_str())
        .collect();
    let near = did_you_mean(key, &names);
    bail!("fixtures: the contract has no field {key:?}{near}")
}

/// Checks that at least one of the fields can hold the value: fields of the same name may
/// have different types.
fn check_value(fields: &[&Field], value: &Value) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for field in fields {
        match value_problem(field, std::slice::from_ref(value)) {
            Some(problem) => problems.push(problem),
            None => return Ok(()),
        }
    }
    bail!(problems.swap_remove(0))
}

/// The first reason why a field can't hold these values.
fn value_problem(field: &Field, values: &[Value]) -> Option<String> {
    let name = &field.full_name;
    let fixtures = Fixtures {
        fields: [(name.clone(), values.to_vec())].into(),
    };
    let problem = fixtures.problems(field).into_iter().next()?;
    Some(format!("{name}: {problem}"))
}

/// All fields in the requests of a method, at any depth.
pub(super) fn request_fields<'c>(
    contract: &'c Contract,
    method: &Method,
) -> impl Iterator<Item = &'c Field> {
    let request = contract.message(&method.request);
    let messages = request.map(|request| reachable(contract, request));
    messages.into_iter().flatten().flat_map(|it| &it.fields)
}

/// The request fields of a method that get their values from calls. A fixture with the
/// full name of a field wins over one for `*.name`.
pub(super) fn call_fixtures<'c>(
    config: &'c Config,
    contract: &'c Contract,
    method: &Method,
) -> anyhow::Result<Vec<CallFixture<'c>>> {
    let found = request_fields(contract, method).filter_map(|field| {
        let fixtures = &config.file.fixtures;
        let any_message = format!("*.{}", field.name);
        let (name, fixture) = fixtures
            .get_key_value(&field.full_name)
            .or_else(|| fixtures.get_key_value(&any_message))?;
        let Fixture::Call { call, count } = fixture else {
            return None;
        };
        let key = format!("fixtures.{name}");
        let purpose = format!("the fixture {name:?}");
        let prepared = PreparedCall::new(contract, call.clone(), config, (&key, purpose));
        Some(prepared.map(|call| CallFixture {
            field,
            call,
            count: *count,
        }))
    });
    found.collect()
}

impl CallFixture<'_> {
    /// A note for commands that do not connect to a server.
    pub(super) fn description(&self) -> String {
        let path = self.call.method.path.trim_start_matches('/');
        format!(
            "{} gets its values from a call of {path}; without a server, generated values are shown",
            self.field.full_name
        )
    }

    async fn fetch_values(&self, probe: &Probe, timeout: Duration) -> anyhow::Result<Vec<Value>> {
        let mut values: Vec<Value> = Vec::new();
        for _ in 0..self.count.get() {
            let returned = self.call.fetch_values(probe, timeout).await?;
            for value in returned {
                if !values.contains(&value) && values.len() < MAX_VALUES {
                    values.push(value);
                }
            }
        }
        match value_problem(self.field, &values) {
            Some(problem) => self.call.with_context(Err(anyhow!(problem)), "field"),
            None => Ok(values),
        }
    }
}

/// All fixtures for these methods, and separately those that calls returned.
pub(super) async fn resolve<'c>(
    config: &Config,
    contract: &'c Contract,
    methods: impl IntoIterator<Item = &'c Method>,
    client: (&Probe, Duration),
) -> anyhow::Result<(Fixtures, FetchedValues)> {
    let mut fixtures = literal_values(config, contract)?;
    expand_values(config, contract, &mut fixtures)?;
    let fetched = fetch_values(config, contract, methods, client).await?;
    fixtures.fields.extend(fetched.clone());
    Ok((fixtures, fetched))
}

/// Makes the calls for the request fields of these methods. Each field gets values of its
/// own, so that a method that uses up a value does not take it from another method.
pub(super) async fn fetch_values<'c>(
    config: &Config,
    contract: &'c Contract,
    methods: impl IntoIterator<Item = &'c Method>,
    (probe, timeout): (&Probe, Duration),
) -> anyhow::Result<FetchedValues> {
    let mut fetched = FetchedValues::new();
    for method in methods {
        for fixture in call_fixtures(config, contract, method)? {
            let name = &fixture.field.full_name;
            if fetched.contains_key(name) {
                continue;
            }
            fetched.insert(name.clone(), fixture.fetch_values(probe, timeout).await?);
        }
    }
    Ok(fetched)
}

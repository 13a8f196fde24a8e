//! Values that name something that exists: those that the configuration writes down,
//! and those that a call answers.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use anyhow::{anyhow, bail};
use serde_json::Value;

use super::{config_location::WithConfigLocation, setup_call::PreparedCall};
use crate::{
    cases::{Fixtures, reachable},
    config::{Config, Fixture},
    contract::{Contract, Field, Method},
    probe::Probe,
    suggest::did_you_mean,
};

/// How many values one field gets from calls: each of them is tried.
const MOST: usize = 20;

/// A field of a request that gets its values from a call.
pub(super) struct Called<'c> {
    pub(super) field: &'c Field,
    prepared: PreparedCall<'c>,
    count: NonZeroUsize,
}

/// The values that calls answered, by the full names of the fields.
pub(super) type FetchedValues = BTreeMap<String, Vec<Value>>;

/// The fixtures that are written down. One for a field that there is not is a slip of
/// the pen, as is a value that its type can't hold.
pub(super) fn written(config: &Config, contract: &Contract) -> anyhow::Result<Fixtures> {
    let mut fields = BTreeMap::new();
    for (name, fixture) in &config.file.fixtures {
        let key = format!("fixtures.{name}");
        let known = known(contract, name).with_config_location(config, &key)?;
        match fixture {
            Fixture::Values(values) => {
                for (index, value) in values.iter().enumerate() {
                    fits(&known, value).with_config_location(config, &format!("{key}.{index}"))?;
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

/// The fields that a name stands for; never none.
fn known<'c>(contract: &'c Contract, key: &str) -> anyhow::Result<Vec<&'c Field>> {
    let all = contract.messages().flat_map(|message| &message.fields);
    let found: Vec<&Field> = match key.strip_prefix("*.") {
        Some(name) => all.filter(|field| field.name == name).collect(),
        None => all.filter(|field| field.full_name == key).collect(),
    };
    if !found.is_empty() {
        return Ok(found);
    }
    let requests = contract.request_messages();
    let messages = requests.iter().filter_map(|name| contract.message(name));
    let names: Vec<&str> = messages
        .flat_map(|message| &message.fields)
        .map(|field| field.full_name.as_str())
        .collect();
    let near = did_you_mean(key, &names);
    bail!("fixtures: the contract has no field {key:?}{near}")
}

/// Fields of one name may differ in their types: one that holds the value is enough.
fn fits(fields: &[&Field], value: &Value) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for field in fields {
        match problem(field, std::slice::from_ref(value)) {
            Some(problem) => problems.push(problem),
            None => return Ok(()),
        }
    }
    bail!(problems.swap_remove(0))
}

/// What is wrong with values for a field.
fn problem(field: &Field, values: &[Value]) -> Option<String> {
    let name = &field.full_name;
    let fixtures = Fixtures {
        fields: [(name.clone(), values.to_vec())].into(),
    };
    let problem = fixtures.problems(field).into_iter().next()?;
    Some(format!("{name}: {problem}"))
}

/// The fields that the requests of a method can hold.
pub(super) fn fields<'c>(
    contract: &'c Contract,
    method: &Method,
) -> impl Iterator<Item = &'c Field> {
    let request = contract.message(&method.request);
    let messages = request.map(|request| reachable(contract, request));
    messages.into_iter().flatten().flat_map(|it| &it.fields)
}

/// The fields that the requests of a method can hold and that get their values from
/// calls. A full name is nearer than the name alone.
pub(super) fn called<'c>(
    config: &'c Config,
    contract: &'c Contract,
    method: &Method,
) -> anyhow::Result<Vec<Called<'c>>> {
    let called = fields(contract, method).filter_map(|field| {
        let fixtures = &config.file.fixtures;
        let anywhere = format!("*.{}", field.name);
        let (name, fixture) = fixtures
            .get_key_value(&field.full_name)
            .or_else(|| fixtures.get_key_value(&anywhere))?;
        let Fixture::Call { call, count } = fixture else {
            return None;
        };
        let key = format!("fixtures.{name}");
        let what = format!("the fixture {name:?}");
        let prepared = PreparedCall::new(contract, call.clone(), config, (&key, what));
        Some(prepared.map(|prepared| Called {
            field,
            prepared,
            count: *count,
        }))
    });
    called.collect()
}

impl Called<'_> {
    /// For commands that talk to no server.
    pub(super) fn description(&self) -> String {
        let path = self.prepared.method.path.trim_start_matches('/');
        format!(
            "{} gets what {path} answers; without a server it is made up",
            self.field.full_name
        )
    }

    async fn values(&self, probe: &Probe, timeout: Duration) -> anyhow::Result<Vec<Value>> {
        let mut values: Vec<Value> = Vec::new();
        for _ in 0..self.count.get() {
            let answered = self.prepared.make(probe, timeout).await?;
            for value in answered {
                if !values.contains(&value) && values.len() < MOST {
                    values.push(value);
                }
            }
        }
        match problem(self.field, &values) {
            Some(problem) => self.prepared.told(Err(anyhow!(problem)), "field"),
            None => Ok(values),
        }
    }
}

/// All fixtures of these methods, and those among them that calls answered.
pub(super) async fn resolve<'c>(
    config: &Config,
    contract: &'c Contract,
    methods: impl IntoIterator<Item = &'c Method>,
    client: (&Probe, Duration),
) -> anyhow::Result<(Fixtures, FetchedValues)> {
    let mut fixtures = written(config, contract)?;
    let obtained = obtain(config, contract, methods, client).await?;
    fixtures.fields.extend(obtained.clone());
    Ok((fixtures, obtained))
}

/// Makes the calls for the fields of these methods: each field gets values of its own,
/// so that one method may use up what another one has to find.
pub(super) async fn obtain<'c>(
    config: &Config,
    contract: &'c Contract,
    methods: impl IntoIterator<Item = &'c Method>,
    (probe, timeout): (&Probe, Duration),
) -> anyhow::Result<FetchedValues> {
    let mut obtained = FetchedValues::new();
    for method in methods {
        for called in called(config, contract, method)? {
            let name = &called.field.full_name;
            if obtained.contains_key(name) {
                continue;
            }
            obtained.insert(name.clone(), called.values(probe, timeout).await?);
        }
    }
    Ok(obtained)
}

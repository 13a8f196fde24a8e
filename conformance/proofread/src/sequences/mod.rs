//! Sequences of calls on one resource: what one call creates, later calls must find, change
//! and delete.
//!
//! Which answer feeds which request follows from the names and types of the contract
//! ([`infer`]), unless the configuration declares it ([`declared`]). Fixed sequences run
//! first, then random walks from the seed. A sequence that fails is repeated, and shortened
//! to the steps that matter.
//!
//! While a sequence runs, nothing else is sent.

mod calls;
mod declared;
mod execution;
mod infer;
mod links;
mod listing;
mod path;
mod reads;
mod requests;
mod resource;
mod settings;
mod shrink;
mod slot;
mod steps;
mod subject;
#[cfg(test)]
mod tests;
mod values;
mod writes;

use std::collections::BTreeSet;

use prost_reflect::FieldDescriptor;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    behaviour::{Context, ScenarioResults},
    case::Phase,
    contract::{Contract, Method},
    finding::{Finding, FindingKind, Sequence, Step},
    generator::hash,
};
use execution::{Executed, Execution, Subject, Violation};
use resource::Resource;
use steps::Abilities;

pub use declared::DeclarationError;
pub use settings::{DeclaredResource, SequenceSettings};

/// How often a sequence is repeated until it fails again. One that does not was disturbed by
/// another client.
const REPETITIONS: usize = 3;

/// The greatest number of findings about one kind of resource: each takes many calls.
const MAX_FINDINGS: usize = 12;

/// What the phase needs besides the server and its methods.
pub struct Inputs<'a> {
    /// The settings.
    pub settings: &'a SequenceSettings,
    /// Chooses the steps of the random walks.
    pub seed: u64,
    /// Whether the configuration has values for a field.
    pub is_fixed: &'a dyn Fn(&FieldDescriptor) -> bool,
}

/// Checks the declarations of the settings.
///
/// # Errors
/// If a message or a method does not exist, or a method does not fit its resource.
pub fn check_declarations(
    settings: &SequenceSettings,
    contract: &Contract,
) -> Result<(), DeclarationError> {
    declared::check(settings, contract)
}

/// The resources of the methods that the server implements.
fn resources<'a>(context: &Context<'a>, inputs: &Inputs<'_>) -> Vec<Resource<'a>> {
    let served = context.methods.iter().filter(|served| served.authorised);
    let methods: Vec<&'a Method> = served.map(|served| served.method).collect();
    let resources = declared::resources(inputs.settings, &methods).into_iter();
    let usable = resources.map(|resource| subject::usable(context, resource));
    usable
        .filter(|resource| resource.create.is_some() || resource.update.is_some())
        .collect()
}

/// Runs the sequences of all resources. The results are added one by one, so that those so far
/// remain if the run ends early.
pub async fn run(context: &Context<'_>, inputs: &Inputs<'_>, results: &mut ScenarioResults) {
    for resource in &resources(context, inputs) {
        let Some(subject) = subject::prepare(context, inputs, resource, results).await else {
            continue;
        };
        explore(&subject, inputs, results).await;
    }
}

/// Repeats one recorded sequence; `None` if its resource is not found any more.
pub async fn replay(
    context: &Context<'_>,
    inputs: &Inputs<'_>,
    sequence: &Sequence,
) -> Option<Result<(), Finding>> {
    let resources = resources(context, inputs);
    let resource = resources
        .iter()
        .find(|resource| resource.name() == sequence.resource)?;
    let mut results = ScenarioResults::default();
    let subject = subject::prepare(context, inputs, resource, &mut results).await?;
    for _ in 0..=REPETITIONS {
        let executed = Execution::run(&subject, &sequence.steps).await;
        if let Some(violation) = executed.violation.clone() {
            return Some(Err(finding(
                resource.name(),
                &sequence.steps,
                executed,
                violation,
            )));
        }
    }
    Some(Ok(()))
}

/// Tries the fixed sequences and the random walks.
async fn explore(subject: &Subject<'_>, inputs: &Inputs<'_>, results: &mut ScenarioResults) {
    let name = subject.resource.name();
    let abilities = Abilities::of(
        subject.resource,
        subject.requests.slots(),
        subject.is_private,
    );
    let mut rng = StdRng::seed_from_u64(inputs.seed ^ hash(name));
    let walks = (0..inputs.settings.walks)
        .map(|_| steps::walk(&abilities, inputs.settings.steps, &mut rng));
    let mut known: BTreeSet<(String, &'static str)> = BTreeSet::new();
    for sequence in steps::fixed(&abilities).into_iter().chain(walks) {
        if known.len() >= MAX_FINDINGS {
            return;
        }
        let executed = Execution::run(subject, &sequence).await;
        let violation = executed.violation.clone();
        count(&executed, results);
        let Some(violation) = violation else {
            continue;
        };
        let claim = (violation.method.clone(), violation.claim);
        if known.contains(&claim) {
            continue;
        }
        let Some((steps, executed, violation)) =
            confirm(subject, &sequence, &violation, results).await
        else {
            continue;
        };
        known.insert(claim);
        results
            .findings
            .push(finding(name, &steps, executed, violation));
    }
}

/// Repeats a failed sequence, and shortens it if it fails again.
async fn confirm(
    subject: &Subject<'_>,
    steps: &[Step],
    violation: &Violation,
    results: &mut ScenarioResults,
) -> Option<(Vec<Step>, Executed, Violation)> {
    let same = |executed: &Executed| {
        executed
            .violation
            .clone()
            .filter(|found| (found.claim, &found.method) == (violation.claim, &violation.method))
    };
    let mut again = None;
    for _ in 0..REPETITIONS {
        let executed = Execution::run(subject, steps).await;
        if let Some(found) = same(&executed) {
            again = Some((steps.to_vec(), executed, found));
            break;
        }
        // The server is gone: the first failure counts.
        if violation.kind == FindingKind::Crash {
            break;
        }
    }
    let Some(found) = again else {
        if violation.kind == FindingKind::Crash {
            let executed = Execution::run(subject, &[]).await;
            return Some((steps.to_vec(), executed, violation.clone()));
        }
        let text = format!(
            "a sequence failed once and not again, as if another client had changed the data: {} ({})",
            violation.observed,
            names(steps)
        );
        results.skipped.push((violation.method.clone(), text));
        return None;
    };
    let mut smallest = found;
    let shortened = shrink::shrink(steps, async |shorter: &[Step]| {
        let executed = Execution::run(subject, shorter).await;
        let fails = same(&executed);
        if let Some(violation) = &fails {
            smallest = (shorter.to_vec(), executed, violation.clone());
        }
        fails.is_some()
    });
    let shortened = shrink::renumbered(&shortened.await);
    let executed = Execution::run(subject, &shortened).await;
    if let Some(violation) = same(&executed) {
        smallest = (shortened, executed, violation);
    }
    Some(smallest)
}

fn count(executed: &Executed, results: &mut ScenarioResults) {
    for (method, judged) in &executed.judged {
        let path = Some(method.clone());
        match results.claims.iter_mut().find(|(of, _)| *of == path) {
            Some((_, count)) => *count += judged,
            None => results.claims.push((path, *judged)),
        }
    }
}

/// `create-a, update-a, get-a`.
fn names(steps: &[Step]) -> String {
    let names: Vec<String> = steps.iter().map(Step::to_string).collect();
    names.join(", ")
}

fn finding(resource: &str, steps: &[Step], executed: Executed, violation: Violation) -> Finding {
    let (package, name) = resource.rsplit_once('.').unwrap_or(("", resource));
    let intent = match package {
        "" => format!("{name}: {}", names(steps)),
        _ => format!("{name} of {package}: {}", names(steps)),
    };
    let last = executed.calls.last();
    Finding {
        case: format!(
            "sequences/{}/{}",
            violation.claim,
            names(steps).replace(", ", ",")
        ),
        method: violation.method,
        phase: Phase::Sequences,
        kind: violation.kind,
        intent,
        expected: violation.expected,
        observed: violation.observed,
        sent: Vec::new(),
        json: last.map(|call| call.request.clone()),
        reproduction: None,
        suspects: Vec::new(),
        sequence: Some(Sequence {
            resource: resource.to_owned(),
            steps: steps.to_vec(),
            calls: executed.calls,
        }),
    }
}

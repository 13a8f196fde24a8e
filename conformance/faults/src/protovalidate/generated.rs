//! What proofread generates for the messages of protovalidate's conformance cases.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proofread::{
    case::{Case, Expect, Payload},
    cases::{Deriver, Fixtures, RandomCases},
    contract::Contract,
    coverage::{Coverage, CoverageSummary},
    oracle::Oracle,
};
use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};
use prost_types::{Any, FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto};

use super::{
    executor,
    harness::{Outcome, Request, Response, ResultSet},
};
use crate::image::Image;

/// The number of random requests for each message.
const RANDOM_CASES: usize = 20;

/// The requests for the messages of the cases, and the rules that they exercise.
pub struct Generated {
    /// As the harness has it: editions are not rewritten.
    image: Vec<u8>,
    contract: Contract,
    /// By the name under which an executor gets them.
    requests: BTreeMap<String, DynamicMessage>,
    /// How many rules are kept and broken by the requests.
    pub rules: CoverageSummary,
    /// The rule sides without a request, each with the reason.
    pub gaps: Vec<(String, String)>,
    /// Requests that do not do what they were generated for.
    pub defects: Vec<String>,
}

impl Generated {
    /// Generates requests for every message that a case contains, except those whose rules
    /// can't be evaluated.
    ///
    /// # Errors
    /// When proofread can't read the contract of the cases.
    pub fn new(report: &ResultSet) -> anyhow::Result<Self> {
        let image = image_with_service(report)?;
        let contract = Contract::decode(&image)?;
        let oracle = Oracle::new(&contract);
        let fixtures = Fixtures::default();
        let mut deriver = Deriver::new(&contract, &oracle, &fixtures);
        let mut coverage = Coverage::of(&contract, contract.methods());
        let (mut requests, mut defects) = (BTreeMap::new(), Vec::new());
        for method in contract.methods() {
            let derived = deriver.derive(method);
            defects.extend(derived.defects.iter().map(ToString::to_string));
            coverage.record_gaps(&derived.uncovered);
            let random = RandomCases::new(&contract, &oracle, method, &fixtures, 0);
            for case in derived.cases.into_iter().chain(random.take(RANDOM_CASES)) {
                coverage.record(&case);
                let Case {
                    id, send, expect, ..
                } = case;
                // Whether a message without a required field is parsed depends on the library.
                let is_complete = !matches!(expect, Expect::MissingRequired(_));
                if let Payload::Messages(messages) = send
                    && is_complete
                {
                    let names = (0..).map(|at| format!("{} {id} {at}", method.request));
                    requests.extend(names.zip(messages));
                }
            }
        }
        let rules = coverage.summary();
        Ok(Self {
            requests,
            rules,
            gaps: gaps(&coverage),
            defects,
            contract,
            image,
        })
    }

    /// The requests, for an executor.
    pub fn to_request(&self) -> Request {
        let cases = self.requests.iter().map(|(name, message)| {
            let type_url = format!("type.googleapis.com/{}", message.descriptor().full_name());
            let value = message.encode_to_vec();
            (name.clone(), Any { type_url, value })
        });
        Request {
            image: self.image.clone(),
            cases: cases.collect(),
        }
    }

    /// The number of requests.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// The requests about which another executor and the oracle of proofread disagree.
    pub fn disagreements(&self, other: &Response) -> Vec<String> {
        let oracle = Oracle::new(&self.contract);
        let compared = self.requests.iter().filter_map(|(name, message)| {
            let ours = comparable(&executor::validate(&oracle, message));
            let theirs = other.results.get(name).and_then(|it| it.outcome.as_ref());
            let theirs = theirs.map_or(Err("no result".to_owned()), comparable);
            (ours != theirs)
                .then(|| format!("{name}: proofread {ours:?}, other {theirs:?}, for {message}"))
        });
        compared.collect()
    }
}

/// The rule sides that no request is on, each with the reason.
fn gaps(coverage: &Coverage) -> Vec<(String, String)> {
    let rules = coverage.report().into_iter().flat_map(|rule| {
        let kept = (rule.kept, "kept", rule.kept_reason);
        let broken = (rule.broken, "broken", rule.broken_reason);
        let missing = [kept, broken].into_iter().filter(|(count, ..)| *count == 0);
        let name = format!("{} {}", rule.field, rule.rule);
        missing.map(move |(_, side, reason)| {
            let reason = reason.unwrap_or_else(|| "no reason is known".to_owned());
            (format!("{name} {side}"), reason)
        })
    });
    rules.collect()
}

/// The rule ids and field names of the violations, sorted; or an error. Texts are not
/// compared: the specification leaves them open.
fn comparable(outcome: &Outcome) -> Result<Vec<String>, String> {
    match outcome {
        Outcome::Success(_) => Ok(Vec::new()),
        Outcome::ValidationError(violations) => {
            let violations = violations.violations.iter().map(|violation| {
                let path = violation.field.iter().flat_map(|path| &path.elements);
                let path = path.map(|it| format!(".{}{:?}", it.field_name(), it.subscript));
                let path: String = path.collect();
                format!("{path} {}", violation.rule_id())
            });
            let mut violations: Vec<String> = violations.collect();
            violations.sort();
            Ok(violations)
        }
        Outcome::CompilationError(_) => Err("compilation error".to_owned()),
        Outcome::RuntimeError(_) => Err("runtime error".to_owned()),
        Outcome::UnexpectedError(error) => Err(error.clone()),
    }
}

/// The files of all suites, and one with a method for each message that a case contains,
/// except those whose rules can't be evaluated.
fn image_with_service(report: &ResultSet) -> anyhow::Result<Vec<u8>> {
    let mut files: HashMap<String, Vec<u8>> = HashMap::new();
    let mut image = Image::default();
    let (mut requests, mut without_requests) = (BTreeSet::new(), BTreeSet::new());
    for suite in &report.suites {
        for bytes in Image::decode(suite.image.as_slice())?.files {
            let name = FileDescriptorProto::decode(bytes.as_slice())?
                .name()
                .to_owned();
            if files.insert(name, bytes.clone()).is_none() {
                image.files.push(bytes);
            }
        }
        for case in &suite.cases {
            let input = case.input.as_ref().map_or("", |input| &input.type_url);
            let name = input.rsplit('/').next().unwrap_or_default().to_owned();
            if case.wants_error() {
                without_requests.insert(name);
            } else {
                requests.insert(name);
            }
        }
    }
    let requests = requests.difference(&without_requests);
    let methods = requests.map(|request| MethodDescriptorProto {
        name: Some(request.replace('.', "_")),
        input_type: Some(format!(".{request}")),
        output_type: Some(format!(".{request}")),
        ..MethodDescriptorProto::default()
    });
    let file = FileDescriptorProto {
        name: Some("all_cases_service.proto".to_owned()),
        package: Some("cases".to_owned()),
        dependency: files.into_keys().collect(),
        service: vec![ServiceDescriptorProto {
            name: Some("AllCases".to_owned()),
            method: methods.collect(),
            ..ServiceDescriptorProto::default()
        }],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    image.files.push(file.encode_to_vec());
    Ok(image.encode_to_vec())
}

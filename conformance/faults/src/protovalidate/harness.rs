//! The messages of `buf.validate.conformance.harness`, and the programs that exchange them.

use std::{
    collections::HashMap,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use prost::{Message, Oneof};
use prost_protovalidate_types::Violations;
use prost_types::Any;

/// `TestConformanceRequest`: what an executor reads from its standard input.
#[derive(Clone, PartialEq, Message)]
pub struct Request {
    /// The encoded `FileDescriptorSet`: decoding it would drop the rules.
    #[prost(bytes = "vec", tag = "2")]
    pub image: Vec<u8>,
    /// By the name of the case.
    #[prost(map = "string, message", tag = "3")]
    pub cases: HashMap<String, Any>,
}

/// `TestConformanceResponse`: what an executor writes to its standard output.
#[derive(Clone, PartialEq, Message)]
pub struct Response {
    /// By the name of the case.
    #[prost(map = "string, message", tag = "1")]
    pub results: HashMap<String, TestResult>,
}

/// `TestResult`.
#[derive(Clone, PartialEq, Message)]
pub struct TestResult {
    #[prost(oneof = "Outcome", tags = "1, 2, 3, 4, 5")]
    pub outcome: Option<Outcome>,
}

/// The result of validating one message.
#[derive(Clone, PartialEq, Oneof)]
pub enum Outcome {
    #[prost(bool, tag = "1")]
    Success(bool),
    #[prost(message, tag = "2")]
    ValidationError(Violations),
    #[prost(string, tag = "3")]
    CompilationError(String),
    #[prost(string, tag = "4")]
    RuntimeError(String),
    #[prost(string, tag = "5")]
    UnexpectedError(String),
}

/// `ResultSet`: the report of the harness.
#[derive(Clone, PartialEq, Message)]
pub struct ResultSet {
    #[prost(message, repeated, tag = "3")]
    pub suites: Vec<SuiteResults>,
}

/// `SuiteResults`.
#[derive(Clone, PartialEq, Message)]
pub struct SuiteResults {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, repeated, tag = "4")]
    pub cases: Vec<CaseResult>,
    /// The encoded `FileDescriptorSet` of the messages in the cases.
    #[prost(bytes = "vec", tag = "5")]
    pub image: Vec<u8>,
}

/// `CaseResult`.
#[derive(Clone, PartialEq, Message)]
pub struct CaseResult {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bool, tag = "2")]
    pub success: bool,
    #[prost(message, optional, tag = "3")]
    wanted: Option<TestResult>,
    #[prost(message, optional, tag = "5")]
    pub input: Option<Any>,
}

impl CaseResult {
    /// Whether an error is required, because the rules can't be evaluated.
    pub fn wants_error(&self) -> bool {
        let wanted = self.wanted.as_ref().and_then(|it| it.outcome.as_ref());
        !matches!(
            wanted,
            Some(Outcome::Success(_) | Outcome::ValidationError(_))
        )
    }
}

/// Lets the harness run all its cases with the executor of this program.
///
/// # Errors
/// When the harness can't be started or does not write a report.
pub fn run(harness: &Path) -> anyhow::Result<ResultSet> {
    // The exit code is the number of failures, which the report has too.
    let output = Command::new(harness)
        .args(["--verbose", "--proto", "--timeout", "5m"])
        .arg(std::env::current_exe()?)
        .arg("protovalidate-executor")
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("can't start {}", harness.display()))?;
    let report = ResultSet::decode(output.stdout.as_slice());
    let report = report.with_context(|| format!("no report of {}", harness.display()))?;
    if report.suites.is_empty() {
        bail!("{} ran no case", harness.display());
    }
    Ok(report)
}

/// Lets another executor validate messages.
///
/// # Errors
/// When it can't be started or does not write a response.
pub fn execute(executor: &Path, request: &Request) -> anyhow::Result<Response> {
    let mut child = Command::new(executor)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start {}", executor.display()))?;
    // An executor reads everything before it writes; dropping the pipe ends its input.
    let mut input = child.stdin.take().context("the input is a pipe")?;
    input.write_all(&request.encode_to_vec())?;
    drop(input);
    let output = child.wait_with_output()?;
    Response::decode(output.stdout.as_slice())
        .with_context(|| format!("no response of {}", executor.display()))
}

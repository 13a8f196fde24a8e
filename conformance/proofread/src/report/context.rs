//! What reports show beside the findings.

use super::{CommandTemplate, CoverageByMethod};
use crate::contract::{Contract, Method};

/// What a report needs in addition to the findings.
pub struct ReportContext<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The methods that were checked.
    pub methods: &'a [&'a Method],
    /// The URL of the server.
    pub url: String,
    /// The path of the contract, or that it came from reflection.
    pub source: String,
    /// The template of the commands that reproduce failures.
    pub command_template: &'a CommandTemplate,
    /// The file in which the failures are recorded, if there are any.
    pub failures: Option<String>,
    /// What to do about entries of the baseline: their ids, each with a text.
    pub baseline: Vec<(String, String)>,
    /// The rule coverage of all methods together and of each method.
    pub coverage: CoverageByMethod,
}

//! `proofread cases`: shows the cases of a contract without a server.

use std::{fmt::Write, process::ExitCode};

use clap::Args;
use prost_reflect::DynamicMessage;

use super::{
    case_text,
    config_location::WithConfigLocation,
    connection::{ConfigArguments, ContractArguments, SelectionArguments},
    fixtures, output,
    watch::{WatchArguments, WatchedFiles},
};
use crate::{
    case::{Case, Expect, Payload, Phase},
    cases::{Deriver, Fixtures, RandomCases},
    config::Config,
    contract::{Contract, Method},
    oracle::Oracle,
    profile::Profile,
    style::{BOLD, CYAN, DIM, YELLOW, count, paint},
    wire,
};

#[derive(Debug, Args)]
pub(super) struct Cases {
    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    /// The phases to show, separated by commas: baseline, unset, boundary, wire, random
    /// [default: all except random].
    #[arg(long, value_name = "PHASE", value_delimiter = ',', value_parser = parse_phase)]
    phases: Vec<Phase>,

    /// The number of random cases to show for each method [default: 0].
    #[arg(long, value_name = "NUMBER")]
    random: Option<usize>,

    /// The seed of the random cases [default: 1].
    #[arg(long)]
    seed: Option<u64>,

    /// Prints one JSON object per line for each case.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    watch: WatchArguments,
}

/// Parses the name of a phase, such as `boundary`.
pub(super) fn parse_phase(name: &str) -> Result<Phase, String> {
    let parsed = serde_json::from_value(serde_json::Value::from(name));
    parsed.map_err(|_| {
        let names = [
            "baseline",
            "unset",
            "boundary",
            "wire",
            "behaviour",
            "random",
        ];
        let near = crate::suggest::did_you_mean(name, &names);
        format!(
            "there is no phase {name:?}{near}; the phases are {}",
            names.join(", ")
        )
    })
}

impl Cases {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let files = WatchedFiles {
            config: &self.config,
            contract: &self.contract,
        };
        self.watch.run(&files, async || self.show())
    }

    fn show(&self) -> anyhow::Result<ExitCode> {
        let config = self.config.read()?;
        let include = self.selection.globs(&config);
        let wanted = |path: &str| include.as_ref().is_ok_and(|it| it.contains_path(path));
        let printed = self
            .contract
            .with_part(&config, wanted, |contract| self.prepared(&config, contract))?;
        printed?;
        Ok(ExitCode::SUCCESS)
    }

    /// Prints the cases. The outer error is one before the first output.
    fn prepared(&self, config: &Config, contract: &Contract) -> anyhow::Result<anyhow::Result<()>> {
        let methods = self.selection.methods(config, contract)?;
        let fixtures = fixtures::literal_values(config, contract)?;
        let methods = methods.into_iter().map(|method| {
            let call_fixtures = fixtures::call_fixtures(config, contract, method)?;
            let notes = call_fixtures.iter().map(fixtures::CallFixture::description);
            Ok((method, notes.collect::<Vec<_>>()))
        });
        let methods = methods.collect::<anyhow::Result<Vec<_>>>()?;
        let oracle = Oracle::new(contract);
        let generator = CaseGenerator {
            contract,
            deriver: Deriver::new(contract, &oracle, &fixtures),
            oracle,
            fixtures: &fixtures,
            profile: profile(config)?,
            random_cases: self.random.unwrap_or(0),
            seed: self.seed.or(config.file.seed).unwrap_or(1),
        };
        Ok(self.print(generator, methods))
    }

    fn print<'c>(
        &self,
        mut generator: CaseGenerator<'c>,
        methods: Vec<(&'c Method, Vec<String>)>,
    ) -> anyhow::Result<()> {
        let mut total = 0;
        for (method, fixture_notes) in methods {
            let (generated, mut notes) = generator.cases(method);
            notes.extend(fixture_notes);
            let selected: Vec<&Case> = generated
                .iter()
                .filter(|case| self.phases.is_empty() || self.phases.contains(&case.phase))
                .collect();
            total += selected.len();
            let text = if self.json {
                json_lines(&selected)?
            } else {
                case_list(method, &selected, &notes)
            };
            output::print(&text)?;
        }
        if !self.json {
            output::print(&format!("{}\n", paint(BOLD, count(total as u64, "case"))))?;
        }
        Ok(())
    }
}

fn profile(config: &Config) -> anyhow::Result<Profile> {
    let name = config.file.profile.as_deref().unwrap_or("strict");
    let profile = Profile::named(name).ok_or_else(|| anyhow::anyhow!(unknown_profile(name)));
    profile.with_config_location(config, "profile")
}

/// The error message for a profile name that does not exist.
pub(super) fn unknown_profile(name: &str) -> String {
    let near = crate::suggest::did_you_mean(name, &Profile::NAMES);
    let names = Profile::NAMES.join(", ");
    format!("there is no profile {name:?}{near}; the profiles are {names}")
}

/// The request of the earliest accepted case: the smallest valid request where there is
/// a baseline case. `None` if no request is valid.
pub(super) fn baseline_request(cases: &[Case]) -> Option<&DynamicMessage> {
    let accepted = cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Accepted));
    accepted
        .min_by_key(|case| case.phase)
        .and_then(|case| match &case.send {
            Payload::Messages(messages) => messages.first(),
            Payload::Raw(_) => None,
        })
}

struct CaseGenerator<'c> {
    contract: &'c Contract,
    deriver: Deriver<'c>,
    oracle: Oracle,
    fixtures: &'c Fixtures,
    profile: Profile,
    random_cases: usize,
    seed: u64,
}

impl CaseGenerator<'_> {
    /// The cases of a method, and notes about what has no case and why.
    fn cases(&mut self, method: &Method) -> (Vec<Case>, Vec<String>) {
        let generated = self.deriver.derive(method);
        let uncovered = generated.uncovered.iter();
        let uncovered = uncovered.map(|it| format!("uncovered: {it}"));
        let defects = generated.defects.iter();
        let defects = defects.map(|it| format!("defect of proofread: {it}"));
        let notes = uncovered.chain(defects).collect();
        let wire = baseline_request(&generated.cases).map(|baseline| {
            wire::cases(self.contract, &self.oracle, method, baseline, &self.profile)
        });
        let mut all = generated.cases;
        all.extend(wire.unwrap_or_default());
        if self.random_cases > 0 {
            let (oracle, seed) = (&self.oracle, self.seed);
            let random = RandomCases::new(self.contract, oracle, method, self.fixtures, seed);
            all.extend(random.take(self.random_cases));
        }
        (all, notes)
    }
}

fn json_lines(cases: &[&Case]) -> anyhow::Result<String> {
    let mut text = String::new();
    for case in cases {
        text.push_str(&serde_json::to_string(&case_text::as_json(case))?);
        text.push('\n');
    }
    Ok(text)
}

fn case_list(method: &Method, cases: &[&Case], notes: &[String]) -> String {
    let mut text = String::new();
    let name = method.path.trim_start_matches('/');
    let total = count(cases.len() as u64, "case");
    let _ = writeln!(text, "{}  {}", paint(BOLD, name), paint(DIM, total));
    for case in cases {
        let expected = case_text::expectation_text(&case.expect);
        let _ = writeln!(text, "  {}  {}", paint(CYAN, &case.id), case.intent);
        let _ = writeln!(
            text,
            "      {expected}  {}",
            paint(DIM, truncated(&case_text::request_text(case)))
        );
    }
    for note in notes {
        let _ = writeln!(text, "  {}", paint(YELLOW, note));
    }
    text.push('\n');
    text
}

fn truncated(text: &str) -> String {
    const MAX_CHARACTERS: usize = 160;
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

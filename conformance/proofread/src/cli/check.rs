//! `proofread check`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::bail;
use clap::Args;

use super::{
    connection::{ConfigArguments, ConnectionArguments, ContractArguments, SelectionArguments},
    fixtures::{self, FetchedValues},
    output,
    progress::Progress,
    session::{self, Session, block_on},
    settings::{ProfileArguments, RunArguments},
};
use crate::{
    config::Config,
    contract::Method,
    engine::{self, FromContract, Plan, Report},
    failures::Failures,
    report::{Covered, Format, View, covered, html, junit, terminal, view_builder},
};

/// Where failures are recorded where it is not said.
const FAILURES: &str = "failures.json";

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The server: http://HOST:PORT, or https:// for TLS.
    url: Option<String>,

    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten, next_help_heading = "How to reach the server")]
    connection: ConnectionArguments,

    #[command(flatten, next_help_heading = "What is expected of its stack")]
    profile: ProfileArguments,

    #[command(flatten, next_help_heading = "What to send")]
    run: RunArguments,

    /// The reports: terminal, json=FILE, junit=FILE, html=FILE; a FILE of - is
    /// standard output.
    #[arg(
        long,
        value_name = "REPORTS",
        value_delimiter = ',',
        default_value = "terminal",
        help_heading = "What to tell"
    )]
    report: Vec<Format>,

    /// Where failures are recorded for `proofread replay` [default: failures.json,
    /// written where there are any].
    #[arg(long, value_name = "FILE", help_heading = "What to tell")]
    failures: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self
            .report
            .iter()
            .filter(|format| format.is_stdout())
            .count()
            > 1
        {
            bail!(
                "only one report can go to standard output; give the others a file, such as json=report.json"
            );
        }
        block_on(self.check())
    }

    async fn check(self) -> anyhow::Result<ExitCode> {
        let config = self.config.read()?;
        let url = session::choose_url(self.url.as_deref(), &config, None)?;
        let profile = self.profile.profile(&config, None)?;
        let session = Session::open(&url, &config, &self.contract, None, &self.connection).await?;
        let selection = self.selection.selection(&config, &session.contract)?;
        let methods = selection.of(&session.contract)?;
        // Of a method that refuses the caller only that is tried.
        let served = methods
            .iter()
            .copied()
            .filter(|it| session.probe.may_call(it));
        let client = (&session.probe, session.timeout);
        let (fixtures, obtained) =
            fixtures::resolve(&config, &session.contract, served, client).await?;
        let source = FromContract::new(&session.contract, &fixtures);
        let settings = self.run.settings(&config);
        let mut plan = Plan::new(&session.contract, &session.probe, profile);
        let required = methods
            .iter()
            .filter(|method| selection.includes_by_name(method));
        plan.required = required.map(|method| method.path.clone()).collect();
        plan.methods = methods;
        settings.apply(&mut plan);
        plan.timeout = session.timeout;
        let progress = Progress::new();
        let report = engine::run_with(&plan, &source, |event| progress.show(&event)).await;
        drop(progress);

        let failures = self.failures(&config);
        let recorded = !report.findings.is_empty();
        if recorded {
            record(&session, &plan, (&report, obtained), &failures)?;
        }
        let coverage = covered(&session.contract, &plan.methods, &report, &source.sides());
        let failures = recorded.then_some(failures.as_path());
        let view = view(&session, &plan.methods, &report, failures, coverage);
        for format in &self.report {
            write(format, &view, &report)?;
        }
        if view.is_empty() {
            let why = report.stopped.clone().or_else(|| {
                let first = view.uncovered.first()?;
                Some(format!("{}: {}", first.about, first.text))
            });
            let why = why.unwrap_or_else(|| "no method could be tested".to_owned());
            bail!("nothing was checked: {why}");
        }
        Ok(ExitCode::from(u8::from(!view.keeps_contract())))
    }

    fn failures(&self, config: &Config) -> PathBuf {
        let configured = config.file.failures.as_deref();
        let configured = configured.map(|path| config.resolve(path));
        let chosen = self.failures.clone().or(configured);
        chosen.unwrap_or_else(|| FAILURES.into())
    }
}

fn record(
    session: &Session,
    plan: &Plan<'_>,
    (report, obtained): (&Report, FetchedValues),
    path: &Path,
) -> anyhow::Result<()> {
    let (profile, methods) = (&plan.profile, &plan.methods);
    let failures = Failures {
        format: Failures::FORMAT,
        proofread: env!("CARGO_PKG_VERSION").to_owned(),
        url: session.url.clone(),
        contract: session
            .source
            .as_ref()
            .map(|path| path.display().to_string()),
        profile: profile.name.to_owned(),
        details: profile.details.to_string(),
        trailer_limit: profile.trailer_limit,
        seed: report.seed,
        methods: methods.iter().map(|method| method.path.clone()).collect(),
        called: obtained,
        left_out: report.left_out(),
        failures: Failures::numbered(report.kept()),
    };
    Ok(failures.write(path)?)
}

fn view(
    session: &Session,
    methods: &[&Method],
    report: &Report,
    failures: Option<&Path>,
    coverage: Covered,
) -> View {
    let reproduce = session.reproduce(failures.unwrap_or(Path::new(FAILURES)));
    let context = view_builder::ReportContext {
        contract: &session.contract,
        methods,
        url: session.url.clone(),
        source: session.contract_description(),
        reproduce: &reproduce,
        failures: failures.map(|path| path.display().to_string()),
        coverage,
    };
    view_builder::build_view(report, context)
}

fn write(format: &Format, view: &View, report: &Report) -> anyhow::Result<()> {
    match format {
        Format::Terminal => Ok(output::print(&terminal::render(view))?),
        Format::Junit(to) => output::write(to, &junit::render(view)?),
        Format::Html(to) => output::write(to, &html::render(view)?),
        Format::Json(to) => {
            let all = serde_json::json!({
                "proofread": env!("CARGO_PKG_VERSION"),
                "kept": view.keeps_contract(),
                "verdict": view.verdict(),
                "summary": view,
                "report": report,
            });
            output::write(to, &output::json(&all)?)
        }
    }
}

//! `proofread check`: tests a server against its contract.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;

use super::{
    baseline::{self, BaselineArguments},
    connection::{ConfigArguments, ConnectionArguments, ContractArguments, SelectionArguments},
    fixtures::{self, FetchedValues},
    output,
    progress::Progress,
    session::{self, Session},
    settings::{ProfileArguments, RunArguments},
    source_files::SourceFiles,
    watch::{WatchArguments, WatchedFiles},
};
use crate::{
    config::Config,
    engine::{self, ContractCases, Note, Plan, Report},
    failures::{Failures, relative_to_folder_of},
    report::{
        Format, ReportContext, View, events::EventWriter, github, html, junit, rule_coverage,
        sarif, terminal, view_builder,
    },
};

/// The file for failures if neither flag nor configuration names one.
const DEFAULT_FAILURES_FILE: &str = "failures.json";

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The URL of the server: http://HOST:PORT, or https:// for TLS.
    url: Option<String>,

    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten)]
    config: ConfigArguments,

    #[command(flatten)]
    selection: SelectionArguments,

    #[command(flatten, next_help_heading = "Connection")]
    connection: ConnectionArguments,

    #[command(flatten, next_help_heading = "Server profile")]
    profile: ProfileArguments,

    #[command(flatten, next_help_heading = "Known failures")]
    baseline: BaselineArguments,

    #[command(flatten, next_help_heading = "Test run")]
    run: RunArguments,

    /// The reports to write: terminal, json=FILE, junit=FILE, html=FILE, sarif=FILE,
    /// github (annotations), events=FILE (a line of JSON for each event, during the run).
    /// The FILE "-" means standard output.
    #[arg(
        long,
        value_name = "REPORTS",
        value_delimiter = ',',
        default_value = "terminal",
        help_heading = "Reports"
    )]
    report: Vec<Format>,

    /// Shows only failures and the verdict on the terminal; nothing if there are none.
    #[arg(long, visible_alias = "quiet", help_heading = "Reports")]
    failures_only: bool,

    /// The file in which failures are recorded for `proofread replay`; it is written
    /// only if there are failures [default: failures.json].
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    failures: Option<PathBuf>,

    #[command(flatten)]
    watch: WatchArguments,
}

impl Check {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let stdout = self.report.iter().filter(|format| format.is_stdout());
        let mut stdout: Vec<&Format> = stdout.collect();
        // Annotations are lines of their own, which GitHub finds among others.
        if stdout.contains(&&Format::Terminal) {
            stdout.retain(|format| **format != Format::Github);
        }
        if stdout.len() > 1 {
            bail!(
                "only one report can be written to standard output; name a file for the others, such as json=report.json"
            );
        }
        let files = WatchedFiles {
            config: &self.config,
            contract: &self.contract,
        };
        self.watch.run(&files, async || self.check().await)
    }

    async fn check(&self) -> anyhow::Result<ExitCode> {
        let config = self.config.read()?;
        let url = session::choose_url(self.url.as_deref(), &config)?;
        let profile = self.profile.profile(&config, None)?;
        let baseline = self.baseline.open(&config)?;
        let session = Session::open(&url, &config, &self.contract, None, &self.connection).await?;
        let selection = self.selection.selection(&config, &session.contract)?;
        let methods = selection.select(&session.contract)?;
        // Methods without their credential are only tested for refusing the call.
        let callable = methods
            .iter()
            .copied()
            .filter(|it| session.probe.has_credential_for(it));
        let client = (&session.probe, session.timeout);
        let (fixtures, fetched) =
            fixtures::resolve(&config, &session.contract, callable, client).await?;
        let source = ContractCases::new(&session.contract, &fixtures);
        let settings = self.run.settings(&config);
        let mut plan = Plan::new(&session.contract, &session.probe, profile);
        let required = methods
            .iter()
            .filter(|method| selection.includes_by_name(method));
        plan.required = required.map(|method| method.path.clone()).collect();
        plan.methods = methods;
        plan.baseline = baseline.baseline.clone();
        settings.apply(&mut plan);
        plan.sequences = config.file.sequences.clone();
        plan.timeout = session.timeout;
        let progress = Progress::new();
        let mut events = self.event_writer()?;
        let show = |event| {
            progress.show(&event);
            if let Some(events) = &mut events {
                events.write(&event);
            }
        };
        let mut report = engine::run_until(&plan, &source, show, session::interrupted()).await;
        let left_out = session.contract.left_out().iter();
        report.uncovered.extend(left_out.map(|file| Note {
            about: file.name.clone(),
            text: format!("the file is left out: {}", file.reason),
        }));
        drop(progress);

        let failures = self.failures_file(&config);
        let has_failures = !report.findings.is_empty();
        if has_failures {
            record_failures(&session, &plan, (&report, fetched), &failures)?;
        }
        let coverage = rule_coverage(
            &session.contract,
            &plan.methods,
            &report,
            &source.uncovered_sides(),
        );
        let failures = has_failures.then_some(failures.as_path());
        let was_checked = baseline::checked_methods(&session.contract, &plan, &report);
        let context = ReportContext {
            contract: &session.contract,
            methods: &plan.methods,
            url: session.url.clone(),
            source: session.contract_description(),
            command_template: &session
                .command_template(failures.unwrap_or(Path::new(DEFAULT_FAILURES_FILE))),
            failures: failures.map(|path| path.display().to_string()),
            baseline: plan.baseline.notes(&report.ids, &was_checked),
            coverage,
        };
        let view = view_builder::build_view(&report, context);
        let files = SourceFiles::of(session.contract_source.as_ref());
        for format in &self.report {
            self.write_report(format, &view, &report, &files)?;
        }
        if let Some(events) = events {
            events.finish(&view).context("can't write the events")?;
        }
        if view.is_empty() {
            let reason = report.stopped.clone().or_else(|| {
                let first = view.uncovered.first()?;
                Some(format!("{}: {}", first.about, first.text))
            });
            let reason = reason.unwrap_or_else(|| "no method could be tested".to_owned());
            bail!("nothing was checked: {reason}");
        }
        if view.keeps_contract() && report.stopped.as_deref() == Some(engine::INTERRUPTED) {
            bail!("the run was interrupted and found no failure so far: there is no verdict");
        }
        let updated = baseline.update(&report, was_checked)?;
        if let Some(text) = &updated {
            // Nobody reads a closed standard error.
            let _ = anstream::stderr().write_all(text.as_bytes());
        }
        let failed = !view.keeps_contract() && updated.is_none();
        Ok(ExitCode::from(u8::from(failed)))
    }

    /// The writer of the events, if they are asked for.
    fn event_writer(&self) -> anyhow::Result<Option<EventWriter<Box<dyn Write>>>> {
        let mut outputs = self.report.iter().filter_map(|format| match format {
            Format::Events(output) => Some(output),
            _ => None,
        });
        let writer = outputs.next().map(output::open).transpose()?;
        Ok(writer.map(EventWriter::new))
    }

    fn write_report(
        &self,
        format: &Format,
        view: &View,
        report: &Report,
        files: &SourceFiles,
    ) -> anyhow::Result<()> {
        let file_path = |name: &str| files.path(name);
        match format {
            Format::Terminal if self.failures_only => {
                Ok(output::print(&terminal::render_failures(view))?)
            }
            Format::Terminal => Ok(output::print(&terminal::render(view))?),
            Format::Github => Ok(output::print(&github::render(view, &file_path))?),
            Format::Junit(to) => output::write(to, &junit::render(view)?),
            Format::Html(to) => output::write(to, &html::render(view)?),
            Format::Sarif(to) => {
                output::write(to, &output::json(&sarif::render(view, &file_path))?)
            }
            // Written during the run.
            Format::Events(_) => Ok(()),
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

    fn failures_file(&self, config: &Config) -> PathBuf {
        let configured = config.file.failures.as_deref();
        let configured = configured.map(|path| config.resolve(path));
        let chosen = self.failures.clone().or(configured);
        chosen.unwrap_or_else(|| DEFAULT_FAILURES_FILE.into())
    }
}

fn record_failures(
    session: &Session,
    plan: &Plan<'_>,
    (report, fetched): (&Report, FetchedValues),
    path: &Path,
) -> anyhow::Result<()> {
    let (profile, methods) = (&plan.profile, &plan.methods);
    let source = session.contract_source.clone().unwrap_or_default();
    let recorded = |paths: &[PathBuf]| -> Vec<PathBuf> {
        let paths = paths.iter();
        paths.map(|it| relative_to_folder_of(path, it)).collect()
    };
    let failures = Failures {
        format: Failures::FORMAT,
        proofread: env!("CARGO_PKG_VERSION").to_owned(),
        url: session.url.clone(),
        contract: recorded(&source.paths),
        import_paths: recorded(&source.import_paths),
        profile: profile.name.to_owned(),
        details: profile.details.to_string(),
        trailer_limit: profile.trailer_limit,
        seed: report.seed,
        methods: methods.iter().map(|method| method.path.clone()).collect(),
        called: fetched,
        left_out: report.left_out(),
        failures: Failures::numbered(report.kept_findings()),
    };
    Ok(failures.write(path)?)
}

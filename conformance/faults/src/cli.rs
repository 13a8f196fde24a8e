//! The command line of the `faults` binary.

use std::{fs, io, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::{
    faults::{self, Expectation, Fault},
    image, kill_table, protovalidate,
    running_server::RunningServer,
};

/// Tests proofread on a correct server and on the same server with seeded faults.
#[derive(Debug, Parser)]
#[command(
    name = "faults",
    version,
    after_help = "Exit codes: 0 success, 1 a fault is not detected as expected or proofread reports a failure of the correct server, 2 the command could not run."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the correct server, or the server with a fault, on a free loopback port.
    Serve(Serve),
    /// Lists the faults with the phase and the kind of finding that must detect them.
    List(List),
    /// Writes the image of the contract that the servers implement.
    Contract {
        /// The output file.
        out: PathBuf,
    },
    /// Runs proofread on every fault and prints a table of what detected it.
    KillTable(KillTable),
    /// Runs proofread on the correct server, where every failure is a false positive.
    FalsePositives(FalsePositives),
    /// Scores the oracle and the generators by the conformance cases of protovalidate.
    Protovalidate(protovalidate::Score),
    /// Executes the cases of protovalidate's conformance harness, which starts it.
    ProtovalidateExecutor,
}

#[derive(Debug, Args)]
struct Serve {
    /// The id of the fault, from `faults list`; without it, the correct server is served.
    #[arg(long, value_name = "ID")]
    fault: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    /// Also lists the faults that leave one rule of one field unchecked.
    #[arg(long)]
    unchecked_rules: bool,
}

#[derive(Debug, Args)]
struct KillTable {
    /// Only runs the faults whose ids begin with this text.
    #[arg(long, value_name = "ID", default_value = "")]
    only: String,

    /// The minimum number of random cases for the correct server; 0 skips it.
    #[arg(long, default_value_t = 100_000)]
    random: u64,

    /// The number of faults that are run at the same time.
    #[arg(long, default_value_t = 4)]
    concurrency: usize,

    /// Also writes the table into this Markdown file, between `<!-- kill table -->` and
    /// `<!-- end of kill table -->`, and the summary between `<!-- kill summary -->` and
    /// `<!-- end of kill summary -->`. May be repeated.
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    into: Vec<PathBuf>,

    /// Writes nothing, and exits with 1 if one of the files is out of date.
    #[arg(long, requires = "into")]
    check: bool,

    /// Prints all findings of each fault, and the duration.
    #[arg(long)]
    verbose: bool,
}

#[derive(Debug, Args)]
struct FalsePositives {
    /// The minimum number of random cases.
    #[arg(long, default_value_t = 100_000)]
    random: u64,

    /// The seed of the random cases.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// When the command could not run; the binary then exits with 2.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(arguments) => arguments.run(),
            Command::List(arguments) => {
                arguments.run();
                Ok(ExitCode::SUCCESS)
            }
            Command::Contract { out } => {
                fs::write(&out, image::contract())
                    .with_context(|| format!("can't write {}", out.display()))?;
                Ok(ExitCode::SUCCESS)
            }
            Command::KillTable(arguments) => arguments.run(),
            Command::FalsePositives(arguments) => arguments.run(),
            Command::Protovalidate(arguments) => arguments.run(),
            Command::ProtovalidateExecutor => {
                protovalidate::run_executor(io::stdin().lock(), io::stdout().lock())?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Serve {
    fn run(self) -> anyhow::Result<ExitCode> {
        let fault = match &self.fault {
            None => None,
            Some(id) => match faults::find(id) {
                Some(fault) => Some(Arc::new(fault)),
                None => bail!("unknown fault {id:?}; `faults list` shows all"),
            },
        };
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let server = RunningServer::start(fault).await?;
            println!("listening on {}", server.address.port());
            server.wait().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl List {
    fn run(&self) {
        let mut all = faults::table();
        if self.unchecked_rules {
            all.extend(faults::unchecked_rules());
        }
        println!("| fault | what the server does | path | expected phase | expected finding |");
        println!("| --- | --- | --- | --- | --- |");
        for fault in all {
            let (phase, kind) = match fault.expectation {
                Expectation::DetectedBy(phase, kind) => (format!("{phase:?}"), format!("{kind:?}")),
                Expectation::Undetectable(why) => ("undetectable".to_owned(), why.to_owned()),
            };
            println!(
                "| {} | {} | {} | {phase} | {kind} |",
                fault.id, fault.does, fault.method
            );
        }
    }
}

impl KillTable {
    fn run(self) -> anyhow::Result<ExitCode> {
        let program = std::env::current_exe()?;
        let selected = |faults: Vec<Fault>| -> Vec<Fault> {
            let matching = faults
                .into_iter()
                .filter(|it| it.id.starts_with(&self.only));
            matching.collect()
        };
        let table = kill_table::run_faults(selected(faults::table()), &program, self.concurrency)?;
        let unchecked_rules = kill_table::run_faults(
            selected(faults::unchecked_rules()),
            &program,
            self.concurrency,
        )?;
        if self.verbose {
            for result in table.iter().chain(&unchecked_rules) {
                let (id, duration) = (&result.fault.id, result.duration);
                eprintln!("{id}: {} cases in {duration:?}", result.cases);
                for detection in &result.detections {
                    eprintln!("  {detection:?}");
                }
            }
        }
        let markdown = kill_table::markdown(&table, &unchecked_rules);
        println!("{markdown}");
        let correct = match self.random {
            0 => None,
            random => Some(test_correct_server(random, 0)?),
        };
        let summary = kill_table::summary(&table, &unchecked_rules, correct.as_ref());
        println!("{summary}");
        let mut failed = correct.is_some_and(|it| it.has_findings());
        let unexpected = table
            .iter()
            .chain(&unchecked_rules)
            .filter(|it| !it.is_as_expected());
        failed |= unexpected.count() > 0;
        let sections = [("kill summary", &*summary), ("kill table", &*markdown)];
        for file in &self.into {
            failed |= !kill_table::update(file, &sections, self.check, "just kill-table --accept")?;
        }
        Ok(ExitCode::from(u8::from(failed)))
    }
}

impl FalsePositives {
    fn run(self) -> anyhow::Result<ExitCode> {
        let has_findings = test_correct_server(self.random, self.seed)?.has_findings();
        Ok(ExitCode::from(u8::from(has_findings)))
    }
}

/// Tests the correct server and prints the findings.
fn test_correct_server(random: u64, seed: u64) -> anyhow::Result<kill_table::CorrectServerReport> {
    let threads = std::thread::available_parallelism()?.get();
    let report = kill_table::test_correct_server(random, seed, threads)?;
    println!(
        "The correct server: {} cases, {} of them random, in {:.1} s; {} of {} rules satisfied and violated; {} false positives, {} defects of proofread.",
        report.cases,
        report.random,
        report.duration.as_secs_f64(),
        report.rules.0,
        report.rules.1,
        report.false_positives.len(),
        report.defects.len(),
    );
    for finding in report.false_positives.iter().chain(&report.defects) {
        println!("- {finding}");
    }
    for uncovered in &report.uncovered {
        println!("- not covered: {uncovered}");
    }
    println!();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}

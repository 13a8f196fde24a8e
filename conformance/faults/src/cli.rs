//! The commands of the binary.

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::{
    faults::{self, Claim, Fault},
    image, kill,
    server::Listening,
};

/// Who watches the watchman: a server that keeps its contract, faulty ones, and
/// whether proofread tells them apart.
#[derive(Debug, Parser)]
#[command(
    name = "faults",
    version,
    after_help = "Exit codes: 0 all is well, 1 a fault is not caught as claimed or the correct server is accused, 2 the command could not do its work."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the correct server, or one with a fault, on a free port of the loopback.
    Serve(Serve),
    /// Lists the faults with who claims to catch them.
    List(List),
    /// Writes the image of the contract that the servers keep.
    Contract {
        /// The file.
        out: PathBuf,
    },
    /// Lets proofread at every fault and prints who caught it.
    KillTable(KillTable),
    /// Lets proofread at the correct server, which nobody must accuse.
    Alarms(Alarms),
}

#[derive(Debug, Args)]
struct Serve {
    /// The fault, as `faults list` names it; none for the correct server.
    #[arg(long, value_name = "ID")]
    fault: Option<String>,
}

#[derive(Debug, Args)]
struct List {
    /// Lists also the sweep: each rule of each field, not checked.
    #[arg(long)]
    sweep: bool,
}

#[derive(Debug, Args)]
struct KillTable {
    /// Only the faults whose names begin so.
    #[arg(long, value_name = "ID", default_value = "")]
    only: String,

    /// How many random cases the correct server gets at least.
    #[arg(long, default_value_t = 100_000)]
    random: u64,

    /// How many faults are hunted at once.
    #[arg(long, default_value_t = 4)]
    at_once: usize,

    /// Writes it into this Markdown file too, between `<!-- kill table -->` and
    /// `<!-- end of kill table -->`, and its summary between the like of `kill summary`;
    /// may be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    into: Vec<PathBuf>,

    /// Writes nothing, and exits with 1 if one of the files says anything else.
    #[arg(long, requires = "into")]
    check: bool,

    /// Prints everything that was found of each fault, and how long it took.
    #[arg(long)]
    verbose: bool,
}

#[derive(Debug, Args)]
struct Alarms {
    /// How many random cases it gets at least.
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
    /// When the command could not do its work; the binary exits with 2 then.
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
            Command::Alarms(arguments) => arguments.run(),
        }
    }
}

impl Serve {
    fn run(self) -> anyhow::Result<ExitCode> {
        let fault = match &self.fault {
            None => None,
            Some(id) => match faults::find(id) {
                Some(fault) => Some(Arc::new(fault)),
                None => bail!("there is no fault {id:?}; `faults list` names them"),
            },
        };
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let server = Listening::start(fault).await?;
            println!("listening on {}", server.address.port());
            server.wait().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl List {
    fn run(&self) {
        let mut all = faults::table();
        if self.sweep {
            all.extend(faults::sweep());
        }
        println!("| fault | what the server does | on | claimed by | as |");
        println!("| --- | --- | --- | --- | --- |");
        for fault in all {
            let (phase, kind) = match fault.claim {
                Claim::Caught(phase, kind) => (format!("{phase:?}"), format!("{kind:?}")),
                Claim::Undetectable(why) => ("nobody".to_owned(), why.to_owned()),
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
        let only = |faults: Vec<Fault>| -> Vec<Fault> {
            let chosen = faults
                .into_iter()
                .filter(|it| it.id.starts_with(&self.only));
            chosen.collect()
        };
        let table = kill::hunt_all(only(faults::table()), &program, self.at_once)?;
        let sweep = kill::hunt_all(only(faults::sweep()), &program, self.at_once)?;
        if self.verbose {
            for hunted in table.iter().chain(&sweep) {
                let (id, took) = (&hunted.fault.id, hunted.took);
                eprintln!("{id}: {} cases in {took:?}", hunted.cases);
                for catch in &hunted.caught {
                    eprintln!("  {catch:?}");
                }
            }
        }
        let markdown = kill::markdown(&table, &sweep);
        println!("{markdown}");
        let correct = match self.random {
            0 => None,
            random => Some(alarms(random, 0)?),
        };
        let summary = kill::summary(&table, &sweep, correct.as_ref());
        println!("{summary}");
        let mut failed = correct.is_some_and(|it| it.is_accused());
        let missed = table.iter().chain(&sweep).filter(|it| !it.is_as_claimed());
        failed |= missed.count() > 0;
        let sections = [("kill summary", &*summary), ("kill table", &*markdown)];
        for file in &self.into {
            if !self.check {
                kill::write(file, &sections)?;
            } else if kill::stale(file, &sections)? {
                println!("{}: not what the kill table says", file.display());
                failed = true;
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }
}

impl Alarms {
    fn run(self) -> anyhow::Result<ExitCode> {
        let accused = alarms(self.random, self.seed)?.is_accused();
        Ok(ExitCode::from(u8::from(accused)))
    }
}

/// Tests the correct server and prints what it was accused of.
fn alarms(random: u64, seed: u64) -> anyhow::Result<kill::Alarms> {
    let threads = std::thread::available_parallelism()?.get();
    let alarms = kill::alarms(random, seed, threads)?;
    println!(
        "The correct server: {} cases, {} of them random, in {:.1} s; {} of {} rules seen from both sides; {} false alarms, {} defects of proofread.",
        alarms.cases,
        alarms.random,
        alarms.took.as_secs_f64(),
        alarms.rules.0,
        alarms.rules.1,
        alarms.alarms.len(),
        alarms.defects.len(),
    );
    for alarm in alarms.alarms.iter().chain(&alarms.defects) {
        println!("- {alarm}");
    }
    for uncovered in &alarms.uncovered {
        println!("- not covered: {uncovered}");
    }
    println!();
    Ok(alarms)
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

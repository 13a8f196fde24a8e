//! The subcommands, one file each.

mod audit;
mod backup;
mod certs;
mod doctor;
mod export;
mod healthcheck;
mod import;
mod local_inventory;
mod network_policies;
mod payment_simulator;
mod serve;
mod up;

use std::{
    fmt,
    io::{self, Write},
};

use clap::Subcommand;

/// The subcommands. The doc comment of each struct is its `--help` text.
#[derive(Debug, Subcommand)]
pub enum Command {
    Up(up::Up),
    Serve(serve::Serve),
    Import(import::Import),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(backup::Restore),
    PaymentSimulator(payment_simulator::PaymentSimulator),
    Audit(audit::Audit),
    Certs(certs::Certs),
    Doctor(doctor::Doctor),
    Healthcheck(healthcheck::Healthcheck),
    NetworkPolicies(network_policies::NetworkPolicies),
}

impl Command {
    /// Runs the command on a new multi-threaded runtime.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match self {
                Command::Up(up) => up.run().await,
                Command::Serve(serve) => serve.run().await,
                Command::Import(import) => import.run().await,
                Command::Export(export) => export.run().await,
                Command::Backup(backup) => backup.run().await,
                Command::Restore(restore) => restore.run().await,
                Command::PaymentSimulator(simulator) => simulator.run().await,
                Command::Audit(audit) => audit.run().await,
                Command::Certs(certs) => certs.run(),
                Command::Doctor(doctor) => doctor.run().await,
                Command::Healthcheck(healthcheck) => healthcheck.run().await,
                Command::NetworkPolicies(policies) => policies.run(),
            }
        })
    }
}

/// Prints a line to standard output. A closed output is not an error.
fn print_line(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

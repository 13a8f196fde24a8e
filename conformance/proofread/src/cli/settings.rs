//! The settings of a run. Flags override the configuration, which overrides defaults.

use std::{
    collections::BTreeSet,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use anyhow::anyhow;
use clap::Args;

use super::{
    cases::{parse_phase, unknown_profile},
    config_location::WithConfigLocation,
};
use crate::{
    case::Phase,
    config::{Config, HumanDuration},
    engine::Plan,
    profile::{Details, Profile},
};

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The phases to run, separated by commas: baseline, unset, boundary, wire,
    /// behaviour, sequences, random [default: all].
    #[arg(long, value_name = "PHASE", value_delimiter = ',', value_parser = parse_phase)]
    phases: Vec<Phase>,

    /// The seed of the random cases [default: 1].
    #[arg(long)]
    seed: Option<u64>,

    /// The number of random cases for each method [default: 100].
    #[arg(long, value_name = "NUMBER")]
    random_cases: Option<usize>,

    /// The greatest number of calls in flight at the same time [default: 64].
    #[arg(long, value_name = "NUMBER")]
    concurrency: Option<NonZeroUsize>,

    /// The greatest number of calls per second [default: unlimited].
    #[arg(long, value_name = "NUMBER")]
    rate: Option<NonZeroU32>,

    /// The time limit of the whole run, such as 30s or 5m [default: unlimited].
    #[arg(long, value_name = "DURATION")]
    budget: Option<HumanDuration>,

    /// A shell command that starts the server again when it has crashed. It must return
    /// when the server is started. The calls that were in flight are then repeated one at
    /// a time, to find the one that crashes the server.
    #[arg(long, value_name = "COMMAND")]
    restart_command: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ProfileArguments {
    /// The gRPC implementation of the server: strict, tonic, grpcio, grpc-go, grpc-java,
    /// connect, connect-node [default: strict, which accepts only what the specification allows].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The error details that a refusal must carry: any, both, violations, bad_request,
    /// none [default: any, details may be absent but must be correct if present].
    #[arg(long, value_name = "WHICH")]
    details: Option<String>,

    /// The greatest allowed size of the response trailers in bytes [default: 8192].
    #[arg(long, value_name = "BYTES")]
    trailer_limit: Option<usize>,
}

/// The settings of a run, with defaults applied. No rate and no budget means no limit.
pub(super) struct RunSettings {
    pub(super) phases: Option<BTreeSet<Phase>>,
    pub(super) seed: u64,
    pub(super) random_cases: usize,
    pub(super) max_in_flight: usize,
    pub(super) rate: Option<u32>,
    pub(super) budget: Option<Duration>,
    pub(super) restart_command: Option<String>,
}

impl RunArguments {
    pub(super) fn settings(&self, config: &Config) -> RunSettings {
        let file = &config.file;
        let phases = if self.phases.is_empty() {
            file.phases.clone()
        } else {
            Some(self.phases.clone())
        };
        let concurrency = self.concurrency.or(file.concurrency);
        RunSettings {
            phases: phases.map(BTreeSet::from_iter),
            seed: self.seed.or(file.seed).unwrap_or(1),
            random_cases: self.random_cases.or(file.random_cases).unwrap_or(100),
            max_in_flight: concurrency.map_or(64, NonZeroUsize::get),
            rate: self.rate.or(file.rate).map(NonZeroU32::get),
            budget: self.budget.or(file.budget).map(|span| span.0),
            restart_command: self
                .restart_command
                .clone()
                .or_else(|| file.restart_command.clone()),
        }
    }
}

impl RunSettings {
    /// Copies the settings into a plan; without phases the plan keeps all of them.
    pub(super) fn apply(self, plan: &mut Plan<'_>) {
        if let Some(phases) = self.phases {
            plan.phases = phases;
        }
        plan.seed = self.seed;
        plan.random = self.random_cases;
        plan.in_flight = self.max_in_flight;
        plan.rate = self.rate;
        plan.budget = self.budget;
        plan.restart_command = self.restart_command;
    }
}

impl ProfileArguments {
    /// The profile with its details and trailer limit. `recorded` holds those three of an
    /// earlier run, which flags and configuration override.
    pub(super) fn profile(
        &self,
        config: &Config,
        recorded: Option<(&str, &str, usize)>,
    ) -> anyhow::Result<Profile> {
        let file = &config.file;
        let name = self.profile.as_deref().or(file.profile.as_deref());
        let name = name.or(recorded.map(|it| it.0)).unwrap_or("strict");
        let key = |flag: &Option<String>, key: &'static str| if flag.is_some() { "" } else { key };
        let found = Profile::named(name).ok_or_else(|| anyhow!(unknown_profile(name)));
        let mut profile = found.with_config_location(config, key(&self.profile, "profile"))?;
        let details = self.details.as_deref().or(file.details.as_deref());
        if let Some(details) = details.or(recorded.map(|it| it.1)) {
            let details = details.parse::<Details>();
            profile = profile
                .with_details(details.with_config_location(config, key(&self.details, "details"))?);
        }
        let limit = self.trailer_limit.or(file.trailer_limit);
        if let Some(limit) = limit.or(recorded.map(|it| it.2)) {
            profile = profile.with_trailer_limit(limit);
        }
        Ok(profile)
    }
}

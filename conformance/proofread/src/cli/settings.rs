//! How a run goes: flags over configuration over defaults.

use std::{
    collections::BTreeSet,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use anyhow::anyhow;
use clap::Args;

use super::{
    cases::{phase, unknown_profile},
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
    /// The phases to run: baseline, unset, boundary, wire, behaviour, random
    /// [default: all].
    #[arg(long, value_name = "PHASE", value_delimiter = ',', value_parser = phase)]
    phases: Vec<Phase>,

    /// The seed of the random cases [default: 1].
    #[arg(long)]
    seed: Option<u64>,

    /// How many random cases each method gets [default: 100].
    #[arg(long, value_name = "NUMBER")]
    random_cases: Option<usize>,

    /// How many calls are under way at a time [default: 64].
    #[arg(long, value_name = "NUMBER")]
    concurrency: Option<NonZeroUsize>,

    /// How many calls are made in a second at most [default: as many as it takes].
    #[arg(long, value_name = "NUMBER")]
    rate: Option<NonZeroU32>,

    /// How long the run may take, such as 30s or 5m [default: as long as it takes].
    #[arg(long, value_name = "SPAN")]
    budget: Option<HumanDuration>,
}

#[derive(Debug, Args)]
pub(super) struct ProfileArguments {
    /// The stack of the server: strict, tonic, grpcio, grpc-go, grpc-java, connect
    /// [default: strict, what the specification allows].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The details that a refusal must carry: any, both, violations, bad_request,
    /// none [default: any, whatever is there must be right].
    #[arg(long, value_name = "WHICH")]
    details: Option<String>,

    /// The greatest size of the trailer in bytes [default: 8192].
    #[arg(long, value_name = "BYTES")]
    trailer_limit: Option<usize>,
}

/// How a run goes.
pub(super) struct Settings {
    pub(super) phases: Option<BTreeSet<Phase>>,
    pub(super) seed: u64,
    pub(super) random: usize,
    pub(super) in_flight: usize,
    pub(super) rate: Option<u32>,
    pub(super) budget: Option<Duration>,
}

impl RunArguments {
    pub(super) fn settings(&self, config: &Config) -> Settings {
        let file = &config.file;
        let phases = match self.phases.is_empty() {
            true => file.phases.clone(),
            false => Some(self.phases.clone()),
        };
        let concurrency = self.concurrency.or(file.concurrency);
        Settings {
            phases: phases.map(BTreeSet::from_iter),
            seed: self.seed.or(file.seed).unwrap_or(1),
            random: self.random_cases.or(file.random_cases).unwrap_or(100),
            in_flight: concurrency.map_or(64, NonZeroUsize::get),
            rate: self.rate.or(file.rate).map(NonZeroU32::get),
            budget: self.budget.or(file.budget).map(|span| span.0),
        }
    }
}

impl Settings {
    /// Writes them into a plan.
    pub(super) fn apply(self, plan: &mut Plan<'_>) {
        if let Some(phases) = self.phases {
            plan.phases = phases;
        }
        plan.seed = self.seed;
        plan.random = self.random;
        plan.in_flight = self.in_flight;
        plan.rate = self.rate;
        plan.budget = self.budget;
    }
}

impl ProfileArguments {
    /// The profile; recorded failures say to which the server was held before.
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

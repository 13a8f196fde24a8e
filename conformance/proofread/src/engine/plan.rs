//! The settings of a run.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    case::Phase,
    config::Baseline,
    contract::{Contract, Method},
    probe::Probe,
    profile::Profile,
    sequences::SequenceSettings,
};

/// The settings of a run. [`Plan::new`] selects all methods and phases.
pub struct Plan<'p> {
    /// The contract.
    pub contract: &'p Contract,
    /// The connected client.
    pub probe: &'p Probe,
    /// The reactions to protocol anomalies that the server's gRPC stack may show.
    pub profile: Profile,
    /// The methods, in the order of the report.
    pub methods: Vec<&'p Method>,
    /// The paths of methods that the server must implement. UNIMPLEMENTED is a failure
    /// for them even when the server implements no other method of the service.
    pub required: BTreeSet<String>,
    /// The known failures that do not count.
    pub baseline: Baseline,
    /// The phases to run. The baseline always runs.
    pub phases: BTreeSet<Phase>,
    /// The seed of the random cases.
    pub seed: u64,
    /// The number of random cases for each method.
    pub random: usize,
    /// The settings of the sequences of calls.
    pub sequences: SequenceSettings,
    /// The greatest number of calls in flight at the same time.
    pub in_flight: usize,
    /// The greatest number of cases sent per second; `None` for no limit.
    pub rate: Option<u32>,
    /// The longest duration of the run; `None` for no limit.
    pub budget: Option<Duration>,
    /// The run stops after this many failed cases; `None` to never stop early.
    pub stop_after: Option<u64>,
    /// The longest duration of one call.
    pub timeout: Duration,
    /// How long to wait for a server that can't be reached any more.
    pub grace: Duration,
    /// A shell command that starts the server again when it went away. It has to return
    /// when the server is started. Without it the run waits for [`Plan::grace`].
    pub restart_command: Option<String>,
}

impl<'p> Plan<'p> {
    /// Selects all methods and phases, 100 random cases for each method, 64 calls in
    /// flight, a timeout of 10 s for a call and a grace period of 5 s.
    pub fn new(contract: &'p Contract, probe: &'p Probe, profile: Profile) -> Self {
        Self {
            contract,
            probe,
            profile,
            methods: contract.methods().collect(),
            required: BTreeSet::new(),
            baseline: Baseline::default(),
            phases: Phase::ALL.into(),
            seed: 0,
            random: 100,
            sequences: SequenceSettings::default(),
            in_flight: 64,
            rate: None,
            budget: None,
            stop_after: None,
            timeout: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            restart_command: None,
        }
    }
}

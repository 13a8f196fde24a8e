//! What a run is to do.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    case::Phase,
    contract::{Contract, Method},
    probe::Probe,
    profile::Profile,
};

/// What a run is to do. [`Plan::new`] is a run of everything.
pub struct Plan<'p> {
    /// The contract.
    pub contract: &'p Contract,
    /// The client, connected.
    pub probe: &'p Probe,
    /// What may be expected of the stack of the server.
    pub profile: Profile,
    /// The methods, in the order of the report.
    pub methods: Vec<&'p Method>,
    /// The paths of those that must be there: that the server does not implement one
    /// of them is a failure, even where it serves nothing else of the service.
    pub required: BTreeSet<String>,
    /// The phases that run; the baseline always does.
    pub phases: BTreeSet<Phase>,
    /// The seed of the random cases.
    pub seed: u64,
    /// How many random cases each method gets.
    pub random: usize,
    /// How many calls are in flight at once.
    pub in_flight: usize,
    /// How many cases are sent in a second at most.
    pub rate: Option<u32>,
    /// How long the run may take.
    pub budget: Option<Duration>,
    /// After how many failed cases the run stops.
    pub stop_after: Option<u64>,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long a server that went away has to come back.
    pub grace: Duration,
}

impl<'p> Plan<'p> {
    /// Everything: all methods and phases, 100 random cases a method, 64 calls at
    /// once, 10 s for a call, 5 s to come back.
    pub fn new(contract: &'p Contract, probe: &'p Probe, profile: Profile) -> Self {
        Self {
            contract,
            probe,
            profile,
            methods: contract.methods().collect(),
            required: BTreeSet::new(),
            phases: Phase::ALL.into(),
            seed: 0,
            random: 100,
            in_flight: 64,
            rate: None,
            budget: None,
            stop_after: None,
            timeout: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
}

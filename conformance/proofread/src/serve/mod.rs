//! A server for any contract: it validates requests by the rules and answers with random
//! messages that keep them. It serves as a mock for developers of clients, and as a correct
//! or, on request, a broken server for testing testers.
//!
//! Equal requests get equal answers, which depend on a seed. What the contract declares
//! holds: who may call a method, idempotency keys, and paging. Metadata of a call, see
//! [`Control`], asks for a declared error, a delay, or a deviation from the contract.
//!
//! Everything runs on one thread.

mod access;
mod answers;
mod body;
mod breaks;
mod call;
mod connection;
mod control;
mod health;
mod idempotency;
mod paging;
mod reflection;
mod reply;
mod status;
mod tls;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use tokio::net::TcpListener;

pub use breaks::{Break, UnknownBreak};
pub use control::Control;
pub use tls::{ServerTls, TlsError};

use crate::{
    cases::Fixtures, contract::Contract, judge::MethodContract, oracle::Oracle, profile::Profile,
};
use answers::Answers;
use idempotency::UsedKeys;
use reflection::Files;

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seed of the answers.
    pub seed: u64,
    /// The deviations from the contract, in all calls.
    pub breaks: Vec<Break>,
    /// How long to wait before each answer.
    pub delay: Duration,
    /// The tokens by the name of the credential or service; the name itself for others.
    pub tokens: BTreeMap<String, String>,
    /// The greatest size of the trailers in bytes. Violations that do not fit are left out.
    pub trailer_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            breaks: Vec::new(),
            delay: Duration::ZERO,
            tokens: BTreeMap::new(),
            trailer_limit: Profile::TRAILER_LIMIT,
        }
    }
}

/// A server for one contract.
pub struct Server<'c> {
    contract: &'c Contract,
    methods: HashMap<&'c str, MethodContract<'c>>,
    oracle: Oracle,
    answers: Answers<'c>,
    used_keys: UsedKeys,
    files: Files,
    settings: Settings,
}

impl<'c> Server<'c> {
    /// Prepares the answers of all methods. `fixtures` are values for fields of the
    /// answers.
    pub fn new(contract: &'c Contract, fixtures: &'c Fixtures, settings: Settings) -> Self {
        let oracle = Oracle::new(contract);
        let server = Self {
            contract,
            methods: MethodContract::all(contract),
            answers: Answers::new(contract, &oracle, fixtures, settings.seed),
            oracle,
            used_keys: UsedKeys::default(),
            files: Files::of(contract),
            settings,
        };
        // The first answer of a method computes the values that all use, which takes long.
        for method in contract.methods() {
            drop(server.answers.message(method, 0));
        }
        server
    }

    /// Accepts connections for ever, in plaintext or with TLS. Dropping the future closes them.
    pub async fn run(&self, listener: TcpListener, tls: Option<&ServerTls>) {
        connection::accept(self, listener, tls).await;
    }

    /// The credentials that methods ask for: the name, and the metadata that proves it.
    pub fn credentials(&self) -> BTreeMap<String, String> {
        let methods = self.contract.methods();
        let access = methods.flat_map(|method| &method.access);
        let named = access.flat_map(|access| {
            let names = access.credential_names().into_iter();
            names.map(|name| {
                let value = self.credential(access, name);
                (name.to_owned(), format!("{}: {value}", access.metadata_key))
            })
        });
        named.collect()
    }
}

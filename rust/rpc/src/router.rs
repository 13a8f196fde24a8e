//! Assembles the services of a process and serves them.

use std::{collections::HashMap, sync::Arc};

use contract::bookstore::faults::v1::fault_service_server::{FaultServiceServer, SERVICE_NAME};
use tokio::{net::TcpListener, sync::watch};
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;

use crate::{
    Authenticator, Channel, GeneratedServer, Options, ServeError,
    connect::Messages,
    faults::FaultHandler,
    health::ProcessHealth,
    layers::{self, SharedState, Stack},
    reflection::reflection,
    routes::{Handler, Routes},
    server::{self, Shutdown},
};

/// Wraps the services of one process in all [`layers`], and adds `grpc.health.v1`,
/// reflection and, with [`Options::faults`], `bookstore.faults.v1`.
pub struct Router {
    shared: SharedState,
    options: Options,
    services: HashMap<&'static str, Arc<dyn Handler>>,
    /// The names of the services that are not in the contract.
    open_services: Vec<&'static str>,
    /// Encoded descriptor sets of services that are not in the contract.
    descriptor_sets: Vec<&'static [u8]>,
    availabilities: HashMap<&'static str, watch::Receiver<bool>>,
    shutdown: Shutdown,
}

impl Router {
    /// A router without services.
    pub fn new(options: Options) -> Self {
        let shutdown = Shutdown::default();
        Self {
            shared: SharedState::new(&options, shutdown.draining.subscribe()),
            options,
            services: HashMap::new(),
            open_services: Vec::new(),
            descriptor_sets: Vec::new(),
            availabilities: HashMap::new(),
            shutdown,
        }
    }

    /// Adds a server that was generated from the contract. A second server of the same
    /// service replaces the first.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "adds a service, not a number"
    )]
    pub fn add<S: GeneratedServer>(mut self, service: S) -> Self {
        self.services.insert(S::NAME, Arc::new(service));
        self
    }

    /// Adds a server whose methods are not in the contract of the bookstore. They are
    /// open to everybody, because nothing says who may call them.
    #[must_use]
    pub fn add_outside_of_contract<S: GeneratedServer>(mut self, service: S) -> Self {
        self.open_services.push(S::NAME);
        self.add(service)
    }

    /// Adds an encoded `FileDescriptorSet` with services that are not in the contract, so that
    /// they can be called with JSON.
    #[must_use]
    pub fn describing(mut self, descriptor_set: &'static [u8]) -> Self {
        self.descriptor_sets.push(descriptor_set);
        self
    }

    /// Verifies session tokens. Without it none can be verified, and methods for accounts fail
    /// with UNAVAILABLE.
    #[must_use]
    pub fn verifying_tokens_by(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.shared.set_authenticator(authenticator);
        self
    }

    /// Reports a service as NOT_SERVING while `available` is `false`: while its database does
    /// not answer.
    #[must_use]
    pub fn serving_while(
        mut self,
        service: &'static str,
        available: watch::Receiver<bool>,
    ) -> Self {
        self.availabilities.insert(service, available);
        self
    }

    /// A channel to the services added so far: the same layers, limits and metrics,
    /// but no socket. Its calls are anonymous; [`Channel::with_caller`] changes that.
    ///
    /// It still works after the server has drained.
    pub fn in_process(&self) -> Channel {
        Channel::in_process(self.stack())
    }

    /// Serves until `shutdown` completes. Then health changes to NOT_SERVING, and after
    /// [`Options::lame_duck`] the server drains: new connections are refused, calls in flight finish, and server streams end
    /// after `stream_grace`. Returns when all calls are done, or after `drain_timeout`,
    /// when it closes the remaining connections.
    ///
    /// Fails if the listener can't accept connections any more.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let stack = self.stack();
        let messages = Messages::new(&self.descriptor_sets);
        let steps = &self.shutdown;
        server::serve(stack, messages, &self.options, listener, shutdown, steps).await
    }

    /// The health of the services added so far, for [`serve_health`](crate::serve_health).
    pub fn health(&self) -> HealthServer<ProcessHealth> {
        let faults = self.options.faults.is_some().then_some(&SERVICE_NAME);
        let names = self.services.keys().chain(faults);
        let with_availability = names.map(|name| (*name, self.availabilities.get(name).cloned()));
        let not_serving = self.shutdown.not_serving.subscribe();
        HealthServer::new(ProcessHealth::new(with_availability, not_serving))
    }

    fn stack(&self) -> Stack {
        let mut services = self.services.clone();
        if let Some(faults) = &self.options.faults {
            let handler = FaultHandler::new(faults.clone(), services.keys().copied());
            insert(&mut services, FaultServiceServer::new(handler));
        }
        let mut listed: Vec<_> = services.keys().copied().collect();
        insert(&mut services, self.health());
        listed.extend([
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ]);
        let (v1, v1alpha) = reflection(&listed).expect("the image of the contract is well formed");
        insert(&mut services, v1);
        insert(&mut services, v1alpha);
        layers::build_stack(Routes::new(services), &self.shared, &self.open_services)
    }
}

fn insert<S: GeneratedServer>(services: &mut HashMap<&'static str, Arc<dyn Handler>>, server: S) {
    services.insert(<S as NamedService>::NAME, Arc::new(server));
}

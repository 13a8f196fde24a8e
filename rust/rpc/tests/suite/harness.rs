//! Starts a server with the fake services, in process or over TCP.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use contract::bookstore::{
    inventory::v1::{
        GetBookRequest, inventory_service_client::InventoryServiceClient,
        inventory_service_server::InventoryServiceServer,
    },
    recommendations::v1::{
        recommendation_service_client::RecommendationServiceClient,
        recommendation_service_server::RecommendationServiceServer,
    },
};
use prost::Message;
use rpc::{Channel, ConnectionThreads, LateChannel, Options, Router, ServeError};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::Status;
use tonic_types::pb;

use crate::fakes::{CallGate, FakeInventory, FakeRecommendations};

pub const TOKEN: &str = "the-operators-token";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    InProcess,
    Tcp,
}

/// Runs each test over both transports.
macro_rules! on_both_transports {
    ($($name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test] async fn $name() {
                super::$name(crate::harness::Transport::InProcess).await;
            })*
        }
        mod over_tcp {
            $(#[tokio::test] async fn $name() {
                super::$name(crate::harness::Transport::Tcp).await;
            })*
        }
    };
}
pub(crate) use on_both_transports;

pub struct Server {
    pub channel: Channel,
    /// Controls the calls that wait in the fake inventory.
    pub gate: Arc<CallGate>,
    /// The listening address; `None` in process.
    pub address: Option<SocketAddr>,
    pub stop: Option<oneshot::Sender<()>>,
    pub served: JoinHandle<Result<(), ServeError>>,
}

/// Connections have threads of their own, as in the bookstore.
static THREADS: LazyLock<ConnectionThreads> =
    LazyLock::new(|| ConnectionThreads::start().expect("threads can be started"));

pub fn options() -> Options {
    Options {
        connection_threads: THREADS.clone(),
        operator_token: Some(TOKEN.to_owned()),
        // The same limits over both transports.
        max_peer_share: 1.0,
        in_process_reserve: 0,
        drain_timeout: Duration::from_secs(5),
        stream_grace: Duration::from_millis(50),
        ..Options::default()
    }
}

impl Server {
    pub async fn start(transport: Transport) -> Self {
        Self::with(transport, options()).await
    }

    /// Starts a server whose fake recommendations service calls the fake inventory over
    /// the same transport.
    pub async fn with(transport: Transport, options: Options) -> Self {
        let gate = Arc::new(CallGate::default());
        let (inventory, setter) = LateChannel::new();
        let router = Router::new(options)
            .add(InventoryServiceServer::new(FakeInventory(Arc::clone(
                &gate,
            ))))
            .add(RecommendationServiceServer::new(FakeRecommendations(
                inventory,
            )));
        let (stop, stopped) = oneshot::channel();
        let (channel, address, served) = match transport {
            Transport::InProcess => {
                let served = tokio::spawn(async { Ok(()) });
                (router.in_process(), None, served)
            }
            Transport::Tcp => {
                let listener = rpc::bind(([127, 0, 0, 1], 0).into())
                    .await
                    .expect("a free port");
                let address = listener.local_addr().expect("a bound socket");
                let served = tokio::spawn(router.serve(listener, async {
                    let _ = stopped.await;
                }));
                let channel = Channel::connect(&format!("http://{address}")).expect("an address");
                (channel, Some(address), served)
            }
        };
        setter.set(channel.clone());
        // A test sees each failure of the server.
        Self {
            channel: channel.without_retries(),
            gate,
            address,
            stop: Some(stop),
            served,
        }
    }

    pub fn inventory(&self) -> InventoryServiceClient<Channel> {
        InventoryServiceClient::new(self.channel.clone())
    }

    /// An inventory client with the operator token.
    pub fn operator(&self) -> InventoryServiceClient<Channel> {
        InventoryServiceClient::new(self.channel.clone().with_operator_token(TOKEN))
    }

    pub fn recommendations(&self) -> RecommendationServiceClient<Channel> {
        RecommendationServiceClient::new(self.channel.clone())
    }

    pub async fn get_book(&self, book_id: i32) -> Result<String, Status> {
        let response = self
            .inventory()
            .get_book(GetBookRequest { book_id })
            .await?;
        Ok(response.into_inner().book.expect("required").title)
    }

    /// Requests the shutdown.
    pub fn stop(&mut self) {
        self.stop
            .take()
            .expect("stopped once")
            .send(())
            .expect("the server runs");
    }
}

/// The details of a status: full type name and encoded message.
pub fn details(status: &Status) -> Vec<(String, Vec<u8>)> {
    let inner = pb::Status::decode(status.details()).expect("details decode");
    assert_eq!(
        (inner.code, &*inner.message),
        (status.code() as i32, status.message())
    );
    let named = inner.details.into_iter().map(|any| {
        let (_, name) = any.type_url.rsplit_once('/').expect("a type url");
        (name.to_owned(), any.value)
    });
    named.collect()
}

pub fn error_info(status: &Status) -> pb::ErrorInfo {
    let details = details(status);
    assert_eq!(details[0].0, "google.rpc.ErrorInfo");
    pb::ErrorInfo::decode(&*details[0].1).expect("info decodes")
}

/// The request id in the metadata of a response.
pub fn request_id(metadata: &tonic::metadata::MetadataMap) -> &str {
    let id = metadata
        .get("x-request-id")
        .expect("every response has one");
    id.to_str().expect("visible ASCII")
}

/// Polls a condition until it holds; fails after ten seconds. For effects that the
/// server reaches asynchronously and does not signal.
pub async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    in_time.expect("the condition holds within ten seconds");
}

//! A NATS server with JetStream, for the events for other systems.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use async_nats::{
    ConnectOptions, HeaderMap,
    jetstream::{self, stream},
};
use contract::bookstore::cart::v1::OrderEvent;
use prost::Message;

use super::{Folder, eventually};

/// The stream that stores the events.
const STREAM: &str = "BOOKSTORE";

/// A running server. It is killed on drop; its streams stay in the folder of the test.
pub struct NatsServer {
    child: Child,
    address: SocketAddr,
}

/// A message of the stream.
pub struct StoredEvent {
    pub subject: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub event: OrderEvent,
}

impl NatsServer {
    /// Starts it at this address, with further lines of its configuration file.
    pub fn start(folder: &Folder, address: SocketAddr, configuration: &str) -> Self {
        let (streams, log) = (folder.path("streams"), folder.unused_path("nats.log"));
        let configuration = folder.write(
            "nats.conf",
            format!(
                "listen: \"{address}\"\njetstream {{ store_dir: \"{}\" }}\n{configuration}\n",
                streams.display()
            ),
        );
        let log = File::create(log).expect("the folder is writable");
        let child = Command::new(program())
            .arg("--config")
            .arg(configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("tools/deps nats has installed it");
        Self { child, address }
    }

    /// Its JetStream, for another system.
    pub async fn jetstream(&self, options: impl Fn() -> ConnectOptions) -> jetstream::Context {
        let connect = async || options().connect(self.address.to_string()).await.ok();
        jetstream::new(eventually("the NATS server", connect).await)
    }

    /// Makes the stream for all events of the bookstore, unless it is there.
    pub async fn stream(&self, options: impl Fn() -> ConnectOptions) -> stream::Stream {
        let jetstream = self.jetstream(options).await;
        eventually("a stream", async || {
            let config = stream::Config {
                name: STREAM.to_owned(),
                subjects: vec!["bookstore.>".to_owned()],
                ..stream::Config::default()
            };
            jetstream.get_or_create_stream(config).await.ok()
        })
        .await
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for so many events, and returns all that the stream has.
pub async fn stored_events(stream: &stream::Stream, count: u64) -> Vec<StoredEvent> {
    let last = eventually("the events", async || {
        let info = stream.get_info().await.ok()?;
        (info.state.messages >= count).then_some(info.state.last_sequence)
    })
    .await;
    let mut events = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await;
        let message = message.expect("nothing is deleted");
        events.push(StoredEvent {
            subject: message.subject.to_string(),
            headers: message.headers,
            event: OrderEvent::decode(&*message.payload).expect("it is of the contract"),
            body: message.payload.to_vec(),
        });
    }
    events
}

fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(".tools/nats/bin/nats-server")
}

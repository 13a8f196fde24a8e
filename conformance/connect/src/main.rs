//! Serves the service of Connect's conformance suite with the layers and the codec of the
//! bookstore. The runner of the suite starts it: it reads a `ServerCompatRequest` from standard
//! input, which says what the server must do, and writes a `ServerCompatResponse` with its
//! address to standard output. Stops on SIGTERM and SIGINT.

#![forbid(unsafe_code)]

mod metadata;
mod response;
mod service;

use std::{
    fs::{OpenOptions, Permissions},
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use prost::Message;
use rpc::{ClientCertificates, Options, Router, ServerTls, ServerTlsFiles};
use tokio::net::TcpListener;

/// The generated code of the suite.
#[expect(
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    reason = "generated code; its comments are those of the protos"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/suite.rs"));
    include!(concat!(env!("OUT_DIR"), "/empty_validators.rs"));
}

use generated::connectrpc::conformance::v1 as suite;
use suite::{
    ServerCompatRequest, ServerCompatResponse, conformance_service_server::ConformanceServiceServer,
};

/// The protos of the suite, by which JSON is converted.
const IMAGE: &[u8] = include_bytes!("../image.binpb");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let request: ServerCompatRequest = read_message()?;
    let folder = tempfile::tempdir()?;
    let mut options = Options {
        tls: tls(&request, folder.path())?,
        max_message_bytes: match request.message_receive_limit {
            0 => Options::default().max_message_bytes,
            limit => usize::try_from(limit)?,
        },
        ..Options::default()
    };
    // The client opens connections ahead, and may use them when both are busy and slow.
    options.connections.first_request_timeout = Duration::from_secs(60);
    let router = Router::new(options)
        .add_outside_of_contract(ConformanceServiceServer::new(service::Conformance))
        .describing(IMAGE);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    write_message(&ServerCompatResponse {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr()?.port().into(),
        pem_cert: request.server_creds.map_or(Vec::new(), |creds| creds.cert),
    })?;
    router.serve(listener, telemetry::shutdown_signal()).await?;
    Ok(())
}

/// Reads a message that follows its length in four bytes.
fn read_message<M: Message + Default>() -> anyhow::Result<M> {
    let mut length = [0; 4];
    let mut input = std::io::stdin().lock();
    input
        .read_exact(&mut length)
        .context("standard input has no message: start this program by connectconformance")?;
    let mut message = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    input.read_exact(&mut message)?;
    Ok(M::decode(message.as_slice())?)
}

fn write_message(message: &impl Message) -> anyhow::Result<()> {
    let message = message.encode_to_vec();
    let mut output = std::io::stdout().lock();
    output.write_all(&u32::try_from(message.len())?.to_be_bytes())?;
    output.write_all(&message)?;
    Ok(output.flush()?)
}

/// The certificates that the runner wants, which are read from files in `folder`.
fn tls(request: &ServerCompatRequest, folder: &Path) -> anyhow::Result<Option<ServerTls>> {
    let Some(creds) = &request.server_creds else {
        return Ok(None);
    };
    let write = |name: &str, content: &[u8]| -> anyhow::Result<PathBuf> {
        let path = folder.join(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(content)?;
        Ok(path)
    };
    let client_authorities = match request.client_tls_cert.as_slice() {
        [] => None,
        certificate => Some(write("client.pem", certificate)?),
    };
    let tls = ServerTls::load(ServerTlsFiles {
        certificate: write("server.pem", &creds.cert)?,
        key: write("server.key", &creds.key)?,
        client_authorities,
    })?;
    Ok(Some(tls.with_clients(ClientCertificates::Required)))
}

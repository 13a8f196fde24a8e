//! Serves the test contract of the peers with the layers and the codec of the bookstore, so
//! that the matrix can compare them with servers in other languages. Prints
//! `listening on ADDRESS` when it is ready; stops on SIGTERM and SIGINT.

#![forbid(unsafe_code)]

mod interop;

use std::path::PathBuf;

use clap::Parser;
use interop_peer::interop::v1::interop_service_server::InteropServiceServer;
use rpc::{Options, Router, ServerTls, ServerTlsFiles};
use tokio::net::TcpListener;

/// Serves the test contract of the peers on a free port.
#[derive(Parser)]
struct Arguments {
    /// A file with the certificate; without it the server is plain text.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// A file with the key of --tls-cert.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let files = arguments.tls_cert.zip(arguments.tls_key);
    let files = files.map(|(certificate, key)| ServerTlsFiles {
        certificate,
        key,
        client_authorities: None,
    });
    let options = Options {
        tls: files.map(ServerTls::load).transpose()?,
        ..Options::default()
    };
    let service = InteropServiceServer::new(interop::Interop::new()?);
    let router = Router::new(options)
        .add_outside_of_contract(service)
        .describing(interop_peer::IMAGE);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    router.serve(listener, telemetry::shutdown_signal()).await?;
    Ok(())
}

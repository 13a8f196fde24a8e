//! Serves the test contract of the peers with the layers and the codec of the bookstore, so
//! that the matrix can compare them with servers in other languages. Prints
//! `listening on ADDRESS` when it is ready; stops on SIGTERM and SIGINT.

#![forbid(unsafe_code)]

mod interop;

use rpc::{Options, Router};
use tokio::net::TcpListener;

/// The generated code of the test contract.
#[expect(
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    reason = "generated code; its comments are those of the protos"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
    include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
    include!(concat!(env!("OUT_DIR"), "/empty_validators.rs"));
}

use generated::interop::v1::interop_service_server::InteropServiceServer;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let service = InteropServiceServer::new(interop::Interop::new()?);
    let router = Router::new(Options::default()).add_outside_of_contract(service);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    router.serve(listener, telemetry::shutdown_signal()).await?;
    Ok(())
}

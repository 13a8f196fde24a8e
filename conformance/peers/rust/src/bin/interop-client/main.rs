//! Executes the cells of the interoperability matrix with the Rust client.
//!
//! Reads a JSON list of cells from standard input, makes their calls one after the other at the
//! address of its argument, and prints what it observed, one line of JSON for each cell.

#![forbid(unsafe_code)]

mod call;
mod cell;

use std::{env, io, path::PathBuf};

use clap::{Parser, ValueEnum};
use prost_reflect::DescriptorPool;
use rpc::{Channel, ClientTls, ClientTlsFiles};

use call::Clients;
use cell::Cell;

/// Executes the cells of the interoperability matrix.
#[derive(Parser)]
struct Arguments {
    /// The protocol of the calls.
    #[arg(long, value_enum, default_value_t = Protocol::Grpc)]
    protocol: Protocol,

    /// The authority of the server's certificate; without it, plain text.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// The address of the server, HOST:PORT.
    address: String,
}

/// `rpc::Channel` speaks no other one.
#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    Grpc,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let anonymous = channel(&arguments)?;
    let token = env::var("INTEROP_TOKEN").unwrap_or_default();
    let with_token = match token.as_str() {
        "" => anonymous.clone(),
        token => anonymous.clone().with_operator_token(token),
    };
    let pools = [
        DescriptorPool::decode(contract::IMAGE)?,
        DescriptorPool::decode(interop_peer::IMAGE)?,
    ];
    let anonymous = Clients::new(anonymous, &pools);
    let with_token = Clients::new(with_token, &pools);
    let cells: Vec<Cell> = serde_json::from_reader(io::stdin().lock())?;
    for cell in cells {
        let clients = if cell.anonymous {
            &anonymous
        } else {
            &with_token
        };
        println!("{}", serde_json::to_string(&clients.observe(cell).await)?);
    }
    Ok(())
}

fn channel(arguments: &Arguments) -> anyhow::Result<Channel> {
    let (Protocol::Grpc, address) = (arguments.protocol, &arguments.address);
    let Some(authorities) = arguments.ca.clone() else {
        return Ok(Channel::connect(&format!("http://{address}"))?);
    };
    let files = ClientTlsFiles {
        authorities: Some(authorities),
        identity: None,
    };
    let tls = ClientTls::load(files)?;
    Ok(Channel::connect_with(&format!("https://{address}"), &tls)?)
}

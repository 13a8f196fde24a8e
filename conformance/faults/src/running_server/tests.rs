//! The servers over a socket.

use tonic::Code;

use super::RunningServer;
use crate::{client, corpus, faults};

#[tokio::test]
async fn servers_with_and_without_a_fault_respond_over_a_socket() {
    let path = "/rules.v1.StructureService/CheckLists";
    let call = || client::call(path, &[corpus::valid(path)]);
    let correct = RunningServer::start(None).await.expect("a port is free");
    let channel = rpc::Channel::connect(&correct.uri()).expect("the address is one");
    let response = client::send(&channel, call()).await;
    assert!(response.is_ok_and(|reply| reply.code() == Code::Ok));

    let fault = faults::find("responses/closes").expect("it is in the table");
    let faulty = RunningServer::start(Some(fault.into()))
        .await
        .expect("a port is free");
    let channel = rpc::Channel::connect(&faulty.uri()).expect("the address is one");
    assert!(client::send(&channel, call()).await.is_err());
}

//! The health service of gRPC: every service of the contract is SERVING.

use prost::Message;

use super::{
    Control, Server,
    body::Body,
    reply::Reply,
    status::{INTERNAL, NOT_FOUND, Status, UNIMPLEMENTED},
};
use crate::{
    behaviour::health::{NOT_SERVING, Request, Response, SERVICE_UNKNOWN, SERVING},
    finding::FindingKind,
};

pub(super) const SERVICE: &str = "grpc.health.v1.Health";

impl Server<'_> {
    pub(super) async fn health(
        &self,
        method: &str,
        body: &mut Body,
        reply: &mut Reply,
        control: &Control,
    ) -> Result<(), Status> {
        if !matches!(method, "Check" | "Watch") {
            let message = format!("{SERVICE} has no method {method}");
            return Err(Status::new(UNIMPLEMENTED, message));
        }
        let messages = body.all().await?;
        let [message] = messages.as_slice() else {
            return Err(Status::new(UNIMPLEMENTED, "the method takes one message"));
        };
        let decoded = Request::decode(message.clone());
        let request = decoded.map_err(|error| Status::new(INTERNAL, error.to_string()))?;
        let mut services = self.contract.services();
        let known = request.service.is_empty()
            || services.any(|service| service.full_name == request.service);
        let status = match (known, method) {
            (true, _) if control.has(FindingKind::Behaviour) => NOT_SERVING,
            (true, _) => SERVING,
            (false, "Watch") => SERVICE_UNKNOWN,
            (false, _) => return Err(Status::new(NOT_FOUND, "the contract has no such service")),
        };
        reply.message(&Response { status }.encode_to_vec());
        if method == "Watch" {
            // The health never changes.
            reply.cancelled().await;
        }
        Ok(())
    }
}

//! The gRPC service `bookstore.faults.v1.FaultService`.

use std::{collections::HashSet, sync::Arc, time::Duration};

use contract::{
    bookstore::faults::v1::{
        self as v1, ListFaultsRequest, ListFaultsResponse, RemoveFaultRequest, RemoveFaultResponse,
        SetFaultRequest, SetFaultResponse,
        fault_service_server::{FaultService, SERVICE_NAME},
    },
    errors::faults as errors,
};
use tonic::{Request, Response, Status};

use super::{ActiveFault, Effect, Fault, Faults, Target};
use crate::{CallContext, failure, internal};

/// Sets, lists and removes the faults of a process.
#[derive(Clone)]
pub struct FaultHandler {
    faults: Faults,
    /// The full names of the services that the process serves.
    services: Arc<HashSet<&'static str>>,
}

impl FaultHandler {
    /// `services` are those that the process serves.
    pub(crate) fn new(faults: Faults, services: impl IntoIterator<Item = &'static str>) -> Self {
        let services = services.into_iter();
        Self {
            faults,
            // No fault affects the service that removes faults.
            services: Arc::new(services.filter(|name| *name != SERVICE_NAME).collect()),
        }
    }

    /// A service that the process serves, or one of its methods.
    fn target(&self, service: &str, method: &str) -> Option<Target> {
        if method.is_empty() {
            let service = self.services.get(service).copied()?;
            return Some(Target {
                service,
                method: "",
            });
        }
        contract::METHODS
            .iter()
            .filter(|known| self.services.contains(known.service))
            .find(|known| known.service == service && known.name == method)
            .map(|known| Target {
                service: known.service,
                method: known.name,
            })
    }

    fn fault(&self, message: &v1::Fault) -> Result<Fault, Status> {
        let v1::Fault {
            service, method, ..
        } = message;
        let Some(target) = self.target(service, method) else {
            return Err(failure(
                errors::FAULT_TARGET_NOT_FOUND,
                format!(
                    "faults cannot be injected into {service}/{method}: this process does not \
                     serve it, or it is the service that sets faults"
                ),
            )
            .into_status());
        };
        // Only a message that was not validated has none of this.
        let invalid = || Status::internal("internal error");
        Ok(Fault {
            target,
            percent: u8::try_from(message.percent).map_err(|_| invalid())?,
            max_calls: message
                .max_calls
                .and_then(|calls| u32::try_from(calls).ok()),
            effect: Effect::from_message(message).ok_or_else(invalid)?,
        })
    }
}

#[tonic::async_trait]
impl FaultService for FaultHandler {
    async fn set_fault(
        &self,
        request: Request<SetFaultRequest>,
    ) -> Result<Response<SetFaultResponse>, Status> {
        let SetFaultRequest { fault, lifetime } = request.into_inner();
        if !self.faults.are_allowed() {
            return Err(failure(
                errors::FAULT_INJECTION_NOT_ALLOWED,
                "this process injects no faults: restart it with --allow-fault-injection",
            )
            .into_status());
        }
        let fault = self.fault(&fault.unwrap_or_default())?;
        let lifetime =
            Duration::try_from(lifetime.unwrap_or_default()).map_err(|error| internal(&error))?;
        let call = CallContext::current();
        tracing::warn!(
            service = fault.target.service,
            method = fault.target.method,
            effect = ?fault.effect,
            percent = fault.percent,
            max_calls = fault.max_calls,
            ?lifetime,
            peer = call.as_ref().and_then(|call| call.peer()).map(tracing::field::display),
            request_id = call.as_ref().map(|call| call.request_id()),
            "the operator has set a fault"
        );
        self.faults.set(fault.clone(), lifetime);
        let active = ActiveFault {
            fault,
            remaining: lifetime,
            affected_calls: 0,
        };
        Ok(Response::new(SetFaultResponse {
            fault: Some(active.into()),
        }))
    }

    async fn list_faults(
        &self,
        _: Request<ListFaultsRequest>,
    ) -> Result<Response<ListFaultsResponse>, Status> {
        let faults = self.faults.list().into_iter();
        Ok(Response::new(ListFaultsResponse {
            allowed: self.faults.are_allowed(),
            faults: faults.map(v1::ActiveFault::from).collect(),
        }))
    }

    async fn remove_fault(
        &self,
        request: Request<RemoveFaultRequest>,
    ) -> Result<Response<RemoveFaultResponse>, Status> {
        let RemoveFaultRequest { service, method } = request.into_inner();
        let target = self.target(&service, &method);
        if target.is_some_and(|target| self.faults.remove(target)) {
            let call = CallContext::current();
            tracing::warn!(
                service,
                method,
                peer = call
                    .as_ref()
                    .and_then(|call| call.peer())
                    .map(tracing::field::display),
                request_id = call.as_ref().map(|call| call.request_id()),
                "the operator has removed a fault"
            );
        }
        Ok(Response::new(RemoveFaultResponse {}))
    }
}

impl From<ActiveFault> for v1::ActiveFault {
    fn from(active: ActiveFault) -> Self {
        let Fault {
            target,
            percent,
            max_calls,
            effect,
        } = active.fault;
        Self {
            fault: Some(v1::Fault {
                service: target.service.to_owned(),
                method: target.method.to_owned(),
                percent: percent.into(),
                max_calls: max_calls.and_then(|calls| i32::try_from(calls).ok()),
                ..v1::Fault::from(effect)
            }),
            remaining: prost_types::Duration::try_from(active.remaining).ok(),
            affected_calls: active.affected_calls.into(),
        }
    }
}

//! Serves gRPC on a TCP port, and drains it at shutdown.

use tokio::{net::TcpListener, sync::watch};

use crate::{
    Options, ServeError,
    accept::{self, Port},
    allowed_hosts::AllowedHosts,
    connect::{Connect, Messages},
    grpc_service::{GrpcService, cors_layer},
    layers::Stack,
};

/// The steps of a shutdown: `not_serving` at once, `draining` after the lame-duck time.
pub(crate) struct Shutdown {
    pub not_serving: watch::Sender<bool>,
    pub draining: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            not_serving: watch::Sender::new(false),
            draining: watch::Sender::new(false),
        }
    }
}

pub(crate) async fn serve(
    stack: Stack,
    messages: Messages,
    options: &Options,
    listener: TcpListener,
    requested: impl Future<Output = ()>,
    steps: &Shutdown,
) -> Result<(), ServeError> {
    let bound = listener.local_addr().map_err(ServeError::Accept)?;
    let allowed_hosts = AllowedHosts::new(bound, &options.allowed_hosts);
    let cors = cors_layer(options);
    let connect = Connect::new(messages, options.max_message_bytes, "");
    let port = Port {
        listener,
        name: "grpc",
        options: options.clone(),
    };
    let drain_begins = async {
        requested.await;
        steps.not_serving.send_replace(true);
        tokio::time::sleep(options.lame_duck).await;
    };
    let new_service = move |client| {
        let (connect, hosts) = (connect.clone(), allowed_hosts.clone());
        GrpcService::new(cors.clone(), stack.clone(), connect, hosts, client)
    };
    accept::serve(port, new_service, drain_begins, &steps.draining).await
}

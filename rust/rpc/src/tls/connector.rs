//! Connects channels by TLS, with the certificates of that moment.

use std::{
    io,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};
use tonic::codegen::BoxFuture;
use tower::Service;

use super::{CLIENT_PROTOCOL, ClientTls};

/// Makes connections to one server. The certificate of the server must contain `name`.
#[derive(Clone)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    tls: ClientTls,
    name: ServerName<'static>,
}

impl Connector {
    /// `host` is a name or an IP address, without a port; `None` if it is neither.
    pub fn new(tls: &ClientTls, host: &str) -> Option<Self> {
        let host = host.trim_matches(['[', ']']).to_owned();
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        Some(Self {
            tcp,
            tls: tls.clone(),
            name: ServerName::try_from(host).ok()?,
        })
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = tonic::codegen::StdError;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.tcp.call(uri);
        let connector = TlsConnector::from(self.tls.config());
        let name = self.name.clone();
        Box::pin(async move {
            let stream = connecting.await?.into_inner();
            let stream = connector.connect(name, stream).await?;
            let (_, connection) = stream.get_ref();
            if connection.alpn_protocol() != Some(CLIENT_PROTOCOL) {
                let cause = "the server does not offer HTTP/2 (ALPN h2)";
                return Err(io::Error::other(cause).into());
            }
            Ok(TokioIo::new(stream))
        })
    }
}

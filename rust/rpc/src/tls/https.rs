//! Connects clients of HTTP APIs, by TLS if the URL says so.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ClientConfig;
use tonic::codegen::BoxFuture;
use tower::Service;

use super::{ClientTls, SERVER_PROTOCOLS};

/// Makes connections to `http://` and `https://` URLs for a client of hyper-util, with the
/// certificates of that moment.
#[derive(Clone)]
pub struct HttpsConnector {
    tcp: HttpConnector,
    tls: Option<ClientTls>,
}

impl HttpsConnector {
    /// Without `tls`, connections to `https://` URLs fail.
    pub fn new(tls: Option<ClientTls>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(tls.is_none());
        Self { tcp, tls }
    }
}

/// Whether a URL is one of an HTTP server, with `https://` only if that is possible.
pub fn is_http(url: &Uri, with_tls: bool) -> bool {
    let scheme = url.scheme_str();
    (scheme == Some("http") || with_tls && scheme == Some("https")) && url.authority().is_some()
}

impl Service<Uri> for HttpsConnector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = tonic::codegen::StdError;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(tls) = &self.tls else {
            let connecting = self.tcp.call(uri);
            return Box::pin(async { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        };
        let mut config = ClientConfig::clone(&tls.config());
        config.alpn_protocols = SERVER_PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let connector = (self.tcp.clone(), Arc::new(config));
        hyper_rustls::HttpsConnector::from(connector).call(uri)
    }
}

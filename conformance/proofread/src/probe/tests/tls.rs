//! TLS with and without a client certificate, and plaintext where TLS is expected and the
//! other way round.

use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
    },
};

use super::{servers::book_server, *};

pub(super) struct Authority {
    pub(super) certificate: Certificate,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self {
            certificate,
            issuer: Issuer::new(parameters, key),
        }
    }

    fn issue(&self, name: &str) -> (Certificate, KeyPair) {
        let parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer);
        (certificate.expect("a certificate"), key)
    }
}

/// A TLS server that resets every HTTP/2 stream. Returns its address.
async fn tls_server(authority: &Authority, mutual: bool, protocol: &[u8]) -> String {
    let (certificate, key) = authority.issue("localhost");
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = if mutual {
        let mut roots = RootCertStore::empty();
        roots
            .add(authority.certificate.der().clone())
            .expect("a root");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        builder.with_client_cert_verifier(verifier.expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = builder
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a pair");
    config.alpn_protocols = vec![protocol.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = silent_listener().await;
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.expect("agreement");
                let mut connection = h2::server::handshake(stream).await?;
                while let Some(call) = connection.accept().await {
                    call?.1.send_reset(h2::Reason::INTERNAL_ERROR);
                }
                Ok::<(), h2::Error>(())
            });
        }
    });
    format!("localhost:{port}")
}

fn trusting(uri: String, authority: &Authority) -> Target {
    Target {
        tls: Tls {
            authorities: Some(authority.certificate.pem().into_bytes()),
            ..Tls::default()
        },
        ..target(uri)
    }
}

#[tokio::test]
async fn calls_work_over_tls_and_mutual_tls() {
    let authority = Authority::new();
    for mutual in [false, true] {
        let server = tls_server(&authority, mutual, b"h2").await;
        let mut target = trusting(format!("https://{server}"), &authority);
        if mutual {
            let (certificate, key) = authority.issue("client");
            target.tls.identity = Some((
                certificate.pem().into_bytes(),
                key.serialize_pem().into_bytes(),
            ));
        }
        let probe = Probe::connect(&target).await.expect("agreement");
        let outcome = probe.call(GET_BOOK, &[], book(1), LONG).await;
        assert!(matches!(outcome, Outcome::Reset { code: 2 }), "{outcome:?}");
    }
}

#[tokio::test]
async fn tls_errors_are_one_line_with_the_cause() {
    let authority = Authority::new();
    let server = tls_server(&authority, false, b"h2").await;
    let line = connect_error(server.clone()).await;
    assert!(
        line.contains("speaks TLS; give https://localhost"),
        "{line}"
    );

    let line = connect_error(format!("https://{server}")).await;
    assert!(line.contains("the TLS handshake with"), "{line}");
    assert!(
        line.contains("UnknownIssuer") || line.contains("unknown"),
        "{line}"
    );

    let mut named = trusting(format!("https://{server}"), &authority);
    named.tls.server_name = Some("other.example".to_owned());
    let line = Probe::connect(&named).await.expect_err("another name");
    assert!(
        line.to_string().contains("the TLS handshake with"),
        "{line}"
    );

    let plain = book_server().await;
    let uri = plain.uri().replace("http://127.0.0.1", "https://localhost");
    let line = connect_error(uri).await;
    assert!(line.contains("does not speak TLS; give http://"), "{line}");

    let other = tls_server(&authority, false, b"http/1.1").await;
    let target = trusting(format!("https://{other}"), &authority);
    let line = Probe::connect(&target).await.expect_err("no HTTP/2");
    assert!(line.to_string().contains("offers no HTTP/2"), "{line}");

    let strict = tls_server(&authority, true, b"h2").await;
    let target = trusting(format!("https://{strict}"), &authority);
    let line = Probe::connect(&target).await.expect_err("no certificate");
    assert!(!line.to_string().contains('\n'), "{line}");
}

#[tokio::test]
async fn invalid_certificate_authorities_are_named_in_the_error() {
    let mut target = target("https://localhost:1");
    target.tls.authorities = Some(b"no PEM".to_vec());
    let line = Probe::connect(&target).await.expect_err("no authorities");
    let line = line.to_string();
    assert!(line.contains("can't use the authorities"), "{line}");
}

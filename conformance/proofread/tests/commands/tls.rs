//! TLS and mutual TLS, by flags and by configuration.

use std::{path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::{
    error_line,
    serve::MockServer,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{folder, write},
};

/// A certificate authority that signs certificates for localhost.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("the parameters are valid");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("the key is generated");
        Self(CertifiedIssuer::self_signed(params, key).expect("the certificate is self-signed"))
    }

    /// A certificate and its key, as PEM.
    fn issue(&self) -> (String, String) {
        let key = KeyPair::generate().expect("the key is generated");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let params = CertificateParams::new(names).expect("the names are valid");
        let certificate = params
            .signed_by(&key, &self.0)
            .expect("the certificate is signed");
        (certificate.pem(), key.serialize_pem())
    }

    fn write(&self, folder: &Path) {
        write(folder, "ca.pem", self.0.pem().as_bytes());
        let (certificate, key) = self.issue();
        write(folder, "client.pem", certificate.as_bytes());
        write(folder, "client.key", key.as_bytes());
    }
}

/// A server whose certificate the authority signed. With `mutual` it requires a client
/// certificate.
fn shop(authority: &Authority, mutual: bool) -> Shop {
    let (certificate, key) = authority.issue();
    let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("the text is PEM");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("the text is PEM");
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring supports the versions");
    let builder = if mutual {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(authority.0.pem().as_bytes());
        roots
            .add(ca.expect("the certificate is PEM"))
            .expect("the certificate is an authority");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().expect("the roots are valid"))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder
        .with_single_cert(vec![chain], key)
        .expect("the key fits the certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    Shop::open_with(config)
}

#[test]
fn server_behind_tls_is_checked() {
    let (folder, authority) = (folder(), Authority::new());
    authority.write(folder.path());
    let shop = shop(&authority, false);
    let secure = format!("https://{}", shop.address);
    let check = ["check", "--contract=shop.binpb", "--phases=unset"];
    let with = |url: &str, more: &[&str]| -> Vec<String> {
        let all = [check.as_slice(), &[url], more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let run = |arguments: &[String]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        error_line(folder.path(), &arguments)
    };
    let trusted = with(&secure, &["--ca=ca.pem"]);
    let trusted: Vec<&str> = trusted.iter().map(String::as_str).collect();
    assert!(stdout(folder.path(), &trusted, 0).contains("keeps its contract"));

    let error = run(&with(&secure, &[]));
    assert!(error.contains("the TLS handshake with"), "{error}");
    let unverified = with(&secure, &["--insecure"]);
    let unverified: Vec<&str> = unverified.iter().map(String::as_str).collect();
    stdout(folder.path(), &unverified, 0);
    write(folder.path(), "proofread.toml", b"[tls]\ninsecure = true\n");
    stdout(folder.path(), &unverified[..unverified.len() - 1], 0);
    std::fs::remove_file(folder.path().join("proofread.toml")).expect("the file exists");
    let error = run(&with(&shop.url(), &[]));
    assert!(error.contains("speaks TLS; give https://"), "{error}");
    let error = run(&with(&secure, &["--ca=ca.pem", "--server-name=elsewhere"]));
    assert!(error.contains("the TLS handshake with"), "{error}");
}

#[test]
fn client_certificate_is_sent_for_mutual_tls() {
    let (folder, authority) = (folder(), Authority::new());
    authority.write(folder.path());
    let shop = shop(&authority, true);
    let url = format!("https://{}", shop.address);
    let check = [
        "check",
        &url,
        "--contract=shop.binpb",
        "--phases=unset",
        "--ca=ca.pem",
    ];
    let certificate = ["--cert=client.pem", "--key=client.key"];
    stdout(folder.path(), &[check.as_slice(), &certificate].concat(), 0);
    error_line(folder.path(), &check);

    let config = "[tls]\nca = \"ca.pem\"\ncert = \"client.pem\"\nkey = \"client.key\"";
    write(folder.path(), "proofread.toml", config.as_bytes());
    stdout(folder.path(), &check[..4], 0);
}

#[test]
fn certificate_of_a_credential_needs_tls_and_both_files() {
    let (folder, authority) = (folder(), Authority::new());
    authority.write(folder.path());
    let shop = Shop::open(Mode::Correct);
    let url = shop.url();
    let check = ["check", &url, "--contract=shop.binpb", "--phases=unset"];
    for (files, expected) in [
        (
            "cert = 'client.pem'\nkey = 'client.key'\n",
            "proofread.toml:2: the client certificate of account needs TLS",
        ),
        ("cert = 'client.pem'\n", "needs both cert and key"),
        (
            "cert = 'none.pem'\nkey = 'client.key'\n",
            "proofread.toml:2: can't read none.pem",
        ),
        (
            "cert = 'client.pem'\nkey = 'client.key'\ntoken = 'a'\n",
            "cert is used without a token",
        ),
    ] {
        let config = format!("[credentials.account]\n{files}");
        write(folder.path(), "proofread.toml", config.as_bytes());
        let error = error_line(folder.path(), &check);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn served_contract_is_checked_over_mutual_tls() {
    let (folder, authority) = (folder(), Authority::new());
    authority.write(folder.path());
    let (certificate, key) = authority.issue();
    write(folder.path(), "server.pem", certificate.as_bytes());
    write(folder.path(), "server.key", key.as_bytes());
    let certificate = ["--cert=server.pem", "--key=server.key"];
    let mutual = ["--contract=shop.binpb", "--client-ca=ca.pem"];
    let server = MockServer::start(folder.path(), &[mutual, certificate].concat());
    let check = [
        "check",
        &server.url,
        "--contract=shop.binpb",
        "--phases=unset",
        "--ca=ca.pem",
    ];
    let client = ["--cert=client.pem", "--key=client.key"];
    stdout(folder.path(), &[check.as_slice(), &client].concat(), 0);
    error_line(folder.path(), &check);

    let serve = [
        "serve",
        "--addr=127.0.0.1:0",
        "--contract=shop.binpb",
        "--cert=server.pem",
    ];
    let error = error_line(
        folder.path(),
        &[serve.as_slice(), &["--key=client.key"]].concat(),
    );
    assert!(
        error.contains("can't use the certificate with this key"),
        "{error}"
    );
    let error = error_line(
        folder.path(),
        &[serve.as_slice(), &["--key=none.key"]].concat(),
    );
    assert!(error.contains("can't read none.key"), "{error}");
}

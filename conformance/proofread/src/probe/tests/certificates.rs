//! Certificates that a server must refuse, and calls with the certificates of credentials.

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, KeyPair, SanType};
use tokio_rustls::rustls::{
    CertificateError, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
};
use x509_parser::{asn1_rs::FromDer, certificate::X509Certificate};

use super::{tls::Authority, *};
use crate::probe::forged_certificate::{expired, foreign};

const SERVICE: &str = "spiffe://bindery/service/cart";

/// The certificate of a service.
fn service(authority: &Authority) -> Identity {
    let mut parameters = CertificateParams::default();
    let name = DnValue::PrintableString("cart".try_into().expect("it is printable"));
    parameters.distinguished_name.push(DnType::CommonName, name);
    let id = SERVICE.try_into().expect("it is ASCII");
    parameters.subject_alt_names = vec![SanType::URI(id)];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().expect("a key");
    let certificate = parameters.signed_by(&key, &authority.issuer);
    let certificate = certificate.expect("a certificate");
    (
        certificate.pem().into_bytes(),
        key.serialize_pem().into_bytes(),
    )
}

fn verified(identity: &Identity, authority: &Authority) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    let root = authority.certificate.der().clone();
    roots.add(root).expect("a root");
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = verifier.build().expect("a verifier");
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&identity.0).collect();
    let chain = chain.expect("certificates");
    verifier
        .verify_client_cert(&chain[0], &chain[1..], UnixTime::now())
        .map(drop)
}

/// The names in a certificate, as bytes.
fn names(identity: &Identity) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let der = CertificateDer::from_pem_slice(&identity.0).expect("a certificate");
    let (_, certificate) = X509Certificate::from_der(&der).expect("it can be read");
    let names = certificate.subject_alternative_name();
    let names = names.expect("they can be read").expect("there are names");
    assert!(format!("{names:?}").contains(SERVICE));
    let mut extensions = certificate.iter_extensions();
    let names = extensions.find(|it| it.oid.to_id_string() == "2.5.29.17");
    (
        certificate.issuer().as_raw().to_vec(),
        certificate.subject().as_raw().to_vec(),
        names.expect("there are names").value.to_vec(),
    )
}

#[test]
fn copies_have_the_names_of_the_certificate_and_are_refused() {
    let authority = Authority::new();
    let real = service(&authority);
    assert_eq!(verified(&real, &authority), Ok(()));

    let foreign = foreign(&real).expect("it can be copied");
    assert_eq!(names(&foreign), names(&real));
    let refused = verified(&foreign, &authority).expect_err("another authority");
    assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused}");

    let key = authority.issuer.key().serialize_pem();
    let expired = expired(&real, key.as_bytes()).expect("it can be copied");
    assert_eq!(names(&expired), names(&real));
    let refused = verified(&expired, &authority).expect_err("it is too old");
    let is_expired = matches!(
        refused,
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. }
        )
    );
    assert!(is_expired, "{refused}");
}

#[test]
fn unusable_certificates_and_keys_are_named_in_the_error() {
    let real = service(&Authority::new());
    let broken = (b"no PEM".to_vec(), Vec::new());
    let line = foreign(&broken).expect_err("no certificate").to_string();
    assert!(line.contains("client's certificate"), "{line}");
    let line = expired(&real, b"no PEM").expect_err("no key").to_string();
    assert!(line.contains("key of the authority"), "{line}");
}

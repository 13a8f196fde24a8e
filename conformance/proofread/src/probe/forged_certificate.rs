//! Makes client certificates that a server must refuse: copies of a valid one, with the same
//! names and extensions, but by an authority that nobody trusts, or with dates in the past.

use std::fmt::Display;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{
    asn1_rs::{FromDer, Oid, Tag},
    certificate::X509Certificate,
    x509::X509Name,
};

use super::{ConnectError, Identity};

/// The extensions that identify the key of the certificate and that of its authority. The keys of
/// a copy are other ones.
const KEY_IDENTIFIERS: [&[u64]; 2] = [&[2, 5, 29, 14], &[2, 5, 29, 35]];

/// A copy by an authority that has the same name as the real one, and another key.
pub(super) fn foreign((chain, _): &Identity) -> Result<Identity, ConnectError> {
    let der = leaf(chain)?;
    let certificate = parsed(&der)?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name = name(certificate.issuer())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().map_err(|error| unusable(&error))?;
    let root = authority.self_signed(&key);
    let root = root.map_err(|error| unusable(&error))?;
    let (own, own_key) = signed(&copy(&certificate)?, &Issuer::new(authority, key))?;
    let chain = format!("{own}{}", root.pem());
    Ok((chain.into_bytes(), own_key))
}

/// A copy by the real authority, whose key in PEM is given, that was valid in the year 2000.
pub(super) fn expired(
    (chain, _): &Identity,
    authority_key: &[u8],
) -> Result<Identity, ConnectError> {
    let der = leaf(chain)?;
    let certificate = parsed(&der)?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name = name(certificate.issuer())?;
    let invalid_key = |cause: &dyn Display| ConnectError::Certificate {
        what: "key of the authority",
        cause: cause.to_string(),
    };
    let key = str::from_utf8(authority_key).map_err(|error| invalid_key(&error))?;
    let key = KeyPair::from_pem(key).map_err(|error| invalid_key(&error))?;
    let mut copy = copy(&certificate)?;
    copy.not_before = date_time_ymd(2000, 1, 1);
    copy.not_after = date_time_ymd(2000, 12, 31);
    let (own, own_key) = signed(&copy, &Issuer::new(authority, key))?;
    Ok((own.into_bytes(), own_key))
}

/// The certificate of the client itself, the first of its chain.
fn leaf(chain: &[u8]) -> Result<CertificateDer<'static>, ConnectError> {
    CertificateDer::from_pem_slice(chain).map_err(|error| unusable(&error))
}

fn parsed<'d>(der: &'d CertificateDer<'_>) -> Result<X509Certificate<'d>, ConnectError> {
    let parsed = X509Certificate::from_der(der);
    parsed
        .map(|(_, certificate)| certificate)
        .map_err(|error| unusable(&error))
}

/// The parameters of a copy, which is valid for a long time.
fn copy(certificate: &X509Certificate<'_>) -> Result<CertificateParams, ConnectError> {
    let mut copy = CertificateParams::default();
    copy.distinguished_name = name(certificate.subject())?;
    for extension in certificate.extensions() {
        let oid = components(&extension.oid)?;
        if KEY_IDENTIFIERS.contains(&&*oid) {
            continue;
        }
        let mut same = CustomExtension::from_oid_content(&oid, extension.value.to_vec());
        same.set_criticality(extension.critical);
        copy.custom_extensions.push(same);
    }
    Ok(copy)
}

/// The certificate in PEM and a new key for it.
fn signed(
    parameters: &CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(String, Vec<u8>), ConnectError> {
    let key = KeyPair::generate().map_err(|error| unusable(&error))?;
    let certificate = parameters.signed_by(&key, issuer);
    let certificate = certificate.map_err(|error| unusable(&error))?;
    Ok((certificate.pem(), key.serialize_pem().into_bytes()))
}

/// The same name. The kinds of its texts stay, because authorities are found by comparing bytes.
fn name(of: &X509Name<'_>) -> Result<DistinguishedName, ConnectError> {
    let mut name = DistinguishedName::new();
    for attribute in of.iter_attributes() {
        let kind = DnType::from_oid(&components(attribute.attr_type())?);
        let text = attribute.as_str().map_err(|error| unusable(&error))?;
        let value = match attribute.attr_value().tag() {
            Tag::PrintableString => text.try_into().map(DnValue::PrintableString),
            Tag::Ia5String => text.try_into().map(DnValue::Ia5String),
            _ => Ok(DnValue::Utf8String(text.to_owned())),
        };
        name.push(kind, value.map_err(|error| unusable(&error))?);
    }
    Ok(name)
}

fn components(oid: &Oid<'_>) -> Result<Vec<u64>, ConnectError> {
    let components = oid.iter().map(Iterator::collect);
    components.ok_or_else(|| unusable(&format!("the object identifier {oid} is too long")))
}

fn unusable(cause: &dyn Display) -> ConnectError {
    ConnectError::Certificate {
        what: "client's certificate as a model for others",
        cause: cause.to_string(),
    }
}

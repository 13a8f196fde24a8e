//! Makes certificates for development: an authority, and what it issues. Reads when others expire.

use std::{fs, path::Path};

use anyhow::Context;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use service::{Clock, SystemClock};
use time::{Duration, OffsetDateTime};
use x509_parser::pem::Pem;

/// How long the certificate of an authority is valid, in days.
const AUTHORITY_DAYS: u32 = 3650;

/// Certificates are valid from this long before now: the clocks of other machines differ.
const CLOCK_DIFFERENCE: Duration = Duration::HOUR;

/// A certificate and its private key, in PEM.
pub struct Pair {
    /// X.509 v3.
    pub certificate: String,
    /// PKCS #8, ECDSA P-256.
    pub key: String,
}

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate and its key.
    pub pair: Pair,
}

impl Authority {
    /// A new one, which is valid for ten years.
    pub fn generate() -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let parameters = authority_parameters(&key)?;
        let pair = Pair {
            certificate: parameters.self_signed(&key)?.pem(),
            key: key.serialize_pem(),
        };
        let issuer = Issuer::new(parameters, key);
        Ok(Self { issuer, pair })
    }

    /// The authority with this certificate and key, which [`Authority::generate`] has made.
    ///
    /// # Errors
    /// If the key is not valid.
    pub fn read(certificate: String, key: String) -> anyhow::Result<Self> {
        let key_pair = KeyPair::from_pem(&key).context("ca.key is not valid")?;
        // Its name follows from its key, so that the certificate need not be parsed.
        let parameters = authority_parameters(&key_pair)?;
        Ok(Self {
            issuer: Issuer::new(parameters, key_pair),
            pair: Pair { certificate, key },
        })
    }

    /// Issues a certificate for a server with these DNS names and IP addresses.
    pub fn issue_server(
        &self,
        name: &str,
        names: &[String],
        spiffe_id: &str,
        days: u32,
    ) -> anyhow::Result<Pair> {
        let mut parameters = parameters(name, days)?;
        // It tells names and addresses apart.
        parameters.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(parameters, spiffe_id)
    }

    /// Issues a certificate for a client.
    pub fn issue_client(&self, name: &str, spiffe_id: &str, days: u32) -> anyhow::Result<Pair> {
        let mut parameters = parameters(name, days)?;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(parameters, spiffe_id)
    }

    fn issue(&self, mut parameters: CertificateParams, spiffe_id: &str) -> anyhow::Result<Pair> {
        let uri = SanType::URI(spiffe_id.try_into()?);
        parameters.subject_alt_names.push(uri);
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        Ok(Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// When the first certificate of a file expires. `None` if none can be read.
pub fn first_expiry(file: &Path) -> Option<Timestamp> {
    let bytes = fs::read(file).ok()?;
    let certificates = Pem::iter_from_buffer(&bytes).filter_map(Result::ok);
    let expiries = certificates.filter_map(|pem| {
        let certificate = pem.parse_x509().ok()?;
        Some(certificate.validity().not_after.timestamp())
    });
    Timestamp::from_second(expiries.min()?).ok()
}

/// Each authority has a name of its own, so that errors tell authorities apart.
fn authority_parameters(key: &KeyPair) -> anyhow::Result<CertificateParams> {
    let id = CertificateParams::default().key_identifier(key);
    let id: String = id
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut parameters = parameters(&format!("Bindery development CA {id}"), AUTHORITY_DAYS)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

fn parameters(common_name: &str, days: u32) -> anyhow::Result<CertificateParams> {
    let now = OffsetDateTime::from_unix_timestamp(SystemClock.now().as_second())?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    parameters.serial_number = Some(random_serial());
    parameters.not_before = now - CLOCK_DIFFERENCE;
    parameters.not_after = now + Duration::days(days.into());
    Ok(parameters)
}

/// 127 random bits, which no two certificates share.
fn random_serial() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::random();
    // Serials are positive.
    bytes[0] &= 0x7f;
    SerialNumber::from_slice(&bytes)
}

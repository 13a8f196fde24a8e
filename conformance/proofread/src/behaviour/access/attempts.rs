//! The ways to call a method that it must not accept: without a credential, with a wrong one, with
//! that of somebody else, and with certificates that nobody should trust.

use prost_reflect::DynamicMessage;

use super::{PERMISSION_DENIED, UNAUTHENTICATED};
use crate::{
    behaviour::Context,
    contract::{Code, Method},
    outcome::Outcome,
    probe::{CertificateCredential, ClientCertificate, ConnectError},
};

const WRONG_CREDENTIAL: &[u8] = b"Bearer proofread-knows-no-token";

/// A way to call a method that it must not accept, except for requests that are open.
pub(super) struct Attempt {
    /// `missing`, `wrong`, `other-NAME`, or what is wrong with the certificate.
    pub(super) id: String,
    /// The credential in words.
    pub(super) description: String,
    /// The codes that refuse it.
    pub(super) codes: &'static [Code],
    headers: Vec<(String, Vec<u8>)>,
    /// The certificate of the connection; `None` for the connections of other calls.
    certificate: Option<ClientCertificate>,
}

/// All attempts on a method.
pub(super) struct Attempts {
    /// Those that differ in their metadata.
    pub(super) by_metadata: Vec<Attempt>,
    by_certificate: Vec<Attempt>,
    /// Why some attempts, or all, cannot be made.
    pub(super) left_out: Option<String>,
}

/// How the server reacts to an attempt.
pub(super) enum Reaction {
    /// It does not accept the connection with this certificate, but others.
    ConnectionRefused,
    /// It cannot be reached, for this reason.
    Unreachable(String),
    /// It answers the call, or not.
    Outcome(Outcome),
}

impl Attempts {
    pub(super) fn of(context: &Context<'_>, method: &Method) -> Self {
        let keys = metadata_keys([method]);
        let mut by_certificate = by_certificate(context, method);
        let mut left_out = None;
        if let Some(proof) = context.probe.certificate_for(method) {
            match forged(context, proof) {
                Ok(forged) => by_certificate.extend(forged),
                Err(error) => left_out = Some(error.to_string()),
            }
        }
        if keys.is_empty() && by_certificate.is_empty() {
            let why = "no text metadata carries its credentials, so no wrong one can be made";
            return Self {
                by_metadata: Vec::new(),
                by_certificate,
                left_out: Some(left_out.unwrap_or_else(|| why.to_owned())),
            };
        }
        Self {
            by_metadata: by_metadata(context, method, &keys),
            by_certificate,
            left_out,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Attempt> {
        self.by_metadata.iter().chain(&self.by_certificate)
    }
}

impl Attempt {
    pub(super) fn headers(&self) -> Vec<(&str, &[u8])> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect()
    }

    pub(super) async fn make(
        &self,
        context: &Context<'_>,
        method: &Method,
        request: &DynamicMessage,
    ) -> Reaction {
        let Some(certificate) = &self.certificate else {
            let outcome = context.call_with(method, request, &self.headers()).await;
            return Reaction::Outcome(outcome);
        };
        let body = context.body(method, request);
        let (path, timeout) = (&method.path, context.timeout);
        let called = context
            .probe
            .call_as(certificate, path, &self.headers, &body, timeout);
        let cause = match called.await {
            // With TLS 1.3 a server can refuse a certificate after the handshake.
            Ok(Outcome::Broken { cause }) => cause,
            Ok(outcome) => return Reaction::Outcome(outcome),
            Err(error) if is_refusal(&error) => error.to_string(),
            Err(error) => return Reaction::Unreachable(error.to_string()),
        };
        // A server that has crashed refuses every connection.
        match context.probe.dedicated(method).await {
            Ok(_) => Reaction::ConnectionRefused,
            Err(_) => Reaction::Unreachable(cause),
        }
    }
}

/// Whether the server may have ended a connection because of its certificate. Some servers send
/// no TLS alert then.
fn is_refusal(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Tls { .. }
            | ConnectError::ClosedAtOnce { .. }
            | ConnectError::SpeaksPlaintext { .. }
    )
}

/// The metadata keys of all credentials that the methods accept, each once, in lower case.
/// Binary ones are left out, because they carry no `Bearer TOKEN`.
fn metadata_keys<'c>(methods: impl IntoIterator<Item = &'c Method>) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for access in methods.into_iter().flat_map(|method| &method.access) {
        let key = access.metadata_key.to_lowercase();
        if !key.is_empty() && !key.ends_with("-bin") && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Removes the credentials of all methods from a call, because metadata of all calls may carry
/// those of others. An empty value removes a header.
fn without_credentials(context: &Context<'_>) -> Vec<(String, Vec<u8>)> {
    let all = metadata_keys(context.contract.methods()).into_iter();
    all.map(|key| (key, Vec::new())).collect()
}

fn by_metadata(context: &Context<'_>, method: &Method, keys: &[String]) -> Vec<Attempt> {
    let certificate = other_than_proof(context, method);
    let without = without_credentials(context);
    let with = |key: &str, value: &[u8]| {
        let mut headers = without.clone();
        headers.retain(|(other, _)| other != key);
        headers.push((key.to_owned(), value.to_vec()));
        headers
    };
    let mut attempts = vec![Attempt {
        id: "missing".to_owned(),
        description: "no credential".to_owned(),
        codes: &[UNAUTHENTICATED],
        headers: without.clone(),
        certificate: certificate.clone(),
    }];
    for (index, key) in keys.iter().enumerate() {
        let id = match index {
            0 => "wrong".to_owned(),
            _ => format!("wrong-{key}"),
        };
        attempts.push(Attempt {
            id,
            description: format!("a wrong credential in the metadata {key:?}"),
            codes: &[UNAUTHENTICATED, PERMISSION_DENIED],
            headers: with(key, WRONG_CREDENTIAL),
            certificate: certificate.clone(),
        });
    }
    for other in context.probe.credentials_not_for(method) {
        let name = &other.name;
        attempts.push(Attempt {
            id: format!("other-{name}"),
            description: format!("the credential {name:?}, which the method does not accept"),
            codes: &[UNAUTHENTICATED, PERMISSION_DENIED],
            headers: with(&other.key, &other.value),
            certificate: certificate.clone(),
        });
    }
    attempts
}

/// The certificate of attempts on a method whose calls prove a credential by theirs: the usual
/// one, unless it is the same.
fn other_than_proof(context: &Context<'_>, method: &Method) -> Option<ClientCertificate> {
    let proof = context.probe.certificate_for(method)?;
    let proof = ClientCertificate::Sent(proof.identity.clone());
    let usual = context.probe.usual_certificate();
    Some(if usual == proof {
        ClientCertificate::Absent
    } else {
        usual
    })
}

/// An attempt with a certificate and without any other credential.
fn with_certificate(
    context: &Context<'_>,
    id: &str,
    description: String,
    certificate: ClientCertificate,
) -> Attempt {
    Attempt {
        id: id.to_owned(),
        description,
        codes: &[UNAUTHENTICATED, PERMISSION_DENIED],
        headers: without_credentials(context),
        certificate: Some(certificate),
    }
}

/// Attempts with the certificates of others, and without one.
fn by_certificate(context: &Context<'_>, method: &Method) -> Vec<Attempt> {
    let others = context.probe.certificates_not_for(method).map(|other| {
        let name = &other.name;
        let description = format!("the certificate of {name:?}, which the method does not accept");
        let certificate = ClientCertificate::Sent(other.identity.clone());
        with_certificate(context, &format!("other-{name}"), description, certificate)
    });
    let mut attempts: Vec<Attempt> = others.collect();
    // If it is absent, the attempt without a credential has no certificate either.
    let usual = other_than_proof(context, method);
    if let Some(ClientCertificate::Sent(_)) = usual {
        let description = "no client certificate".to_owned();
        let absent = ClientCertificate::Absent;
        attempts.push(with_certificate(
            context,
            "no-certificate",
            description,
            absent,
        ));
    }
    attempts
}

/// Attempts with copies of a certificate that the server must not trust.
fn forged(
    context: &Context<'_>,
    proof: &CertificateCredential,
) -> Result<Vec<Attempt>, ConnectError> {
    let like = format!("a certificate like that of {:?}", proof.name);
    let by_another = format!("{like}, by an unknown authority of the same name");
    let foreign = context.probe.foreign_certificate(proof)?;
    let foreign = with_certificate(context, "foreign-certificate", by_another, foreign);
    let expired = context.probe.expired_certificate(proof)?.map(|expired| {
        let description = format!("{like}, which has expired");
        with_certificate(context, "expired-certificate", description, expired)
    });
    Ok([foreign].into_iter().chain(expired).collect())
}

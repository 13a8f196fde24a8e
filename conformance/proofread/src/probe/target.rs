//! The address of the server, and the metadata of all calls to it.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use globset::{Glob, GlobMatcher};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version,
    header::{CONTENT_TYPE, TE, USER_AGENT},
    uri::{Authority, Scheme},
};

use super::{
    ConnectError,
    tls::{self, Connector},
};

/// A server under test: its address, TLS settings and metadata.
#[derive(Clone)]
pub struct Target {
    /// `http://HOST:PORT`, `https://HOST:PORT`, or `HOST:PORT` for plaintext.
    pub uri: String,
    /// The TLS settings, used where the address begins with `https`.
    pub tls: Tls,
    /// Headers of all calls: credentials, tenants.
    pub metadata: Vec<Metadata>,
    /// All credentials. Methods that do not accept one of them must refuse it.
    pub credentials: Vec<CredentialHeader>,
    /// The credentials that a client certificate proves. Calls to their methods use connections
    /// with that certificate instead of the one of `tls`.
    pub certificates: Vec<CertificateCredential>,
    /// The number of connections that the calls share.
    pub connections: usize,
    /// The longest time from connecting to the first frame of the server.
    pub connect_timeout: Duration,
}

impl Target {
    /// A server at an address, with two connections, a connect timeout of 5 s and no
    /// metadata.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            tls: Tls::default(),
            metadata: Vec::new(),
            credentials: Vec::new(),
            certificates: Vec::new(),
            connections: 2,
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// A client certificate chain and its private key, both in PEM.
pub type Identity = (Vec<u8>, Vec<u8>);

/// TLS settings. The default trusts the root certificates of the system and sends no
/// client certificate.
#[derive(Clone, Default)]
pub struct Tls {
    /// PEM: the certificate authorities to trust instead of those of the system.
    pub authorities: Option<Vec<u8>>,
    /// The client certificate and its key.
    pub identity: Option<Identity>,
    /// PEM: the private key of the authority that has signed the client certificates. With it,
    /// expired certificates can be made, which the server must refuse.
    pub authority_key: Option<Vec<u8>>,
    /// The name that the server certificate must contain, where it differs from the host
    /// of the address.
    pub server_name: Option<String>,
    /// Whether the certificate of the server is not verified.
    pub insecure: bool,
}

/// A header of calls.
#[derive(Clone, Default)]
pub struct Metadata {
    /// The name, in lower case.
    pub key: String,
    /// The value; base64 for `-bin` headers.
    pub value: Vec<u8>,
    /// A glob over `package.Service/Method` that selects calls; `None` selects all calls.
    pub methods: Option<String>,
    /// The credential whose token it carries, if [`super::RefreshCredential`] can obtain the
    /// token again.
    pub refreshable: Option<String>,
}

/// The header of a credential.
#[derive(Clone, Default)]
pub struct CredentialHeader {
    /// The name of the credential, as in the configuration.
    pub name: String,
    /// The name of the credential in the contract, if this is the one of another caller. Calls
    /// carry it only where two callers are tested against each other.
    pub kind: Option<String>,
    /// The key of the header, in lower case.
    pub key: String,
    /// The value with the token.
    pub value: Vec<u8>,
}

/// A credential that the client certificate of a connection proves.
#[derive(Clone, Default)]
pub struct CertificateCredential {
    /// The name of the credential, as in the configuration and in the contract.
    pub name: String,
    /// The certificate and its key.
    pub identity: Identity,
    /// A glob over `package.Service/Method` of the calls for which it is used. If several
    /// match, the first is.
    pub methods: String,
}

/// A validated [`Target`] with its TLS connectors.
pub(super) struct Endpoint {
    pub(super) authority: Authority,
    pub(super) host: String,
    pub(super) port: u16,
    /// `None` for plaintext.
    pub(super) tls: Option<Connector>,
    pub(super) tls_settings: Tls,
    pub(super) credentials: Vec<CredentialHeader>,
    pub(super) certificates: Vec<ConfiguredCertificate>,
    metadata: RwLock<Vec<ConfiguredHeader>>,
}

/// A client certificate of the calls of some methods.
pub(super) struct ConfiguredCertificate {
    pub(super) credential: CertificateCredential,
    pub(super) connector: Connector,
    methods: GlobMatcher,
}

/// A header of the calls of some methods; `None` selects all.
struct ConfiguredHeader {
    sent: SentHeader,
    methods: Option<GlobMatcher>,
}

/// A header of a call.
#[derive(Clone)]
pub(super) struct SentHeader {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    /// The credential whose token it carries, if the token can be obtained again.
    pub(super) refreshable: Option<Arc<str>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Metadata contains credentials and must not be logged.
        f.debug_struct("Endpoint")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    pub(super) fn of(target: &Target) -> Result<Self, ConnectError> {
        let wrong = |cause: &dyn fmt::Display| ConnectError::Address {
            uri: target.uri.clone(),
            cause: cause.to_string(),
        };
        let text = if target.uri.contains("://") {
            target.uri.clone()
        } else {
            format!("http://{}", target.uri)
        };
        let uri: Uri = text.parse().map_err(|error| wrong(&error))?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(wrong(&"its scheme is neither http nor https")),
        };
        let authority = uri.authority().ok_or_else(|| wrong(&"it has no host"))?;
        if !matches!(uri.path(), "" | "/") {
            return Err(wrong(&"gRPC addresses have no path"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let tls = if secure {
            Some(tls::connector(&target.tls, &host)?)
        } else {
            None
        };
        Ok(Self {
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.clone(),
            certificates: certificates(target, &host)?,
            host,
            tls,
            tls_settings: target.tls.clone(),
            credentials: target.credentials.clone(),
            metadata: RwLock::new(metadata(&target.metadata)?),
        })
    }

    /// The number of the certificate with which a method is called.
    pub(super) fn certificate_of(&self, path: &str) -> Option<usize> {
        let method = path.trim_start_matches('/');
        let mut certificates = self.certificates.iter();
        certificates.position(|certificate| certificate.methods.is_match(method))
    }

    /// What makes connections with a certificate of [`Self::certificate_of`].
    pub(super) fn connector(&self, certificate: Option<usize>) -> Option<&Connector> {
        match certificate {
            Some(number) => Some(&self.certificates[number].connector),
            None => self.tls.as_ref(),
        }
    }

    /// What makes connections with any client certificate, or without one; `None` for
    /// plaintext.
    pub(super) fn connector_with(
        &self,
        identity: Option<&Identity>,
    ) -> Result<Option<Connector>, ConnectError> {
        if self.tls.is_none() {
            return Ok(None);
        }
        let settings = Tls {
            identity: identity.cloned(),
            ..self.tls_settings.clone()
        };
        tls::connector(&settings, &self.host).map(Some)
    }

    /// The metadata of the calls to a method.
    pub(super) fn metadata_of(&self, path: &str) -> Vec<SentHeader> {
        let method = path.trim_start_matches('/');
        let metadata = self.metadata.read().unwrap_or_else(PoisonError::into_inner);
        let sent = metadata.iter().filter(|header| {
            let methods = header.methods.as_ref();
            methods.is_none_or(|methods| methods.is_match(method))
        });
        sent.map(|header| header.sent.clone()).collect()
    }

    /// Replaces the value of the headers of a credential.
    pub(super) fn replace_credential(&self, name: &str, value: &HeaderValue) {
        let mut metadata = self
            .metadata
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for header in metadata.iter_mut() {
            if header.sent.refreshable.as_deref() == Some(name) {
                header.sent.value = value.clone();
            }
        }
    }

    /// Builds the head of a request. The error says which path, header or HTTP method is
    /// not valid in HTTP/2.
    pub(super) fn request(
        &self,
        path: &str,
        headers: &[(String, Vec<u8>)],
    ) -> Result<Request<()>, String> {
        let scheme = match self.tls {
            Some(_) => Scheme::HTTPS,
            None => Scheme::HTTP,
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|error| format!("can't call the path {path:?}: {error}"))?;
        let mut request = Request::new(());
        *request.uri_mut() = uri;
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let map = request.headers_mut();
        let metadata = self.metadata_of(path);
        map.reserve(4 + metadata.len() + headers.len());
        map.insert(TE, HeaderValue::from_static("trailers"));
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for header in metadata {
            map.append(header.name, header.value);
        }
        for (at, (name, value)) in headers.iter().enumerate() {
            let is_first = !headers[..at].iter().any(|(other, _)| other == name);
            if name == ":method" {
                *request.method_mut() = Method::from_bytes(value)
                    .map_err(|error| format!("can't send the method {value:?}: {error}"))?;
            } else {
                add(request.headers_mut(), name, value, is_first)?;
            }
        }
        Ok(request)
    }
}

const AGENT: &str = concat!("proofread/", env!("CARGO_PKG_VERSION"));

/// Adds a header. The first one of a name replaces headers that are already set; an empty value
/// only removes them.
fn add(map: &mut HeaderMap, name: &str, value: &[u8], is_first: bool) -> Result<(), String> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|error| format!("can't send the header {name:?}: {error}"))?;
    if value.is_empty() {
        map.remove(header);
        return Ok(());
    }
    let mut value = HeaderValue::from_bytes(value)
        .map_err(|error| format!("can't send the value of the header {name:?}: {error}"))?;
    // Keeps the header out of the HPACK table of the connection: with gRPC's C core, an
    // invalid header in that table makes later calls fail too.
    value.set_sensitive(true);
    if is_first {
        map.insert(header, value);
    } else {
        map.append(header, value);
    }
    Ok(())
}

fn certificates(target: &Target, host: &str) -> Result<Vec<ConfiguredCertificate>, ConnectError> {
    let configured = target.certificates.iter().map(|credential| {
        let settings = Tls {
            identity: Some(credential.identity.clone()),
            ..target.tls.clone()
        };
        let methods =
            Glob::new(&credential.methods).map_err(|error| ConnectError::Certificate {
                what: "methods of the client's certificate",
                cause: error.to_string(),
            })?;
        Ok(ConfiguredCertificate {
            connector: tls::connector(&settings, host)?,
            methods: methods.compile_matcher(),
            credential: credential.clone(),
        })
    });
    configured.collect()
}

fn metadata(given: &[Metadata]) -> Result<Vec<ConfiguredHeader>, ConnectError> {
    let checked = given.iter().map(|entry| {
        let wrong = |cause: &dyn fmt::Display| ConnectError::Metadata {
            key: entry.key.clone(),
            cause: cause.to_string(),
        };
        let name = HeaderName::from_bytes(entry.key.as_bytes()).map_err(|error| wrong(&error))?;
        let value = HeaderValue::from_bytes(&entry.value).map_err(|error| wrong(&error))?;
        let methods = entry.methods.as_deref().map(Glob::new).transpose();
        let methods = methods.map_err(|error| wrong(&error))?;
        let refreshable = entry.refreshable.as_deref().map(Arc::from);
        Ok(ConfiguredHeader {
            sent: SentHeader {
                name,
                value,
                refreshable,
            },
            methods: methods.map(|glob| glob.compile_matcher()),
        })
    });
    checked.collect()
}

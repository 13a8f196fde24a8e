//! Which credentials the calls of a method carry, and which it does not accept.

use super::{CredentialHeader, Probe};
use crate::contract::Method;

impl Probe {
    /// The tokens in the metadata of the calls to a method.
    pub(crate) fn secrets_of(&self, path: &str) -> Vec<Vec<u8>> {
        let sent = self.endpoint.metadata_of(path).into_iter();
        let secret = |value: &[u8]| {
            let mut credentials = self.endpoint.credentials.iter();
            credentials.any(|credential| credential.value == value)
        };
        let secrets =
            sent.filter(|sent| sent.refreshable.is_some() || secret(sent.value.as_bytes()));
        secrets
            .filter_map(|sent| {
                // Without a scheme such as `Bearer`.
                let token = sent.value.as_bytes().rsplit(|byte| *byte == b' ').next()?;
                Some(token.to_vec())
            })
            .collect()
    }

    /// Whether calls of a method carry a credential that it accepts, or use a certificate that
    /// proves one; true where it requires none.
    pub fn has_credential_for(&self, method: &Method) -> bool {
        let mut keys = method.access.iter().map(|access| &access.metadata_key);
        let is_sent = |key: &String| {
            let mut sent = self.endpoint.metadata_of(&method.path).into_iter();
            sent.any(|header| header.name.as_str().eq_ignore_ascii_case(key))
        };
        method.access.is_empty() || keys.any(is_sent) || self.certificate_for(method).is_some()
    }

    /// The credentials that the method does not accept, and that its calls do not carry.
    pub fn credentials_not_for(&self, method: &Method) -> impl Iterator<Item = &CredentialHeader> {
        let credentials = self.endpoint.credentials.iter();
        credentials.filter(|credential| {
            let mut alternatives = method.access.iter();
            let accepted = alternatives.any(|access| {
                let names = access.credential_names();
                names.contains(&credential.kind.as_deref().unwrap_or(&credential.name))
            });
            let mut sent = self.endpoint.metadata_of(&method.path).into_iter();
            !accepted && !sent.any(|header| header.value.as_bytes() == credential.value)
        })
    }

    /// The credential that a contract calls `name`.
    pub(crate) fn credential(&self, name: &str) -> Option<&CredentialHeader> {
        let mut credentials = self.endpoint.credentials.iter();
        credentials.find(|credential| credential.kind.is_none() && credential.name == name)
    }

    /// The same kind of credential of another caller.
    pub(crate) fn other_credential(&self, name: &str) -> Option<&CredentialHeader> {
        let mut credentials = self.endpoint.credentials.iter();
        credentials.find(|credential| credential.kind.as_deref() == Some(name))
    }

    /// The metadata keys of all credentials, each once.
    pub(crate) fn credential_keys(&self) -> Vec<String> {
        let credentials = self.endpoint.credentials.iter();
        let mut keys: Vec<String> = credentials.map(|it| it.key.to_lowercase()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Whether the calls of a method carry the credential that a contract calls `name`.
    pub(crate) fn sends_credential(&self, method: &Method, name: &str) -> bool {
        let mut sent = self.endpoint.metadata_of(&method.path).into_iter();
        let value = self.credential(name).map(|it| it.value.as_slice());
        sent.any(|header| {
            let refreshable = header.refreshable.as_deref() == Some(name);
            refreshable || Some(header.value.as_bytes()) == value
        })
    }

    /// Whether the calls of a method carry another credential than `name`, too.
    pub(crate) fn sends_other_credentials(&self, method: &Method, name: &str) -> bool {
        let mut credentials = self.endpoint.credentials.iter();
        credentials.any(|other| {
            let is_other = other.kind.is_none() && other.name != name;
            is_other && self.sends_credential(method, &other.name)
        })
    }
}

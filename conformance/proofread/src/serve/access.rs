//! Checks who may call a method, as `(proofread.v1.access)` declares it.

use http::HeaderMap;
use prost_reflect::DynamicMessage;

use super::{
    Server,
    status::{PERMISSION_DENIED, Status, UNAUTHENTICATED},
};
use crate::{
    contract::{Access, Code},
    judge::MethodContract,
};

impl Server<'_> {
    /// The value of the metadata that proves a credential, or the identity of a service.
    pub(super) fn credential(&self, access: &Access, name: &str) -> String {
        let token = self.settings.tokens.get(name);
        let token = token.map_or(name, String::as_str);
        if access.services.is_empty() {
            format!("Bearer {token}")
        } else {
            format!("{name} {token}")
        }
    }

    /// Refuses a call without one of the credentials that the method accepts. A credential
    /// that no metadata carries, such as a certificate, is not checked.
    pub(super) fn check_access(
        &self,
        method: &MethodContract<'_>,
        headers: &HeaderMap,
        request: &DynamicMessage,
    ) -> Result<(), Status> {
        if method.method.is_open_to_anybody_for(request) {
            return Ok(());
        }
        let given = |access: &Access| headers.get(access.metadata_key.to_lowercase());
        let applicable = |access: &&Access| access.applies_to(request);
        for access in method.method.access.iter().filter(applicable) {
            if access.metadata_key.is_empty() {
                return Ok(());
            }
            let names = access.credential_names().into_iter();
            let mut accepted = names.map(|name| self.credential(access, name));
            if given(access).is_some_and(|value| accepted.any(|it| value == it.as_str())) {
                return Ok(());
            }
        }
        let missing = !method.method.access.iter().any(|it| given(it).is_some());
        let code = if missing || !method.errors().any(|it| it.code == PERMISSION_DENIED) {
            UNAUTHENTICATED
        } else {
            PERMISSION_DENIED
        };
        let access = method.method.access_text(|name| format!("{name:?}"));
        let message = format!("access is for {}", access.unwrap_or_default());
        Err(declared(method, code, &message))
    }
}

/// The first error that the method declares with this code, or one with this message.
pub(super) fn declared(method: &MethodContract<'_>, code: Code, message: &str) -> Status {
    let mut errors = method.errors();
    match errors.find(|error| error.code == code) {
        Some(error) => Status::declared(error),
        None => Status::new(code, message),
    }
}

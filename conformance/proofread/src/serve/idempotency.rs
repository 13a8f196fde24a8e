//! Idempotency keys: a key that was used with another request is refused.

use std::{cell::RefCell, collections::HashMap};

use prost::Message;
use prost_reflect::DynamicMessage;

use super::{
    access::declared,
    status::{ALREADY_EXISTS, Status},
};
use crate::judge::MethodContract;

/// How many keys are remembered. Then all are forgotten: a mock is no store.
const MAX_KEYS: usize = 100_000;

/// The keys that were used, with their requests.
#[derive(Default)]
pub(super) struct UsedKeys(RefCell<HashMap<(String, Vec<u8>), DynamicMessage>>);

impl UsedKeys {
    /// Refuses a request whose key was used by another one, if the method declares
    /// ALREADY_EXISTS.
    pub(super) fn check(
        &self,
        method: &MethodContract<'_>,
        request: &DynamicMessage,
    ) -> Result<(), Status> {
        let Some(name) = &method.method.idempotency_key else {
            return Ok(());
        };
        let Some(field) = method.method.descriptor.input().get_field_by_name(name) else {
            return Ok(());
        };
        let is_declared = method.errors().any(|error| error.code == ALREADY_EXISTS);
        if !is_declared || !request.has_field(&field) {
            return Ok(());
        }
        let mut only_key = DynamicMessage::new(method.method.descriptor.input());
        only_key.set_field(&field, request.get_field(&field).into_owned());
        let key = (method.method.path.clone(), only_key.encode_to_vec());
        let mut used = self.0.borrow_mut();
        if used.len() >= MAX_KEYS {
            used.clear();
        }
        let first = used.entry(key).or_insert_with(|| request.clone());
        if first == request {
            Ok(())
        } else {
            Err(declared(method, ALREADY_EXISTS, "the key was used"))
        }
    }
}

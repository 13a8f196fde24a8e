//! Resources: messages that methods create, return, change and delete, with the links
//! between the fields of requests and those of the resource.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::path::Path;
use crate::contract::Method;

/// A kind of resource, with the methods that concern it.
#[derive(Debug, Clone)]
pub(crate) struct Resource<'c> {
    /// The message that describes it.
    pub(crate) message: MessageDescriptor,
    /// Reads one resource.
    pub(crate) get: Role<'c>,
    /// Creates a resource; `None` if there is exactly one for each caller.
    pub(crate) create: Option<Role<'c>>,
    /// Changes a resource.
    pub(crate) update: Option<Role<'c>>,
    /// Deletes a resource.
    pub(crate) delete: Option<Role<'c>>,
    /// List resources.
    pub(crate) lists: Vec<ListRole<'c>>,
    /// The paths in the resource that name it in requests; empty for a resource of which
    /// there is exactly one.
    pub(crate) key: Vec<Path>,
    /// The paths in the resource that tell it from others: its key and its ids.
    pub(crate) identity: Vec<Path>,
}

impl Resource<'_> {
    /// The full name of its message.
    pub(crate) fn name(&self) -> &str {
        self.message.full_name()
    }

    /// Whether requests to create it contain its key.
    pub(crate) fn client_chooses_key(&self) -> bool {
        let create = self.create.as_ref();
        create.is_some_and(|create| !self.key.is_empty() && create.keys.len() == self.key.len())
    }
}

/// What a method does with a resource.
#[derive(Debug, Clone)]
pub(crate) struct Role<'c> {
    /// The method.
    pub(crate) method: &'c Method,
    /// Where its request names the resource.
    pub(crate) keys: Vec<Link>,
    /// Where its request has values that become those of the resource.
    pub(crate) content: Vec<Link>,
    /// Where its response has the resource; an empty path is the response itself.
    pub(crate) answer: Option<Path>,
}

/// A list method.
#[derive(Debug, Clone)]
pub(crate) struct ListRole<'c> {
    /// The method; `answer` is the path from an item to the resource.
    pub(crate) role: Role<'c>,
    /// The field of the response with the items.
    pub(crate) items: FieldDescriptor,
    /// The fields by which it is paged: size, token and next token.
    pub(crate) paging: Option<[FieldDescriptor; 3]>,
}

/// A field of a request and the field of the resource with the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The path in the request.
    pub(crate) request: Path,
    /// The path in the resource.
    pub(crate) resource: Path,
}

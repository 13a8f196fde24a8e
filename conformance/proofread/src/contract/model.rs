//! The data model of a contract: packages, services, methods, messages, fields and
//! enums, in the order of the files. Full names have no leading dot.

use std::fmt;

use prost_protovalidate_types::{MessageRules, OneofRules};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use serde::{Deserialize, Serialize};

use super::{Access, Credential, Rules};

/// A package, with everything that its files define.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name; empty for files without a package.
    pub name: String,
    /// Its files, by name.
    pub files: Vec<File>,
    /// Its services.
    pub services: Vec<Service>,
    /// Its messages, each followed by the messages nested in it; without map entries.
    pub messages: Vec<Message>,
    /// Its enums.
    pub enums: Vec<Enum>,
    /// The custom options and other extensions that it defines.
    pub extensions: Vec<Extension>,
    /// The kinds of credentials that it defines, from `(proofread.v1.credentials)`.
    pub credentials: Vec<Credential>,
}

impl Package {
    /// Whether no file of the package imports the rules of protovalidate or the options
    /// of proofread. Such a contract can't declare what unset fields mean: it is shown,
    /// but the requirements for annotated contracts do not apply to it.
    pub fn is_unannotated(&self) -> bool {
        !self.files.iter().any(|file| file.imports_rules)
    }
}

/// A file of a package.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path as in an import: `bookstore/inventory/v1/book.proto`.
    pub name: String,
    /// The comment at the beginning of the file.
    pub comment: String,
    /// Whether it imports the rules of protovalidate or the options of proofread.
    pub imports_rules: bool,
}

/// A service.
#[derive(Debug, Clone)]
pub struct Service {
    /// `InventoryService`.
    pub name: String,
    /// `bookstore.inventory.v1.InventoryService`.
    pub full_name: String,
    /// Its comment.
    pub comment: String,
    /// The errors that every method may return, from `(proofread.v1.common_errors)` and
    /// from the error sets that the service names.
    pub common_errors: Vec<DeclaredError>,
    /// Its methods.
    pub methods: Vec<Method>,
}

/// A method.
#[derive(Debug, Clone)]
pub struct Method {
    /// `GetBook`.
    pub name: String,
    /// `bookstore.inventory.v1.InventoryService.GetBook`.
    pub full_name: String,
    /// The HTTP/2 path: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub path: String,
    /// Its comment.
    pub comment: String,
    /// Whether a call may be repeated, from `idempotency_level`.
    pub idempotency: Idempotency,
    /// Whether the client sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the server responds with a stream of messages.
    pub server_streaming: bool,
    /// The full name of the request message.
    pub request: String,
    /// The full name of the response message.
    pub response: String,
    /// The errors it may return in addition to the common ones, from
    /// `(proofread.v1.errors)`, from the error sets that it names and from the
    /// definitions of the credentials that its access names.
    pub errors: Vec<DeclaredError>,
    /// The fields used for paging, from `(proofread.v1.paging)`.
    pub paging: Option<Paging>,
    /// Who may call the method, from `(proofread.v1.access)`: whoever one of the
    /// alternatives applies to; empty: anybody.
    pub access: Vec<Access>,
    /// The request field with the idempotency key, from `(proofread.v1.idempotency_key)`:
    /// calls with equal values are repetitions of one call.
    pub idempotency_key: Option<String>,
    /// Why equal calls may return different responses, from
    /// `(proofread.v1.nondeterministic)`.
    pub nondeterministic: Option<String>,
    /// The descriptor, used to build requests.
    pub descriptor: MethodDescriptor,
}

/// The idempotency level of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// The method only reads.
    NoSideEffects,
    /// The method writes; repeating a call has the same effect as one call.
    Idempotent,
    /// The contract does not declare a level.
    Unknown,
}

/// An error that the contract declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredError {
    /// The status code.
    pub code: Code,
    /// The `reason` of the `google.rpc.ErrorInfo` detail; empty if the error has none.
    pub reason: String,
    /// The condition under which it is returned, as a sentence.
    pub when: String,
}

/// A gRPC status code, by number. Displayed by name: `NOT_FOUND`; numbers that gRPC
/// does not define as `code 42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub i32);

impl Code {
    const NAMES: [&'static str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = usize::try_from(self.0).ok();
        match index.and_then(|index| Self::NAMES.get(index)) {
            Some(name) => f.write_str(name),
            None => write!(f, "code {}", self.0),
        }
    }
}

/// The names of the fields that a paged list uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// The request field with the maximum number of items on a page.
    pub size_field: String,
    /// The request field with the page token.
    pub token_field: String,
    /// The response field with the items.
    pub items_field: String,
    /// The response field with the token of the next page.
    pub next_token_field: String,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// `Book`; `Outer.Inner` for a nested message.
    pub name: String,
    /// `bookstore.inventory.v1.Book`.
    pub full_name: String,
    /// Its comment.
    pub comment: String,
    /// Its fields, in the order of the file.
    pub fields: Vec<Field>,
    /// Its oneofs, without the synthetic ones of `optional` fields.
    pub oneofs: Vec<Oneof>,
    /// The message-level rules, from `(buf.validate.message)`.
    pub rules: MessageRules,
    /// The descriptor, used to build messages.
    pub descriptor: MessageDescriptor,
}

/// A oneof.
#[derive(Debug, Clone)]
pub struct Oneof {
    /// Its name.
    pub name: String,
    /// Its comment.
    pub comment: String,
    /// The names of its fields.
    pub fields: Vec<String>,
    /// Its rules, from `(buf.validate.oneof)`.
    pub rules: OneofRules,
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// `title`.
    pub name: String,
    /// `bookstore.inventory.v1.Book.title`.
    pub full_name: String,
    /// Its comment.
    pub comment: String,
    /// Its rules, from `(buf.validate.field)`.
    pub rules: Option<Rules>,
    /// What leaving it unset means, from `(proofread.v1.unset)`; never empty.
    pub unset: Option<String>,
    /// The oneof that it belongs to; `None` for the synthetic oneof of `optional`.
    pub oneof: Option<String>,
    /// The descriptor: number, kind, cardinality, presence.
    pub descriptor: FieldDescriptor,
}

impl Field {
    /// The type of its value, of the items of a list, or of the values of a map.
    pub fn value_kind(&self) -> Kind {
        match self.descriptor.kind() {
            Kind::Message(entry) if self.descriptor.is_map() => {
                entry.map_entry_value_field().kind()
            }
            kind => kind,
        }
    }

    /// The type of the keys if the field is a map.
    pub fn key_kind(&self) -> Option<Kind> {
        match self.descriptor.kind() {
            Kind::Message(entry) if self.descriptor.is_map() => {
                Some(entry.map_entry_key_field().kind())
            }
            _ => None,
        }
    }
}

/// An enum.
#[derive(Debug, Clone)]
pub struct Enum {
    /// `BookCategory`; `Outer.Kind` for a nested enum.
    pub name: String,
    /// `bookstore.inventory.v1.BookCategory`.
    pub full_name: String,
    /// Its comment.
    pub comment: String,
    /// Its values, in the order of the file.
    pub values: Vec<EnumValue>,
}

/// A value of an enum.
#[derive(Debug, Clone)]
pub struct EnumValue {
    /// `BOOK_CATEGORY_MYSTERY`.
    pub name: String,
    /// Its number on the wire.
    pub number: i32,
    /// Its comment.
    pub comment: String,
}

/// An extension that a package defines, such as a custom option.
#[derive(Debug, Clone)]
pub struct Extension {
    /// `proofread.v1.unset`.
    pub full_name: String,
    /// The message that it extends: `google.protobuf.FieldOptions`.
    pub extends: String,
    /// Its field number.
    pub number: u32,
    /// The type of its value.
    pub kind: Kind,
    /// Whether it is a repeated field.
    pub repeated: bool,
    /// Its comment.
    pub comment: String,
}

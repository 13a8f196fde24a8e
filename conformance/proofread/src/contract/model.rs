//! What a contract consists of. Everything is owned and in the order of the
//! files; names are full names without a leading dot.

use std::fmt;

use prost_protovalidate_types::{MessageRules, OneofRules};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use serde::{Deserialize, Serialize};

use super::Rules;

/// A package: everything that its files define.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name; empty for files without a package.
    pub name: String,
    /// Its files, by name.
    pub files: Vec<File>,
    /// Its services.
    pub services: Vec<Service>,
    /// Its messages, nested ones after those that contain them; no map entries.
    pub messages: Vec<Message>,
    /// Its enums.
    pub enums: Vec<Enum>,
    /// The options that it defines.
    pub extensions: Vec<Extension>,
}

impl Package {
    /// Whether a file of the package imports rules or options, and so is able to
    /// say what unset fields mean. A package that does not is a plain contract,
    /// from before; it is shown, and not held to account.
    pub fn is_plain(&self) -> bool {
        !self.files.iter().any(|file| file.imports_rules)
    }
}

/// A file of a package.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path, as other files import it.
    pub name: String,
    /// The comment at its head.
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
    /// What every method may return, by `(proofread.v1.common_errors)`.
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
    /// The path on the wire: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub path: String,
    /// Its comment.
    pub comment: String,
    /// Whether a call may be repeated.
    pub idempotency: Idempotency,
    /// Whether the caller sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the server answers a stream of messages.
    pub server_streaming: bool,
    /// The full name of the request message.
    pub request: String,
    /// The full name of the response message.
    pub response: String,
    /// What it may return beside the common errors, by `(proofread.v1.errors)`.
    pub errors: Vec<DeclaredError>,
    /// How its pages join, by `(proofread.v1.paging)`.
    pub paging: Option<Paging>,
    /// What the caller must show, by `(proofread.v1.access)`.
    pub access: Option<Access>,
    /// The request field that makes calls one call, by `(proofread.v1.idempotency_key)`.
    pub idempotency_key: Option<String>,
    /// Why equal calls may differ, by `(proofread.v1.nondeterministic)`.
    pub nondeterministic: Option<String>,
    /// The descriptor, to make calls of it.
    pub descriptor: MethodDescriptor,
}

/// The idempotency level of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Reads only.
    NoSideEffects,
    /// Writes, and a repeated call has the effect of one.
    Idempotent,
    /// Not declared.
    Unknown,
}

/// One way in which a call may fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredError {
    /// The status code.
    pub code: Code,
    /// The reason in the `google.rpc.ErrorInfo`; empty where there is none.
    pub reason: String,
    /// When it happens.
    pub when: String,
}

/// A status code of gRPC, by its number on the wire. Displays as `NOT_FOUND`.
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

/// The names of the fields by which a list is paged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// The request field with the size of a page.
    pub size_field: String,
    /// The request field with the token of the page.
    pub token_field: String,
    /// The response field with the items.
    pub items_field: String,
    /// The response field with the token of the next page.
    pub next_token_field: String,
}

/// What a caller must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The name of the credential: `operator`.
    pub credential: String,
    /// The metadata key that carries it as `Bearer TOKEN`.
    pub metadata_key: String,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Message {
    /// `Book`; `Outer.Inner` for a nested one.
    pub name: String,
    /// `bookstore.inventory.v1.Book`.
    pub full_name: String,
    /// Its comment.
    pub comment: String,
    /// Its fields, in the order of the file.
    pub fields: Vec<Field>,
    /// Its oneofs; not those that `optional` makes.
    pub oneofs: Vec<Oneof>,
    /// The rules of the message as a whole.
    pub rules: MessageRules,
    /// The descriptor, to make messages of it.
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
    /// Its rules.
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
    /// Its rules.
    pub rules: Option<Rules>,
    /// What unset means, by `(proofread.v1.unset)`.
    pub unset: Option<String>,
    /// The oneof to which it belongs; not one that `optional` makes.
    pub oneof: Option<String>,
    /// The descriptor: number, kind, cardinality, presence.
    pub descriptor: FieldDescriptor,
}

impl Field {
    /// The kind of its value, of each item of a list, or of each value of a map.
    pub fn value_kind(&self) -> Kind {
        match self.descriptor.kind() {
            Kind::Message(entry) if self.descriptor.is_map() => {
                entry.map_entry_value_field().kind()
            }
            kind => kind,
        }
    }

    /// The kind of the keys, of a map.
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
    /// `BookCategory`; `Outer.Kind` for a nested one.
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

/// An option that a package defines.
#[derive(Debug, Clone)]
pub struct Extension {
    /// `proofread.v1.unset`.
    pub full_name: String,
    /// The message that it extends: `google.protobuf.FieldOptions`.
    pub extends: String,
    /// Its field number.
    pub number: u32,
    /// The kind of its value.
    pub kind: Kind,
    /// Whether it may be given several times.
    pub repeated: bool,
    /// Its comment.
    pub comment: String,
}

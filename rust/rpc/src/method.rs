//! The properties of a method that the layers need, looked up by path once per call.

use std::{collections::HashMap, sync::LazyLock};

use contract::{Access, DeclaredError, Idempotency};

/// A method of the contract, of the health service or of reflection.
#[derive(Debug)]
pub(crate) struct MethodInfo {
    /// The index in [`METHODS`] and in the tables of the layers. 0 is the entry of all
    /// unknown methods.
    pub index: usize,
    pub path: &'static str,
    pub service: &'static str,
    pub name: &'static str,
    /// `unary`, `client_stream`, `server_stream` or `bidi_stream`.
    pub kind: &'static str,
    pub server_streaming: bool,
    /// Whether clients may repeat a call.
    pub idempotency: Idempotency,
    /// Whether a call costs the server much more than others.
    pub expensive: bool,
    /// Who may call the method; empty: everybody.
    pub access: &'static [Access],
    /// The declared errors; empty for methods that declare none.
    pub errors: &'static [DeclaredError],
    /// Whether this is a method of health or reflection. Those are never shed, and are
    /// logged at level DEBUG.
    pub infrastructure: bool,
}

impl MethodInfo {
    /// Whether this is the entry of all unknown methods.
    pub fn is_unknown(&self) -> bool {
        self.index == 0
    }

    /// Whether a call has no side effects; `false` if the contract does not say so.
    pub fn is_read(&self) -> bool {
        self.idempotency == Idempotency::NoSideEffects
    }

    pub fn is_unary(&self) -> bool {
        self.kind == "unary"
    }

    pub fn is_client_stream(&self) -> bool {
        self.kind == "client_stream"
    }

    /// Whether the first message decides who may make the call.
    pub fn has_conditions(&self) -> bool {
        self.access.iter().any(|access| access.condition.is_some())
    }

    pub fn is_bidirectional(&self) -> bool {
        self.kind == "bidi_stream"
    }
}

/// The methods of health and reflection: path, service, name, client streaming, server streaming.
const INFRASTRUCTURE: [(&str, &str, &str, bool, bool); 4] = [
    (
        "/grpc.health.v1.Health/Check",
        "grpc.health.v1.Health",
        "Check",
        false,
        false,
    ),
    (
        "/grpc.health.v1.Health/Watch",
        "grpc.health.v1.Health",
        "Watch",
        false,
        true,
    ),
    (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "grpc.reflection.v1.ServerReflection",
        "ServerReflectionInfo",
        true,
        true,
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "grpc.reflection.v1alpha.ServerReflection",
        "ServerReflectionInfo",
        true,
        true,
    ),
];

impl MethodInfo {
    /// The entry of all unknown methods.
    pub(crate) const fn unknown() -> Self {
        Self {
            index: 0,
            path: "unknown",
            service: "unknown",
            name: "unknown",
            kind: "unary",
            server_streaming: false,
            idempotency: Idempotency::Unknown,
            expensive: false,
            access: &[],
            errors: &[],
            infrastructure: false,
        }
    }

    /// Whether the path of the call was found.
    pub(crate) fn is_known(&self) -> bool {
        self.index != 0
    }
}

static METHODS: LazyLock<Vec<MethodInfo>> = LazyLock::new(|| {
    // All unknown paths share the first entry, so that a client that sends random
    // paths can't add a metric series for each.
    let mut methods = vec![MethodInfo::unknown()];
    for method in contract::METHODS {
        methods.push(MethodInfo {
            index: methods.len(),
            path: method.path,
            service: method.service,
            name: method.name,
            kind: kind(method.client_streaming, method.server_streaming),
            server_streaming: method.server_streaming,
            idempotency: method.idempotency,
            expensive: method.expensive,
            access: method.access,
            errors: method.errors,
            infrastructure: false,
        });
    }
    for (path, service, name, client_streaming, server_streaming) in INFRASTRUCTURE {
        methods.push(MethodInfo {
            index: methods.len(),
            path,
            service,
            name,
            kind: kind(client_streaming, server_streaming),
            server_streaming,
            idempotency: Idempotency::Unknown,
            // An answer of reflection has up to 300 kB.
            expensive: service != "grpc.health.v1.Health",
            access: &[],
            errors: &[],
            infrastructure: true,
        });
    }
    methods
});

static METHODS_BY_PATH: LazyLock<HashMap<&'static str, &'static MethodInfo>> =
    LazyLock::new(|| {
        let except_unknown = METHODS.iter().skip(1);
        except_unknown.map(|method| (method.path, method)).collect()
    });

/// Finds the method of a path, or the entry `unknown`.
pub(crate) fn lookup(path: &str) -> &'static MethodInfo {
    METHODS_BY_PATH.get(path).copied().unwrap_or(&METHODS[0])
}

/// The services of the contract, each once per method.
pub(crate) fn services() -> impl Iterator<Item = &'static str> {
    contract::METHODS.iter().map(|method| method.service)
}

/// The number of entries in [`METHODS`].
pub(crate) fn count() -> usize {
    METHODS.len()
}

fn kind(client_streaming: bool, server_streaming: bool) -> &'static str {
    match (client_streaming, server_streaming) {
        (false, false) => "unary",
        (true, false) => "client_stream",
        (false, true) => "server_stream",
        (true, true) => "bidi_stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookup_finds_contract_and_infrastructure_methods() {
        let import = lookup("/bookstore.inventory.v1.InventoryService/ImportBooks");
        assert_eq!(
            (import.kind, import.access[0].credential),
            ("client_stream", Some("operator"))
        );
        assert!(lookup("/grpc.health.v1.Health/Watch").infrastructure);
    }

    #[test]
    fn unknown_paths_share_one_entry() {
        assert_eq!(
            lookup("/made.Up/Path").index,
            lookup("/made.Up/Other").index
        );
        assert!(
            METHODS
                .iter()
                .enumerate()
                .all(|(index, method)| method.index == index)
        );
    }
}

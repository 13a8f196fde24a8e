//! What the layers must know of a method, found by its path once a call.

use std::{collections::HashMap, sync::LazyLock};

/// A method that the layers know by name: those of the contract, and those of
/// health and reflection.
#[derive(Debug)]
pub(crate) struct MethodInfo {
    /// The place in the tables of the layers.
    pub index: usize,
    pub path: &'static str,
    pub service: &'static str,
    pub name: &'static str,
    /// `unary`, `client_stream`, `server_stream` or `bidi_stream`.
    pub kind: &'static str,
    pub server_streaming: bool,
    pub credential: Option<&'static str>,
    /// Health and reflection: never shed, and logged at debug only.
    pub infrastructure: bool,
}

/// Health and reflection: path, service, name, client streaming, server streaming.
const INFRASTRUCTURE: [(&str, &str, &str, bool, bool); 3] = [
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
];

static METHODS: LazyLock<Vec<MethodInfo>> = LazyLock::new(|| {
    // All paths that are not known share the first row, so that a caller who makes
    // paths up can't fill the metrics with them.
    let mut table = vec![MethodInfo {
        index: 0,
        path: "unknown",
        service: "unknown",
        name: "unknown",
        kind: "unary",
        server_streaming: false,
        credential: None,
        infrastructure: false,
    }];
    for method in contract::METHODS {
        table.push(MethodInfo {
            index: table.len(),
            path: method.path,
            service: method.service,
            name: method.name,
            kind: kind(method.client_streaming, method.server_streaming),
            server_streaming: method.server_streaming,
            credential: method.credential,
            infrastructure: false,
        });
    }
    for (path, service, name, client_streaming, server_streaming) in INFRASTRUCTURE {
        table.push(MethodInfo {
            index: table.len(),
            path,
            service,
            name,
            kind: kind(client_streaming, server_streaming),
            server_streaming,
            credential: None,
            infrastructure: true,
        });
    }
    table
});

static METHODS_BY_PATH: LazyLock<HashMap<&'static str, &'static MethodInfo>> =
    LazyLock::new(|| {
        let known = METHODS.iter().skip(1);
        known.map(|method| (method.path, method)).collect()
    });

/// The row of a path; the row `unknown` if it has none.
pub(crate) fn lookup(path: &str) -> &'static MethodInfo {
    METHODS_BY_PATH.get(path).copied().unwrap_or(&METHODS[0])
}

/// How many rows there are.
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
    fn contract_and_housekeeping_are_known() {
        let import = lookup("/bookstore.inventory.v1.InventoryService/ImportBooks");
        assert_eq!(
            (import.kind, import.credential),
            ("client_stream", Some("operator"))
        );
        assert!(lookup("/grpc.health.v1.Health/Watch").infrastructure);
    }

    #[test]
    fn made_up_paths_share_a_row() {
        assert_eq!(
            lookup("/made.Up/Path").index,
            lookup("/made.Up/Other").index
        );
        assert!(
            METHODS
                .iter()
                .enumerate()
                .all(|(index, row)| row.index == index)
        );
    }
}

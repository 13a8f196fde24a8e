//! The types of the messages of every method, by which JSON is converted.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use prost::Message as _;
use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};
use prost_types::{FileDescriptorSet, method_options::IdempotencyLevel};

use super::rest::Routes;

/// The descriptors of all methods and of the details of errors. They are decoded at the first
/// request that needs them: a process that serves only gRPC never pays for them.
#[derive(Clone)]
pub(crate) struct Messages(Arc<Lazy>);

struct Lazy {
    /// Encoded `FileDescriptorSet`s besides the contract.
    more: Vec<&'static [u8]>,
    decoded: OnceLock<Decoded>,
}

struct Decoded {
    pool: DescriptorPool,
    methods: HashMap<String, Method>,
    routes: Routes,
}

/// A method, as the translation needs to know it.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub input: MessageDescriptor,
    pub output: MessageDescriptor,
    /// Whether requests or responses are streams.
    pub streams: bool,
    /// Whether a request is a stream of messages, and not one.
    pub client_streams: bool,
    /// Whether the client may send messages while it receives some.
    pub bidirectional: bool,
    pub no_side_effects: bool,
}

impl Messages {
    /// The messages of the contract, of health, of the details of errors, and of further
    /// encoded descriptor sets.
    pub(crate) fn new(further: &[&'static [u8]]) -> Self {
        let mut more = vec![
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_types::pb::FILE_DESCRIPTOR_SET,
        ];
        more.extend(further);
        Self(Arc::new(Lazy {
            more,
            decoded: OnceLock::new(),
        }))
    }

    /// The method of a path, `/SERVICE/METHOD`.
    pub(crate) fn method(&self, path: &str) -> Option<&Method> {
        self.decoded().methods.get(path)
    }

    /// The paths of the annotations.
    pub(super) fn routes(&self) -> &Routes {
        &self.decoded().routes
    }

    /// The message type with a full name.
    pub(crate) fn message(&self, full_name: &str) -> Option<MessageDescriptor> {
        self.decoded().pool.get_message_by_name(full_name)
    }

    fn decoded(&self) -> &Decoded {
        self.0.decoded.get_or_init(|| {
            let pool = decode_pool(&self.0.more);
            let methods = pool
                .services()
                .flat_map(|service| service.methods().collect::<Vec<_>>())
                .map(|method| (path(&method), Method::new(&method)))
                .collect();
            let routes = Routes::of(&pool);
            Decoded {
                pool,
                methods,
                routes,
            }
        })
    }
}

fn path(method: &MethodDescriptor) -> String {
    let service = method.parent_service().full_name();
    format!("/{service}/{}", method.name())
}

impl Method {
    fn new(method: &MethodDescriptor) -> Self {
        let (client, server) = (method.is_client_streaming(), method.is_server_streaming());
        let options = method.method_descriptor_proto().options.as_ref();
        let idempotency = options.map(|options| options.idempotency_level());
        Self {
            input: method.input(),
            output: method.output(),
            streams: client || server,
            client_streams: client,
            bidirectional: client && server,
            no_side_effects: idempotency == Some(IdempotencyLevel::NoSideEffects),
        }
    }

    /// Whether it may be called by GET.
    pub(crate) fn is_read(&self) -> bool {
        self.no_side_effects && !self.streams
    }
}

/// A file that several sets contain is taken from the first.
fn decode_pool(more: &[&'static [u8]]) -> DescriptorPool {
    let mut pool = DescriptorPool::decode(contract::IMAGE).expect("the contract is well formed");
    for set in more {
        let mut set = FileDescriptorSet::decode(*set).expect("a descriptor set is well formed");
        set.file
            .retain(|file| pool.get_file_by_name(file.name()).is_none());
        pool.add_file_descriptor_set(set)
            .expect("a descriptor set contains what it imports");
    }
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_contract_and_of_health_is_known() {
        let messages = Messages::new(&[]);
        for method in contract::METHODS {
            let known = messages.method(method.path).expect(method.path);
            let reads = method.idempotency == contract::Idempotency::NoSideEffects;
            assert_eq!(known.no_side_effects, reads, "{}", method.path);
            let streams = method.client_streaming || method.server_streaming;
            assert_eq!(known.streams, streams, "{}", method.path);
        }
        assert!(messages.method("/grpc.health.v1.Health/Check").is_some());
        assert!(messages.method("/no.such.Service/Method").is_none());
    }

    #[test]
    fn details_of_errors_are_known() {
        let messages = Messages::new(&[]);
        for name in [
            "buf.validate.Violations",
            "google.rpc.BadRequest",
            "google.rpc.ErrorInfo",
            "google.rpc.RetryInfo",
        ] {
            assert!(messages.message(name).is_some(), "{name}");
        }
    }
}

//! Generates the clients and servers of a contract. The build scripts of the test contracts
//! include this file, too.

use prost_build::{Service, ServiceGenerator};

/// Generates clients with the plain codec and servers with the validating codec: requests
/// are validated by the server, and a client can send invalid ones.
pub(crate) struct StubGenerator([Box<dyn ServiceGenerator>; 2]);

impl StubGenerator {
    /// `codec_path` is the path of the validating codec.
    pub(crate) fn new(codec_path: &str) -> Self {
        let builder = || tonic_prost_build::configure();
        Self([
            builder().build_server(false).service_generator(),
            builder()
                .build_client(false)
                .codec_path(codec_path)
                .service_generator(),
        ])
    }
}

impl ServiceGenerator for StubGenerator {
    fn generate(&mut self, service: Service, buf: &mut String) {
        for side in &mut self.0 {
            side.generate(service.clone(), buf);
        }
    }

    fn finalize(&mut self, buf: &mut String) {
        for side in &mut self.0 {
            side.finalize(buf);
        }
    }
}

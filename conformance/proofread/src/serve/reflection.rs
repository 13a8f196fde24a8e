//! The reflection service of gRPC, `v1` and `v1alpha`.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_reflect::DescriptorPool;

use super::{
    body::Body,
    reply::Reply,
    status::{INTERNAL, NOT_FOUND, Status},
};
use crate::{
    contract::{Contract, FileIndex, raw_files},
    load::reflection::{
        ErrorResponse, ExtensionNumbers, Files as FileResponse, Query, REFLECTION_SERVICES,
        Request, Response, Service, Services,
    },
};

pub(super) fn is_service(name: &str) -> bool {
    REFLECTION_SERVICES.contains(&name)
}

/// The files of a contract. Their bytes are those of the image, since decoding and encoding
/// them would drop options.
pub(super) struct Files {
    pool: DescriptorPool,
    services: Vec<String>,
    files: BTreeMap<String, File>,
}

struct File {
    bytes: Vec<u8>,
    imports: Vec<String>,
}

impl Files {
    pub(super) fn of(contract: &Contract) -> Self {
        let files = raw_files(contract.image()).filter_map(|bytes| {
            let index = FileIndex::decode(bytes).ok()?;
            let imports = index.all_imports().cloned().collect();
            let bytes = bytes.to_vec();
            Some((index.name, File { bytes, imports }))
        });
        Self {
            pool: contract.pool().clone(),
            services: contract.services().map(|it| it.full_name.clone()).collect(),
            files: files.collect(),
        }
    }

    /// Answers queries, one by one, until the client ends the stream.
    pub(super) async fn answer(&self, body: &mut Body, reply: &mut Reply) -> Result<(), Status> {
        while let Some(message) = body.next().await? {
            let decoded = Request::decode(message);
            let request = decoded.map_err(|error| Status::new(INTERNAL, error.to_string()))?;
            reply.message(&self.response(request).encode_to_vec());
        }
        Ok(())
    }

    fn response(&self, request: Request) -> Response {
        let mut response = Response::default();
        match &request.query {
            Some(Query::ListServices(_)) => {
                let services = self.services.iter().cloned();
                let service = services.map(|name| Service { name }).collect();
                response.services = Some(Services { service });
            }
            Some(Query::AllExtensionNumbersOfType(name)) => {
                match self.pool.get_message_by_name(name) {
                    Some(message) => {
                        let numbers = message.extensions().map(|it| it.number());
                        response.extension_numbers = Some(ExtensionNumbers {
                            base_type_name: name.clone(),
                            extension_number: numbers.filter_map(|it| it.try_into().ok()).collect(),
                        });
                    }
                    None => response.error = Some(not_found(name)),
                }
            }
            Some(query) => match self.file_name(query) {
                Some(name) => {
                    let file_descriptor_proto = self.with_imports(&name);
                    response.files = Some(FileResponse {
                        file_descriptor_proto,
                    });
                }
                None => response.error = Some(not_found(&format!("{query:?}"))),
            },
            None => response.error = Some(not_found("a query of an unknown kind")),
        }
        response.original_request = Some(request);
        response
    }

    fn file_name(&self, query: &Query) -> Option<String> {
        let pool = &self.pool;
        let file = match query {
            Query::FileByFilename(name) => pool.get_file_by_name(name)?,
            Query::FileContainingSymbol(name) => {
                let service = || pool.get_service_by_name(name).map(|it| it.parent_file());
                let message = || pool.get_message_by_name(name).map(|it| it.parent_file());
                let enumeration = || pool.get_enum_by_name(name).map(|it| it.parent_file());
                let extension = || pool.get_extension_by_name(name).map(|it| it.parent_file());
                let member = || {
                    let (parent, _) = name.rsplit_once('.')?;
                    let service = pool.get_service_by_name(parent)?;
                    let mut methods = service.methods();
                    methods
                        .any(|it| it.full_name() == name)
                        .then(|| service.parent_file())
                };
                service()
                    .or_else(message)
                    .or_else(enumeration)
                    .or_else(extension)
                    .or_else(member)?
            }
            Query::FileContainingExtension(extension) => {
                let message = pool.get_message_by_name(&extension.containing_type)?;
                let number = u32::try_from(extension.extension_number).ok()?;
                message.get_extension(number)?.parent_file()
            }
            Query::ListServices(_) | Query::AllExtensionNumbersOfType(_) => return None,
        };
        Some(file.name().to_owned())
    }

    /// The bytes of a file and of everything that it imports.
    fn with_imports(&self, name: &str) -> Vec<Vec<u8>> {
        let (mut open, mut seen) = (vec![name], BTreeSet::new());
        let mut files = Vec::new();
        while let Some(name) = open.pop() {
            if let Some(file) = self.files.get(name).filter(|_| seen.insert(name)) {
                files.push(file.bytes.clone());
                open.extend(file.imports.iter().map(String::as_str));
            }
        }
        files
    }
}

fn not_found(what: &str) -> ErrorResponse {
    ErrorResponse {
        code: NOT_FOUND.0,
        message: format!("the contract does not contain {what}"),
    }
}

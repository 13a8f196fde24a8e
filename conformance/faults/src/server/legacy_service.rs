//! `rules.v1.LegacyService`, whose messages are defined in proto2.

use prost::Message;
use tonic::{Request, Response, Status};

use crate::rules::v1::{
    FileRecordRequest, FileRecordResponse, legacy_service_server::LegacyService,
};

/// The service. The codec has already refused invalid requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records;

#[tonic::async_trait]
impl LegacyService for Records {
    async fn file_record(
        &self,
        request: Request<FileRecordRequest>,
    ) -> Result<Response<FileRecordResponse>, Status> {
        let size = request.into_inner().encoded_len();
        Ok(Response::new(FileRecordResponse {
            size: i64::try_from(size).unwrap_or(i64::MAX),
        }))
    }
}

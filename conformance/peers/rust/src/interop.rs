//! The test contract, with methods of all four kinds.

use std::{collections::HashMap, pin::Pin, time::Duration};

use futures::{Stream, StreamExt, stream};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tonic::{
    Code, Request, Response, Status, Streaming,
    metadata::{KeyAndValueRef, MetadataMap},
};
use tonic_types::{ErrorDetails, StatusExt};

use interop_peer::interop::v1::{
    ConverseRequest, ConverseResponse, DownloadRequest, DownloadResponse, EchoMetadataRequest,
    EchoMetadataResponse, EchoRequest, EchoResponse, FailRequest, FailResponse, LaterRequest,
    LaterResponse, UploadRequest, UploadResponse, WaitRequest, WaitResponse,
    interop_service_server::InteropService,
};

/// Only metadata with this prefix is returned: everything else belongs to the transport.
const METADATA_PREFIX: &str = "interop-";

/// The domain in `google.rpc.ErrorInfo`.
const DOMAIN: &str = "interop";

/// The service.
pub(crate) struct Interop {
    echo_request: MessageDescriptor,
}

impl Interop {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let pool = DescriptorPool::decode(interop_peer::IMAGE)?;
        let echo_request = pool
            .get_message_by_name("interop.v1.EchoRequest")
            .ok_or_else(|| anyhow::anyhow!("the test contract has no EchoRequest"))?;
        Ok(Self { echo_request })
    }

    fn json(&self, request: &EchoRequest) -> Result<String, Status> {
        let bytes = request.encode_to_vec();
        let message = DynamicMessage::decode(self.echo_request.clone(), bytes.as_slice());
        let message = message.map_err(|error| Status::internal(error.to_string()))?;
        serde_json::to_string(&message).map_err(|error| {
            Status::invalid_argument(format!("the request has no JSON form: {error}"))
        })
    }
}

type ResponseStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl InteropService for Interop {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let request = request.into_inner();
        Ok(Response::new(EchoResponse {
            seen_json: self.json(&request)?,
            values: request.values,
        }))
    }

    async fn echo_metadata(
        &self,
        request: Request<EchoMetadataRequest>,
    ) -> Result<Response<EchoMetadataResponse>, Status> {
        let mut answer = EchoMetadataResponse {
            text: HashMap::new(),
            binary: HashMap::new(),
        };
        let mut headers = MetadataMap::new();
        for entry in request.metadata().iter() {
            match entry {
                KeyAndValueRef::Ascii(key, value) if key.as_str().starts_with(METADATA_PREFIX) => {
                    let text = value
                        .to_str()
                        .map_err(|error| Status::internal(error.to_string()))?;
                    answer.text.insert(key.to_string(), text.to_owned());
                    headers.insert(key.clone(), value.clone());
                }
                KeyAndValueRef::Binary(key, value) if key.as_str().starts_with(METADATA_PREFIX) => {
                    let bytes = value
                        .to_bytes()
                        .map_err(|error| Status::internal(error.to_string()))?;
                    answer.binary.insert(key.to_string(), bytes.to_vec());
                    headers.insert_bin(key.clone(), value.clone());
                }
                _ => {}
            }
        }
        // tonic sends no trailers of a handler with a successful unary response.
        Ok(Response::from_parts(
            headers,
            answer,
            tonic::Extensions::default(),
        ))
    }

    async fn fail(&self, request: Request<FailRequest>) -> Result<Response<FailResponse>, Status> {
        let request = request.into_inner();
        let mut details = ErrorDetails::new();
        if !request.reason.is_empty() {
            details.set_error_info(request.reason, DOMAIN, HashMap::new());
        }
        if let Some(delay) = request.retry_delay {
            details.set_retry_info(Some(Duration::try_from(delay).unwrap_or_default()));
        }
        let code = Code::from_i32(request.code);
        Err(Status::with_error_details(code, request.message, details))
    }

    async fn wait(&self, request: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        let delay = request.into_inner().delay.unwrap_or_default();
        tokio::time::sleep(Duration::try_from(delay).unwrap_or_default()).await;
        Ok(Response::new(WaitResponse {}))
    }

    type DownloadStream = ResponseStream<DownloadResponse>;

    async fn download(
        &self,
        request: Request<DownloadRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let DownloadRequest {
            count,
            size,
            fail_after,
        } = request.into_inner();
        let data = vec![0; usize::try_from(size).unwrap_or_default()];
        let end = fail_after.map_or(count, |fail_after| fail_after.min(count));
        let messages = (0..end).map(move |number| {
            Ok(DownloadResponse {
                number,
                data: data.clone(),
            })
        });
        let failure = (end < count).then(|| {
            let details = ErrorDetails::with_error_info("DOWNLOAD_ABORTED", DOMAIN, HashMap::new());
            Err(Status::with_error_details(
                Code::Aborted,
                "the stream fails as requested",
                details,
            ))
        });
        Ok(Response::new(Box::pin(stream::iter(
            messages.chain(failure),
        ))))
    }

    async fn upload(
        &self,
        request: Request<Streaming<UploadRequest>>,
    ) -> Result<Response<UploadResponse>, Status> {
        let mut requests = request.into_inner();
        let mut sum = UploadResponse { count: 0, size: 0 };
        while let Some(request) = requests.message().await? {
            sum.count += 1;
            sum.size += i64::try_from(request.data.len()).unwrap_or(i64::MAX);
        }
        Ok(Response::new(sum))
    }

    type ConverseStream = ResponseStream<ConverseResponse>;

    async fn converse(
        &self,
        request: Request<Streaming<ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        let answers = request
            .into_inner()
            .zip(stream::iter(1..))
            .map(|(request, number)| {
                request.map(|request| ConverseResponse {
                    text: request.text,
                    number,
                })
            });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn later(&self, _: Request<LaterRequest>) -> Result<Response<LaterResponse>, Status> {
        Err(Status::unimplemented(
            "this is a method of the next version",
        ))
    }
}

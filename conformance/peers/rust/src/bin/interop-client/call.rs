//! Makes the call of one cell, with the generated clients.

use std::{collections::BTreeMap, time::Duration, vec};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use contract::bookstore::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    recommendations::v1::recommendation_service_client::RecommendationServiceClient,
};
use futures::{FutureExt as _, channel::mpsc, stream};
use interop_peer::{client::CallError, interop::v1::interop_service_client::InteropServiceClient};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use rpc::Channel;
use tonic::{
    Code, Request, Response, Status, Streaming,
    codec::CompressionEncoding::Gzip,
    metadata::{
        AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue,
        KeyAndValueRef, MetadataMap,
    },
};

use crate::cell::{Cell, Observation};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The clients of all services.
pub(crate) struct Clients {
    inventory: InventoryServiceClient<Channel>,
    recommendations: RecommendationServiceClient<Channel>,
    interop: InteropServiceClient<Channel>,
    /// The contract, and the test contract.
    pools: [DescriptorPool; 2],
}

impl Clients {
    pub fn new(channel: Channel, pools: &[DescriptorPool; 2]) -> Self {
        Self {
            inventory: InventoryServiceClient::new(channel.clone()),
            recommendations: RecommendationServiceClient::new(channel.clone()),
            interop: InteropServiceClient::new(channel),
            pools: pools.clone(),
        }
    }

    /// Makes the call of a cell.
    pub async fn observe(&self, cell: Cell) -> Observation {
        let mut call = Call {
            response: self.response_type(&cell.method),
            seen: Observation {
                id: cell.id.clone(),
                code: code_name(Code::Ok),
                ..Observation::default()
            },
            cell,
        };
        let cancelled_at_once = call.cell.cancel_after == Some(0);
        let making = self.make(&mut call);
        let outcome = if cancelled_at_once {
            // The call is begun, and dropped before it can end.
            making.now_or_never().unwrap_or_else(|| Err(cancelled()))
        } else {
            making.await
        };
        if let Err(status) = outcome {
            call.failed(status);
        }
        call.seen
    }

    fn response_type(&self, method: &str) -> Option<MessageDescriptor> {
        let (service, name) = method.split_once('/')?;
        let service = self
            .pools
            .iter()
            .find_map(|pool| pool.get_service_by_name(service))?;
        let method = service.methods().find(|method| method.name() == name)?;
        Some(method.output())
    }

    async fn make(&self, call: &mut Call) -> Result<(), Status> {
        /// Calls a method of a client by the function for its kind.
        macro_rules! by {
            ($kind:ident, $client:ident, $method:ident) => {{
                let mut client = self.$client.clone();
                if call.cell.gzip {
                    client = client.send_compressed(Gzip).accept_compressed(Gzip);
                }
                call.$kind(async move |request| client.$method(request).await)
                    .await
            }};
        }
        let method = call.cell.method.clone();
        match method.as_str() {
            "bookstore.inventory.v1.InventoryService/GetBook" => by!(unary, inventory, get_book),
            "bookstore.inventory.v1.InventoryService/ListBooks" => {
                by!(unary, inventory, list_books)
            }
            "bookstore.inventory.v1.InventoryService/SearchBooks" => {
                by!(unary, inventory, search_books)
            }
            "bookstore.inventory.v1.InventoryService/ImportBooks" => {
                by!(client_stream, inventory, import_books)
            }
            "bookstore.inventory.v1.InventoryService/WatchStock" => {
                by!(server_stream, inventory, watch_stock)
            }
            "bookstore.recommendations.v1.RecommendationService/Recommend" => {
                by!(unary, recommendations, recommend)
            }
            "interop.v1.InteropService/Echo" => by!(unary, interop, echo),
            "interop.v1.InteropService/EchoMetadata" => by!(unary, interop, echo_metadata),
            "interop.v1.InteropService/Fail" => by!(unary, interop, fail),
            "interop.v1.InteropService/Wait" => by!(unary, interop, wait),
            "interop.v1.InteropService/Later" => by!(unary, interop, later),
            "interop.v1.InteropService/Download" => by!(server_stream, interop, download),
            "interop.v1.InteropService/Upload" => by!(client_stream, interop, upload),
            "interop.v1.InteropService/Converse" => by!(conversation, interop, converse),
            unknown => Err(invalid(format!("this client does not know {unknown}"))),
        }
    }
}

struct Call {
    cell: Cell,
    response: Option<MessageDescriptor>,
    seen: Observation,
}

impl Call {
    async fn unary<Q: Message + Default, A: Message>(
        &mut self,
        method: impl AsyncFnOnce(Request<Q>) -> Result<Response<A>, Status>,
    ) -> Result<(), Status> {
        let request = self.first_message()?;
        let response = method(self.request(request)?).await?;
        self.record_single(&response)
    }

    async fn client_stream<Q: Message + Default, A: Message>(
        &mut self,
        method: impl AsyncFnOnce(Request<stream::Iter<vec::IntoIter<Q>>>) -> Result<Response<A>, Status>,
    ) -> Result<(), Status> {
        let requests = stream::iter(self.messages()?);
        let response = method(self.request(requests)?).await?;
        self.record_single(&response)
    }

    async fn server_stream<Q: Message + Default, A: Message>(
        &mut self,
        method: impl AsyncFnOnce(Request<Q>) -> Result<Response<Streaming<A>>, Status>,
    ) -> Result<(), Status> {
        let request = self.first_message()?;
        let response = method(self.request(request)?).await?;
        self.receive(response, || {}).await
    }

    /// The answer comes before the next question.
    async fn conversation<Q: Message + Default, A: Message>(
        &mut self,
        method: impl AsyncFnOnce(
            Request<mpsc::UnboundedReceiver<Q>>,
        ) -> Result<Response<Streaming<A>>, Status>,
    ) -> Result<(), Status> {
        let mut unsent = self.messages()?.into_iter();
        let (sender, questions) = mpsc::unbounded();
        let mut sender = Some(sender);
        let mut ask = move || match unsent.next() {
            // It can only fail after the call has ended, which the answers tell.
            Some(question) => drop(
                sender
                    .as_ref()
                    .map(|sender| sender.unbounded_send(question)),
            ),
            None => sender = None,
        };
        ask();
        let response = method(self.request(questions)?).await?;
        self.receive(response, ask).await
    }

    async fn receive<A: Message>(
        &mut self,
        response: Response<Streaming<A>>,
        mut next: impl FnMut(),
    ) -> Result<(), Status> {
        self.seen.headers = visible(response.metadata());
        let mut responses = response.into_inner();
        while let Some(message) = responses.message().await? {
            self.record(&message)?;
            if self.cell.cancel_after == Some(self.seen.responses.len()) {
                return Err(cancelled());
            }
            next();
        }
        if let Some(trailers) = responses.trailers().await? {
            self.seen.trailers = visible(&trailers);
        }
        Ok(())
    }

    fn messages<Q: Message + Default>(&self) -> Result<Vec<Q>, Status> {
        let decoded = self.cell.requests.iter().map(|bytes| Q::decode(&**bytes));
        decoded
            .collect::<Result<_, _>>()
            .map_err(|error| invalid(format!("a message of the cell is not valid: {error}")))
    }

    fn first_message<Q: Message + Default>(&self) -> Result<Q, Status> {
        let first = self.messages()?.into_iter().next();
        first.ok_or_else(|| invalid("the cell has no message".to_owned()))
    }

    /// A request with the metadata and the deadline of the cell.
    fn request<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        let timeout = self.cell.timeout_ms.map(Duration::from_millis);
        request.set_timeout(timeout.unwrap_or(DEFAULT_TIMEOUT));
        for (key, value) in &self.cell.metadata {
            add(request.metadata_mut(), key, value)
                .map_err(|error| invalid(format!("{key}: {error:#}")))?;
        }
        Ok(request)
    }

    /// Records the response of a call without a stream of them. tonic adds its trailers to its
    /// headers.
    fn record_single<A: Message>(&mut self, response: &Response<A>) -> Result<(), Status> {
        self.seen.headers = visible(response.metadata());
        self.seen.trailers = self.seen.headers.clone();
        self.record(response.get_ref())
    }

    fn record<A: Message>(&mut self, response: &A) -> Result<(), Status> {
        let bytes = response.encode_to_vec();
        let json = self
            .json(&bytes)
            .map_err(|error| invalid(format!("the response has no JSON form: {error:#}")))?;
        self.seen.responses.push(json);
        self.seen.response_bytes.push(BASE64_STANDARD.encode(bytes));
        Ok(())
    }

    fn json(&self, response: &[u8]) -> anyhow::Result<serde_json::Value> {
        let descriptor = self.response.clone().context("the method is not known")?;
        let message = DynamicMessage::decode(descriptor, response)?;
        Ok(serde_json::to_value(&message)?)
    }

    fn failed(&mut self, status: Status) {
        let error = CallError::from(status);
        self.seen.code = code_name(error.code);
        self.seen.message = error.message;
        self.seen.reason = error.reason;
        let violations = error.violations.iter();
        self.seen.violations = violations
            .map(|violation| format!("{} {}", violation.field, violation.rule))
            .collect();
        self.seen.retry_after_ms = error.retry_after.unwrap_or_default().as_millis();
    }
}

fn add(metadata: &mut MetadataMap, key: &str, value: &str) -> anyhow::Result<()> {
    if key.ends_with("-bin") {
        let value = BinaryMetadataValue::from_bytes(&BASE64_STANDARD.decode(value)?);
        metadata.insert_bin(key.parse::<BinaryMetadataKey>()?, value);
    } else {
        let value = AsciiMetadataValue::try_from(value)?;
        metadata.insert(key.parse::<AsciiMetadataKey>()?, value);
    }
    Ok(())
}

/// Keeps the metadata of the test contract.
fn visible(metadata: &MetadataMap) -> BTreeMap<String, String> {
    let texts = metadata.iter().map(|entry| match entry {
        KeyAndValueRef::Ascii(key, value) => (
            key.to_string(),
            value.to_str().unwrap_or_default().to_owned(),
        ),
        KeyAndValueRef::Binary(key, value) => {
            let bytes = value.to_bytes().unwrap_or_default();
            (key.to_string(), BASE64_STANDARD.encode(bytes))
        }
    });
    texts.filter(|(key, _)| key.contains("interop-")).collect()
}

/// A client that drops a call sees no status.
fn cancelled() -> Status {
    Status::cancelled("the client cancelled the call")
}

/// A cell or a response that this client cannot use.
fn invalid(message: String) -> Status {
    Status::unknown(message)
}

/// The name in the documentation of gRPC, such as `NOT_FOUND`.
fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

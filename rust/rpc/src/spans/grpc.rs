//! The spans of gRPC calls, by the semantic conventions for RPC.

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanKind, Status, TraceContextExt},
};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, RPC_METHOD, RPC_RESPONSE_STATUS_CODE, RPC_SYSTEM_NAME, SERVER_ADDRESS, SERVER_PORT,
};
use tonic::Code;

use crate::{
    TraceContext, code_names::code_names, layers::completion::OnCompletion, method::MethodInfo,
};

/// Starts the span of a call that this process serves. Health and reflection have none: they are
/// called every few seconds.
pub(crate) fn start_server(
    method: &'static MethodInfo,
    parent: Option<TraceContext>,
) -> Option<Context> {
    if method.infrastructure {
        return None;
    }
    super::start_after(parent, || builder(method, SpanKind::Server))
}

/// Starts the span of a call that this process makes. `address` is `HOST:PORT`, or `None` for a
/// service of the same process.
pub(crate) fn start_client(method: &'static MethodInfo, address: Option<&str>) -> Option<CallSpan> {
    if method.infrastructure {
        return None;
    }
    let context = super::start(|| builder(method, SpanKind::Client))?;
    if let Some((host, port)) = address.and_then(|address| address.rsplit_once(':')) {
        let span = context.span();
        span.set_attribute(KeyValue::new(SERVER_ADDRESS, host.to_owned()));
        if let Ok(port) = port.parse::<i64>() {
            span.set_attribute(KeyValue::new(SERVER_PORT, port));
        }
    }
    let kind = SpanKind::Client;
    Some(CallSpan { context, kind })
}

fn builder(method: &'static MethodInfo, kind: SpanKind) -> SpanBuilder {
    // The name that the conventions give to methods that are not known.
    let name = if method.is_known() {
        method.path.trim_start_matches('/')
    } else {
        "_OTHER"
    };
    SpanBuilder::from_name(name)
        .with_kind(kind)
        .with_attributes([
            KeyValue::new(RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(RPC_METHOD, name),
        ])
}

/// The span of a call. It ends when the call completes.
pub struct CallSpan {
    pub(crate) context: Context,
    pub(crate) kind: SpanKind,
}

impl OnCompletion for CallSpan {
    fn on_completion(&self, code: Code) {
        let span = self.context.span();
        let name = code_names(code).specification;
        span.set_attribute(KeyValue::new(RPC_RESPONSE_STATUS_CODE, name));
        if is_error(&self.kind, code) {
            span.set_attribute(KeyValue::new(ERROR_TYPE, name));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// For a client every code but OK is an error; for a server only those that it is at fault for.
fn is_error(kind: &SpanKind, code: Code) -> bool {
    match kind {
        SpanKind::Server => matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        ),
        _ => code != Code::Ok,
    }
}

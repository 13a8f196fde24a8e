//! The OpenTelemetry span of a request, by the semantic conventions for HTTP.
//!
//! It has the route and neither the path nor the query, which have the ids of orders and the
//! secrets of mailed links. It ends with the headers of the response.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    KeyValue,
    context::FutureExt,
    trace::{SpanBuilder, SpanKind, Status, TraceContextExt},
};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE,
};
use rpc::{TraceContext, spans};

/// What browsers and probes ask for without a visitor who waits for it.
const NOT_RECORDED: [&str; 6] = [
    "/assets/{*name}",
    "/favicon.ico",
    "/favicon.svg",
    "/healthz",
    "/monitor/data.json",
    "/monitor/services",
];

/// Records a span for each request, if the process records spans. The calls of the page are its
/// children.
pub(crate) async fn record(request: Request, next: Next) -> Response {
    let Some(context) = start(&request) else {
        return next.run(request).await;
    };
    let response = next.run(request).with_context(context.clone()).await;
    let span = context.span();
    let status = response.status();
    let code = i64::from(status.as_u16());
    span.set_attribute(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, code));
    if status.is_server_error() {
        span.set_attribute(KeyValue::new(ERROR_TYPE, code.to_string()));
        span.set_status(Status::error(""));
    }
    span.end();
    response
}

fn start(request: &Request) -> Option<opentelemetry::Context> {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(|route| route.as_str());
    if route.is_some_and(|route| NOT_RECORDED.contains(&route)) {
        return None;
    }
    let parent = request.headers().get("traceparent");
    let parent = parent.and_then(|value| TraceContext::parse(value.as_bytes()));
    spans::start_after(parent, || {
        let method = known_method(request.method().as_str());
        let name = match route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        };
        let mut attributes = vec![KeyValue::new(HTTP_REQUEST_METHOD, method)];
        attributes.extend(route.map(|route| KeyValue::new(HTTP_ROUTE, route.to_owned())));
        SpanBuilder::from_name(name)
            .with_kind(SpanKind::Server)
            .with_attributes(attributes)
    })
}

/// The name of a method, or that of all which are not known: clients can invent any.
fn known_method(method: &str) -> &'static str {
    const METHODS: [&str; 9] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
    ];
    let known = METHODS.iter().find(|known| **known == method);
    known.copied().unwrap_or("_OTHER")
}

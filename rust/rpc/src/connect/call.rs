//! A call in the Connect protocol.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{
    future::{BoxFuture, FutureExt as _},
    stream,
};
use http::{Method as HttpMethod, Request, Response, Uri, Version, header, request::Parts};
use http_body::{Body as _, Frame};
use http_body_util::{Full, StreamBody};
use tonic::{Status, body::Body};
use tower::Service;

use super::{
    Connect,
    caching::Caching,
    compression::Compression,
    media_type::{Codec, MediaType},
    messages::{Messages, Method},
    query::{self, QueryMessage},
    refusal::Refusal,
    request_headers::{self, STREAM_ENCODING},
    rest::{Found, RestCall},
    stream_request::StreamRequestBody,
    stream_response::{self, StreamFormat},
    unary_request::{RequestFormat, UnaryRequestBody},
    unary_response::{self, ResponseFormat},
};
use crate::method;

/// How a request calls a method.
#[derive(Debug)]
pub(super) struct Call {
    kind: Kind,
    codec: Codec,
    /// `None` if the method does not exist: then the layers answer, as they do in gRPC.
    method: Option<Method>,
    /// The request, if it is one by an annotation.
    rest: Option<RestCall>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unary,
    /// Unary, with the message in the query.
    Get,
    Stream,
}

impl Call {
    /// Reads the method, the path and the media type of a request.
    pub(super) fn of(request: &Request<Body>, messages: &Messages) -> Result<Self, Refusal> {
        let method = messages.method(request.uri().path());
        // hyper sends the answer to HEAD without its body.
        let http_method = match *request.method() {
            HttpMethod::HEAD => &HttpMethod::GET,
            _ => request.method(),
        };
        if method.is_none() {
            let query = request.uri().query().unwrap_or_default();
            let routes = messages.routes();
            match routes.find(http_method, request.uri().path(), query) {
                Found::Call(rest) => return Self::of_rest(rest, request, messages),
                Found::OtherMethods(allowed) => return Err(Refusal::MethodNotAllowed(allowed)),
                Found::Nothing => {}
            }
        }
        let (kind, codec) = match (http_method, MediaType::of(request.headers())) {
            (&HttpMethod::POST, Some(MediaType::Unary(codec))) => (Kind::Unary, codec),
            (&HttpMethod::POST, Some(MediaType::Stream(codec))) => (Kind::Stream, codec),
            (&HttpMethod::POST, None) => return Err(Refusal::UnsupportedMediaType),
            (&HttpMethod::GET, _) if method.is_some_and(Method::is_read) => {
                let query = request.uri().query().unwrap_or_default();
                let codec = query::codec(query).ok_or(Refusal::UnsupportedMediaType)?;
                (Kind::Get, codec)
            }
            _ => return Err(Refusal::of_http_method(method)),
        };
        if method.is_some_and(|method| method.streams != (kind == Kind::Stream)) {
            return Err(Refusal::UnsupportedMediaType);
        }
        if method.is_some_and(|method| method.bidirectional) && request.version() < Version::HTTP_2
        {
            return Err(Refusal::VersionNotSupported);
        }
        Ok(Self {
            kind,
            codec,
            method: method.cloned(),
            rest: None,
        })
    }

    fn of_rest(
        rest: RestCall,
        request: &Request<Body>,
        messages: &Messages,
    ) -> Result<Self, Refusal> {
        let is_json = MediaType::of(request.headers()) == Some(MediaType::Unary(Codec::Json));
        if rest.has_body && !is_json && !request.body().is_end_stream() {
            return Err(Refusal::UnsupportedMediaType);
        }
        Ok(Self {
            kind: Kind::Unary,
            codec: Codec::Json,
            method: messages.method(&rest.method).cloned(),
            rest: Some(rest),
        })
    }

    /// Makes the call by a service that speaks gRPC.
    pub(super) fn make<S>(
        self,
        inner: &mut S,
        request: Request<Body>,
        shared: &Connect,
    ) -> BoxFuture<'static, Response<Body>>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S::Future: Send + 'static,
    {
        let (parts, body) = request.into_parts();
        match self.kind {
            Kind::Unary | Kind::Get => {
                let format = self.response_format(&parts, shared);
                let answer = inner.call(self.unary_request(parts, body, shared));
                answer
                    .then(async move |answer| match answer {
                        Ok(answer) => unary_response::translate(answer, &format).await,
                        Err(never) => match never {},
                    })
                    .boxed()
            }
            Kind::Stream => {
                let format = StreamFormat {
                    codec: self.codec,
                    message: self.method.as_ref().map(|method| method.output.clone()),
                    messages: shared.messages.clone(),
                };
                let answer = inner.call(self.stream_request(parts, body, shared));
                answer
                    .map(|answer| match answer {
                        Ok(answer) => stream_response::translate(answer, format),
                        Err(never) => match never {},
                    })
                    .boxed()
            }
        }
    }

    fn response_format(&self, parts: &Parts, shared: &Connect) -> ResponseFormat {
        let is_read = matches!(parts.method, HttpMethod::GET | HttpMethod::HEAD);
        let caching = if is_read {
            let path = self.grpc_path(&parts.uri);
            let restricted = !method::lookup(path).access.is_empty();
            Caching::of_get(&parts.headers, restricted)
        } else {
            Caching::None
        };
        ResponseFormat {
            codec: self.codec,
            message: self.method.as_ref().map(|method| method.output.clone()),
            field: self
                .rest
                .as_ref()
                .and_then(|rest| rest.response_field.clone()),
            accepts_gzip: Compression::is_accepted(&parts.headers, &header::ACCEPT_ENCODING),
            caching,
            messages: shared.messages.clone(),
        }
    }

    /// The path of the method in gRPC.
    fn grpc_path<'a>(&'a self, uri: &'a Uri) -> &'a str {
        let rest = self.rest.as_ref();
        rest.map_or(uri.path(), |rest| rest.method.as_str())
    }

    fn unary_request(self, mut parts: Parts, body: Body, shared: &Connect) -> Request<Body> {
        let message = if self.kind == Kind::Get {
            message_of_query(&parts.uri)
        } else {
            let compression = Compression::of(&parts.headers, &header::CONTENT_ENCODING);
            compression.map(|compression| (body, compression))
        };
        let headers = request_headers::to_grpc(&mut parts.headers);
        if parts.uri.query().is_some() || self.rest.is_some() {
            let path = self.grpc_path(&parts.uri).parse();
            parts.uri = path.unwrap_or_default();
        }
        let body = match headers.and(message) {
            Ok((body, compression)) => {
                let format = self.request_format(compression, shared);
                Body::new(UnaryRequestBody::new(body, format))
            }
            Err(status) => failing(status),
        };
        grpc_request(parts, body)
    }

    fn stream_request(self, mut parts: Parts, body: Body, shared: &Connect) -> Request<Body> {
        let compression = Compression::of(&parts.headers, &STREAM_ENCODING);
        let headers = request_headers::to_grpc(&mut parts.headers);
        let body = match headers.and(compression) {
            Ok(compression) => {
                let method = self.method.as_ref();
                let client_streams = method.is_none_or(|method| method.client_streams);
                let format = self.request_format(compression, shared);
                Body::new(StreamRequestBody::new(body, format, client_streams))
            }
            Err(status) => failing(status),
        };
        grpc_request(parts, body)
    }

    fn request_format(self, compression: Compression, shared: &Connect) -> RequestFormat {
        RequestFormat {
            codec: self.codec,
            compression,
            rest: self.rest.map(|rest| rest.request),
            message: self.method.map(|method| method.input),
            limit: shared.max_message_bytes,
            large: shared.large.clone(),
        }
    }
}

fn message_of_query(uri: &Uri) -> Result<(Body, Compression), Status> {
    let QueryMessage {
        message,
        compression,
    } = query::read(uri.query().unwrap_or_default())?;
    Ok((Body::new(Full::new(message)), compression))
}

/// A request body that fails. So a request that cannot be translated is refused when its
/// message would be read, and is logged, counted and limited like every other.
fn failing(status: Status) -> Body {
    let failure = stream::once(async { Err::<Frame<Bytes>, _>(status) });
    Body::new(StreamBody::new(failure))
}

/// The parts have the headers of gRPC already.
fn grpc_request(mut parts: Parts, body: Body) -> Request<Body> {
    parts.method = HttpMethod::POST;
    parts.version = Version::HTTP_2;
    Request::from_parts(parts, body)
}

//! What the API says of itself: the OpenAPI document, and a page of it for people.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method as HttpMethod, Request, Response, header};
use http_body_util::Full;
use serde_json::Value;
use tonic::body::Body;

use super::{caching::Caching, description_page, media_type::Codec, refusal::Refusal};

/// The document and the page, which are written at the first request for them.
#[derive(Clone)]
pub(super) struct Description(Arc<Lazy>);

struct Lazy {
    /// The path under which the API is served; empty, or `/api`.
    base: &'static str,
    document: OnceLock<Bytes>,
    page: OnceLock<Bytes>,
}

/// What a path shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Document,
    Page,
}

impl Description {
    pub(super) fn new(base: &'static str) -> Self {
        Self(Arc::new(Lazy {
            base,
            document: OnceLock::new(),
            page: OnceLock::new(),
        }))
    }

    /// The answer to a request for the document (`/openapi.json`) or the page (`/openapi`);
    /// `None` for other paths.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let shown = match request.uri().path() {
            "/openapi.json" => Shown::Document,
            "/openapi" => Shown::Page,
            _ => return None,
        };
        if !matches!(*request.method(), HttpMethod::GET | HttpMethod::HEAD) {
            let allowed = HeaderValue::from_static("GET, HEAD");
            return Some(Refusal::MethodNotAllowed(allowed).response(request));
        }
        let text = match shown {
            Shown::Document => self.0.document.get_or_init(|| self.document()),
            Shown::Page => self.0.page.get_or_init(|| self.page()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, shown.content_type());
        if shown == Shown::Page {
            let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        let caching = Caching::of_get(request.headers(), false);
        if let Some(not_modified) = caching.apply(&mut headers, text) {
            return Some(not_modified);
        }
        let mut response = Response::new(Body::new(Full::new(text.clone())));
        *response.headers_mut() = headers;
        Some(response)
    }

    fn document(&self) -> Bytes {
        let mut document = parsed();
        if !self.0.base.is_empty() {
            document["servers"][0]["url"] = self.0.base.into();
        }
        document.to_string().into()
    }

    fn page(&self) -> Bytes {
        description_page::render(&parsed(), self.0.base).into()
    }
}

fn parsed() -> Value {
    serde_json::from_str(contract::OPENAPI).expect("the document of the contract is JSON")
}

impl Shown {
    fn content_type(self) -> HeaderValue {
        match self {
            Self::Document => Codec::Json.unary(),
            Self::Page => HeaderValue::from_static("text/html; charset=utf-8"),
        }
    }
}

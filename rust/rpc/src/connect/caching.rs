//! ETag and Cache-Control of reads by GET.
//!
//! An answer may be stored, but has to be revalidated before each use: the stock of a book may
//! change at any time. Revalidation saves the transfer, not the call. What only some callers
//! may read is stored by nobody but their own clients.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use ring::digest::{SHA256, digest};
use tonic::body::Body;

/// What a request says about caching.
pub(super) enum Caching {
    /// The answer to a POST cannot be stored.
    None,
    /// The answer to a GET.
    Revalidated {
        /// `If-None-Match`: the ETags that the client has.
        known: Option<HeaderValue>,
        /// Whether the answer is for this caller only.
        private: bool,
    },
}

impl Caching {
    /// For a GET; the method is open to everybody, or `restricted` to some callers.
    pub(super) fn of_get(headers: &HeaderMap, restricted: bool) -> Self {
        Self::Revalidated {
            known: headers.get(header::IF_NONE_MATCH).cloned(),
            private: restricted || headers.contains_key(header::AUTHORIZATION),
        }
    }

    /// Adds the headers for an answer. Returns the response 304 if the client has it already.
    pub(super) fn apply(&self, headers: &mut HeaderMap, message: &[u8]) -> Option<Response<Body>> {
        let Self::Revalidated { known, private } = self else {
            return None;
        };
        let cache_control = if *private {
            "private, no-cache"
        } else {
            "public, no-cache"
        };
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(cache_control),
        );
        headers.insert(
            header::VARY,
            HeaderValue::from_static("accept-encoding, authorization"),
        );
        let tag = entity_tag(message);
        let is_known = known.as_ref().is_some_and(|known| contains(known, &tag));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        is_known.then(|| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = std::mem::take(headers);
            response.headers_mut().remove(header::CONTENT_TYPE);
            response
        })
    }
}

/// A weak tag, because the compressed answer has the same one.
fn entity_tag(message: &[u8]) -> String {
    let hash = digest(&SHA256, message);
    let short = Bytes::copy_from_slice(&hash.as_ref()[..16]);
    format!("W/\"{short:x}\"")
}

/// Whether `If-None-Match` contains a tag, by weak comparison.
fn contains(known: &HeaderValue, tag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = known.to_str().unwrap_or_default();
    known.trim() == "*" || known.split(',').any(|known| strong(known) == strong(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(known: Option<&str>) -> (HeaderMap, Option<StatusCode>) {
        let known = known.map(|known| known.parse().expect("a header value"));
        let caching = Caching::Revalidated {
            known,
            private: false,
        };
        let mut headers = HeaderMap::new();
        let response = caching.apply(&mut headers, b"{}");
        let status = response.as_ref().map(Response::status);
        let headers = response.map_or(headers, |response| response.headers().clone());
        (headers, status)
    }

    #[test]
    fn answer_that_the_client_has_is_not_sent_again() {
        let (headers, status) = answer(None);
        assert_eq!(status, None);
        assert_eq!(headers[header::CACHE_CONTROL], "public, no-cache");
        let tag = headers[header::ETAG].to_str().expect("ASCII").to_owned();
        let strong = tag.trim_start_matches("W/");
        for known in [&tag, "*", strong, &format!("\"other\", {tag}")] {
            let (headers, status) = answer(Some(known));
            assert_eq!(status, Some(StatusCode::NOT_MODIFIED), "{known}");
            assert_eq!(headers[header::ETAG], tag);
        }
        assert_eq!(answer(Some("\"other\"")).1, None);
    }

    #[test]
    fn answer_to_a_caller_with_a_credential_is_private() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        for (request, restricted) in [(headers, false), (HeaderMap::new(), true)] {
            let mut answer = HeaderMap::new();
            Caching::of_get(&request, restricted).apply(&mut answer, b"{}");
            assert_eq!(answer[header::CACHE_CONTROL], "private, no-cache");
        }
    }
}

//! The security headers of every response.

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};

use crate::cover_image::CoverImage;

/// Allows nothing from other origins, except the image of a page that has one, no inline styles or scripts, and no framing.
/// Therefore covers are separate SVG files and charts are styled by CSS classes.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// What [`POLICY`] says about images.
const OWN_IMAGES: &str = "img-src 'self'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Adds the security headers, and `no-cache` to responses without a cache policy. A page with a
/// [`CoverImage`] in its extensions may load images from the site of that image.
pub(crate) async fn add(mut response: Response) -> Response {
    add_to(response.headers_mut());
    if let Some(CoverImage { origin, .. }) = response.extensions_mut().remove() {
        let policy = POLICY.replace(OWN_IMAGES, &format!("{OWN_IMAGES} {origin}"));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            let headers = response.headers_mut();
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
    }
    response
}

/// Does the same to the headers of a response.
pub(crate) fn add_to(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
}

//! Protection against forms that another site sends (cross-site request forgery).
//!
//! Each form has a token that only a page of the shop can know, made from the secret in a
//! cookie. In addition, requests whose browser tells that another site sent them are refused.

use axum::http::{
    HeaderMap, HeaderName, Uri,
    header::{HOST, ORIGIN},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use subtle::ConstantTimeEq;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const LENGTH: usize = 32;

/// The secret of one browser.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FormSecret([u8; LENGTH]);

impl FormSecret {
    /// A new secret.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The secret in the value of a cookie.
    pub fn parse(value: &str) -> Option<Self> {
        let bytes = BASE64.decode(value).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The value of the cookie.
    pub fn cookie(&self) -> String {
        BASE64.encode(self.0)
    }

    /// A token for a form. It is different each time, so that the length of compressed pages
    /// tells nothing about the secret (BREACH).
    pub fn token(&self) -> String {
        let mask: [u8; LENGTH] = rand::random();
        let masked = std::array::from_fn::<u8, LENGTH, _>(|index| mask[index] ^ self.0[index]);
        BASE64.encode([mask, masked].concat())
    }

    /// Whether the token was made with this secret.
    pub fn accepts(&self, token: &str) -> bool {
        let Ok(bytes) = BASE64.decode(token) else {
            return false;
        };
        let Some((mask, masked)) = bytes.split_at_checked(LENGTH) else {
            return false;
        };
        let unmasked: Vec<u8> = mask.iter().zip(masked).map(|(a, b)| a ^ b).collect();
        masked.len() == LENGTH && bool::from(unmasked.ct_eq(&self.0))
    }
}

/// Whether the headers do not say that another site sent the request. Programs that are not
/// browsers send neither header; they also have no cookies to protect.
pub(crate) fn is_same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = text(SEC_FETCH_SITE) {
        return ["same-origin", "none"].contains(&site);
    }
    let Some(origin) = text(ORIGIN) else {
        return true;
    };
    // HTTP/2 has the host in the URI.
    let host = uri.authority().map(|authority| authority.as_str());
    let host = host.or(text(HOST));
    let origin = origin.split_once("://").map(|(_, host)| host);
    origin.is_some() && origin == host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_of_the_secret_are_accepted() {
        let secret = FormSecret::random();
        let (one, other) = (secret.token(), secret.token());
        assert_ne!(one, other);
        assert!(secret.accepts(&one) && secret.accepts(&other));
        assert!(!FormSecret::random().accepts(&one));
        let longer = format!("{one}{one}");
        for bad in [
            "",
            "x",
            &one[..40],
            longer.as_str(),
            &BASE64.encode([0; 32]),
        ] {
            assert!(!secret.accepts(bad), "{bad}");
        }
        assert!(FormSecret::parse(&secret.cookie()) == Some(secret));
        assert!(FormSecret::parse("short").is_none());
    }

    #[test]
    fn requests_of_other_origins_are_recognized() {
        let check = |pairs: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "shop.example:5000".parse().expect("a value"));
            for (name, value) in pairs {
                headers.insert(name.clone(), value.parse().expect("a value"));
            }
            is_same_origin(&headers, &Uri::from_static("/cart"))
        };
        let same = "http://shop.example:5000";
        assert!(check(&[]) && check(&[(ORIGIN, same)]));
        assert!(check(&[(SEC_FETCH_SITE, "same-origin")]));
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            assert!(!check(&[(SEC_FETCH_SITE, site), (ORIGIN, same)]), "{site}");
        }
        for origin in ["null", "", "http://shop.example", "http://evil.example"] {
            assert!(!check(&[(ORIGIN, origin)]), "{origin}");
        }
    }
}

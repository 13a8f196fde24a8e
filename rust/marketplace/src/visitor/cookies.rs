//! The cookies of the shop.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::operator::SESSION_AGE as OPERATOR_AGE;

/// The session ends at the latest 90 days after sign-in; the service decides.
const SESSION_AGE: Duration = Duration::from_secs(90 * 24 * 3600);
/// Guest carts are deleted 30 days after their last change.
const CART_AGE: Duration = Duration::from_secs(30 * 24 * 3600);
/// By then, each read replica of the databases has what the visitor wrote.
const WRITES_AGE: Duration = Duration::from_secs(60);
/// As long as the guest cart.
const RECENT_AGE: Duration = CART_AGE;

/// One of the cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session token, for 90 days.
    Session,
    /// The id of the guest cart, for 30 days.
    Cart,
    /// The ids of the books that were looked at last, for 30 days.
    Recent,
    /// The secret of the forms, until the browser is closed.
    Forms,
    /// The id of the session of the operator, for 8 hours.
    Operator,
    /// What the visitor wrote in the last minute, so that the next page has it.
    Writes,
}

/// The names of the cookies, and their attributes. All are `HttpOnly`, for the whole site, and
/// `SameSite=Lax`: other sites can link to the shop, but not send its forms. That of the operator
/// is `SameSite=Strict`: other sites cannot even open its pages.
#[derive(Debug)]
pub(crate) struct CookieNames {
    secure: bool,
}

impl CookieNames {
    /// With `secure`, the cookies are only sent over https, and have the prefix `__Host-`, so
    /// that no other host can set them.
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// Whether browsers send the cookies over https only.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The value of a cookie.
    pub fn get<'a>(&self, headers: &'a HeaderMap, cookie: Cookie) -> Option<&'a str> {
        let name = self.name(cookie);
        let lines = headers.get_all(COOKIE).into_iter();
        let mut pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The `Set-Cookie` header that sets a cookie. `None` if the value is no cookie value.
    pub fn set(&self, cookie: Cookie, value: &str) -> Option<HeaderValue> {
        let valid = value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let age = match cookie {
            Cookie::Session => Some(SESSION_AGE),
            Cookie::Cart => Some(CART_AGE),
            Cookie::Recent => Some(RECENT_AGE),
            Cookie::Forms => None,
            Cookie::Operator => Some(OPERATOR_AGE),
            Cookie::Writes => Some(WRITES_AGE),
        };
        valid.then(|| self.header(cookie, value, age))?
    }

    /// The `Set-Cookie` header that removes a cookie.
    pub fn clear(&self, cookie: Cookie) -> Option<HeaderValue> {
        self.header(cookie, "", Some(Duration::ZERO))
    }

    fn header(&self, cookie: Cookie, value: &str, age: Option<Duration>) -> Option<HeaderValue> {
        let same_site = match cookie {
            Cookie::Operator => "Strict",
            Cookie::Session | Cookie::Cart | Cookie::Recent | Cookie::Forms | Cookie::Writes => {
                "Lax"
            }
        };
        let name = self.name(cookie);
        let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}");
        if let Some(age) = age {
            text.push_str(&format!("; Max-Age={}", age.as_secs()));
        }
        if self.secure {
            text.push_str("; Secure");
        }
        HeaderValue::from_str(&text).ok()
    }

    fn name(&self, cookie: Cookie) -> &'static str {
        match (cookie, self.secure) {
            (Cookie::Session, false) => "session",
            (Cookie::Session, true) => "__Host-session",
            (Cookie::Cart, false) => "cart",
            (Cookie::Cart, true) => "__Host-cart",
            (Cookie::Recent, false) => "recent",
            (Cookie::Recent, true) => "__Host-recent",
            (Cookie::Forms, false) => "forms",
            (Cookie::Forms, true) => "__Host-forms",
            (Cookie::Operator, false) => "operator",
            (Cookie::Operator, true) => "__Host-operator",
            (Cookie::Writes, false) => "writes",
            (Cookie::Writes, true) => "__Host-writes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_https_are_bound_to_host_and_scheme() {
        let text = |secure, cookie| {
            let header = CookieNames::new(secure).set(cookie, "x-1");
            header.expect("a header").to_str().expect("text").to_owned()
        };
        assert_eq!(
            text(true, Cookie::Session),
            "__Host-session=x-1; Path=/; HttpOnly; SameSite=Lax; Max-Age=7776000; Secure"
        );
        assert_eq!(
            text(false, Cookie::Forms),
            "forms=x-1; Path=/; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            text(true, Cookie::Operator),
            "__Host-operator=x-1; Path=/; HttpOnly; SameSite=Strict; Max-Age=28800; Secure"
        );
    }

    #[test]
    fn value_cannot_add_attributes() {
        let names = CookieNames::new(false);
        for value in ["x; Domain=example.org", "x\r\ny: z", "a,b", "é"] {
            assert_eq!(names.set(Cookie::Cart, value), None, "{value:?}");
        }
    }

    #[test]
    fn cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        let line = HeaderValue::from_static("xcart=1; cart=2;session=a=b");
        headers.insert(COOKIE, line);
        let names = CookieNames::new(false);
        assert_eq!(names.get(&headers, Cookie::Cart), Some("2"));
        assert_eq!(names.get(&headers, Cookie::Session), Some("a=b"));
        assert_eq!(names.get(&headers, Cookie::Forms), None);
        let secure = CookieNames::new(true);
        assert_eq!(secure.get(&headers, Cookie::Cart), None);
    }
}

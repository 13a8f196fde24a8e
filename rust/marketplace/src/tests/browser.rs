//! A browser: it keeps cookies and sends the forms of pages.

use std::collections::BTreeMap;

use super::*;

/// The address of the browser, in another network.
const PEER: [u8; 4] = [192, 0, 2, 7];

pub(super) struct Browser<'a> {
    shop: &'a TestShop,
    pub cookies: BTreeMap<String, String>,
    pub page: TestResponse,
    pub peer: [u8; 4],
}

impl<'a> Browser<'a> {
    /// A browser that shows a page.
    pub async fn open(shop: &'a TestShop, path: &str) -> Self {
        let mut browser = Self {
            shop,
            cookies: BTreeMap::new(),
            page: TestResponse {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body: String::new(),
            },
            peer: PEER,
        };
        browser.get(path).await;
        browser
    }

    /// A browser that is signed in to a new account.
    pub async fn signed_in(shop: &'a TestShop) -> Self {
        shop.accounts.add("ada@example.org", "correct horse", "Ada");
        let mut browser = Self::open(shop, "/sign-in").await;
        browser.sign_in().await;
        browser
    }

    /// Sends the form of the sign-in.
    pub async fn sign_in(&mut self) {
        let fields = [("email", "ada@example.org"), ("password", "correct horse")];
        self.submit("/sign-in", &fields).await;
        assert_eq!(
            self.page.status,
            StatusCode::SEE_OTHER,
            "{}",
            self.page.body
        );
    }

    pub async fn get(&mut self, path: &str) -> &TestResponse {
        self.send(Method::GET, path, &[], "").await
    }

    /// Opens the page to which the last response leads.
    pub async fn follow(&mut self) -> &TestResponse {
        assert_eq!(
            self.page.status,
            StatusCode::SEE_OTHER,
            "{}",
            self.page.body
        );
        let path = self.page.header("location").to_owned();
        self.get(&path).await
    }

    /// Sends a form of the page with the values of its hidden fields and these.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> &TestResponse {
        let form = self.form(action);
        self.post(action, &form, fields).await
    }

    /// Sends a form with these values.
    pub async fn post(
        &mut self,
        action: &str,
        hidden: &[(String, String)],
        fields: &[(&str, &str)],
    ) -> &TestResponse {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields).extend_pairs(hidden);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, action, &headers, &body.finish())
            .await
    }

    /// The hidden fields of the first form of the page with this action.
    pub fn form(&self, action: &str) -> Vec<(String, String)> {
        let (_, form) = self
            .page
            .body
            .split_once(&format!("action=\"{action}\" method=\"post\""))
            .unwrap_or_else(|| panic!("no form {action} in {}", self.page.body));
        let (form, _) = form.split_once("</form>").expect("the end of the form");
        let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
        let pairs = inputs.map(|input| {
            let (name, rest) = input.split_once("\" value=\"").expect("a value");
            let (value, _) = rest.split_once('"').expect("the end of the value");
            (name.to_owned(), value.to_owned())
        });
        pairs.collect()
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> &TestResponse {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookie = pairs.join("; ");
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        let sent = self.shop.send_body(self.peer, method, path, &headers, body);
        self.page = sent.await;
        for header in self.page.headers.get_all("set-cookie") {
            let header = header.to_str().expect("text");
            let (name, rest) = header.split_once('=').expect("a cookie");
            let (value, attributes) = rest.split_once(';').expect("attributes");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        &self.page
    }
}

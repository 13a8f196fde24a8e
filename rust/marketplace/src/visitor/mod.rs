//! Who asks for a page: the session, the cart and the secret of the browser.

mod cookies;
mod form_secret;
mod local_path;
mod middleware;
mod recent_books;

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use contract::bookstore::{
    accounts::v1::{Account, GetAccountRequest},
    cart::v1::{Cart, GetCartRequest},
};
use futures::future::join;
use tonic::metadata::MetadataMap;
use uuid::Uuid;

pub(crate) use cookies::{Cookie, CookieNames};
use form_secret::FormSecret;
pub(crate) use local_path::LocalPath;
pub(crate) use middleware::{form_refused, identify};
use recent_books::RecentBooks;

use crate::{
    deadline::Deadline,
    refusal::{Refusal, call_for},
    shop::Shop,
};

tokio::task_local! {
    static CURRENT: Arc<Visitor>;
}

/// The visitor who sent the current request.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// The session token; none if the service said that it is no longer valid.
    pub session: Option<String>,
    /// The account of the session; `None` if nobody is signed in or Accounts does not answer.
    pub account: Option<Account>,
    /// The id of the guest cart of this browser. It can exist beside a session if the carts
    /// could not be merged.
    pub guest_cart: Option<Uuid>,
    /// The cart; `None` if CartService does not answer.
    pub cart: Option<Cart>,
    /// The books that this browser has shown last.
    pub recent: RecentBooks,
    /// Whether the browser is on this machine.
    pub is_local: bool,
    /// The deadline of the page, which the header of the page shares.
    pub page_deadline: Option<Deadline>,
    /// The network address of the browser.
    address: Option<IpAddr>,
    secret: FormSecret,
}

impl Default for Visitor {
    /// A visitor about whom nothing is known.
    fn default() -> Self {
        Self {
            session: None,
            account: None,
            guest_cart: None,
            cart: Some(Cart::default()),
            recent: RecentBooks::default(),
            is_local: false,
            page_deadline: None,
            address: None,
            secret: FormSecret::random(),
        }
    }
}

impl Visitor {
    /// The visitor of the request that this task handles.
    pub fn current() -> Arc<Self> {
        CURRENT.try_with(Arc::clone).unwrap_or_default()
    }

    /// How pages address the visitor; `None` if nobody is signed in.
    pub fn name(&self) -> Option<&str> {
        self.session.as_ref()?;
        let Some(account) = &self.account else {
            return Some("Your account");
        };
        let profile = account.profile.as_ref();
        let name = profile.map(|profile| profile.display_name.trim());
        Some(match name {
            Some(name) if !name.is_empty() => name,
            _ => "Your account",
        })
    }

    /// The number of copies in the cart, in figures and in words; `None` if it is empty or
    /// unknown.
    pub fn cart_badge(&self) -> Option<(i32, &'static str)> {
        let lines = self.cart.as_ref()?.lines.iter();
        match lines.map(|line| line.quantity).sum() {
            0 => None,
            1 => Some((1, "copy")),
            count => Some((count, "copies")),
        }
    }

    /// The number of copies of a book in the cart; 0 if it is unknown.
    pub fn copies_in_cart(&self, book_id: i32) -> i32 {
        self.cart
            .as_ref()
            .map_or(0, |cart| copies_in(cart, book_id))
    }

    /// The id of the visitor's cart for CartService: empty for the cart of the account.
    pub fn cart_id(&self) -> String {
        match (&self.session, self.guest_cart) {
            (None, Some(id)) => id.to_string(),
            _ => String::new(),
        }
    }

    /// The token for a form of this page.
    pub fn form_token(&self) -> String {
        self.secret.token()
    }

    /// Whether a page of this browser has the form that was sent.
    pub fn accepts_form(&self, token: &str) -> bool {
        self.secret.accepts(token)
    }

    /// Adds the session token and the address of the browser to a call.
    pub fn identify(&self, metadata: &mut MetadataMap) {
        let token = self.session.as_ref();
        if let Some(token) = token.and_then(|token| format!("Bearer {token}").parse().ok()) {
            metadata.insert("authorization", token);
        }
        if let Some(address) = self.address {
            rpc::set_client_address(metadata, address);
        }
    }

    /// The network of the browser, for limits; `None` if it is unknown.
    pub fn network(&self) -> Option<IpAddr> {
        self.address.map(rpc::peer_network)
    }

    /// The same visitor after signing in.
    pub fn with_session(&self, token: &str) -> Self {
        Self {
            session: Some(token.to_owned()),
            account: None,
            ..self.clone()
        }
    }

    /// The same visitor with a new guest cart, if there is no cart yet.
    pub fn with_cart(&self) -> Self {
        let guest_cart = match &self.session {
            Some(_) => self.guest_cart,
            None => self.guest_cart.or_else(|| Some(Uuid::new_v4())),
        };
        Self {
            guest_cart,
            ..self.clone()
        }
    }

    fn from_cookies(names: &CookieNames, headers: &HeaderMap) -> Self {
        let session = names.get(headers, Cookie::Session);
        let cart = names.get(headers, Cookie::Cart);
        let secret = names.get(headers, Cookie::Forms);
        let recent = names.get(headers, Cookie::Recent);
        Self {
            session: session.filter(|token| !token.is_empty()).map(str::to_owned),
            guest_cart: cart.and_then(|id| Uuid::parse_str(id).ok()),
            recent: recent.map(RecentBooks::parse).unwrap_or_default(),
            secret: secret
                .and_then(FormSecret::parse)
                .unwrap_or_else(FormSecret::random),
            ..Self::default()
        }
    }

    /// Reads the account and the cart. A session that is no longer valid is dropped.
    async fn load(&mut self, shop: &Shop, deadline: Deadline) {
        if self.session.is_some() {
            let request = GetAccountRequest {};
            let account =
                async { call_for!(*self, deadline, shop.clients.accounts, get_account, request) };
            let (account, cart) = join(account, self.load_cart(shop, deadline)).await;
            if account != Err(Refusal::SignedOut) {
                self.account = account.ok().and_then(|answer| answer.account);
                self.cart = cart;
                return;
            }
            self.session = None;
        }
        self.cart = self.load_cart(shop, deadline).await;
    }

    /// The cart, which is read again if the header of the page did not get it in its time.
    pub async fn cart_by(&self, shop: &Shop, deadline: Deadline) -> Option<Cart> {
        match &self.cart {
            Some(cart) => Some(cart.clone()),
            None => self.load_cart(shop, deadline).await,
        }
    }

    /// Reads the cart; `None` if CartService does not answer.
    async fn load_cart(&self, shop: &Shop, deadline: Deadline) -> Option<Cart> {
        if self.session.is_none() && self.guest_cart.is_none() {
            return Some(Cart::default());
        }
        let cart_id = self.cart_id();
        let request = GetCartRequest { cart_id };
        call_for!(*self, deadline, shop.clients.carts, get_cart, request)
            .ok()?
            .cart
    }
}

/// The number of copies of a book in a cart.
pub(crate) fn copies_in(cart: &Cart, book_id: i32) -> i32 {
    let mut lines = cart.lines.iter();
    let line = lines.find(|line| line.book_id == book_id);
    line.map_or(0, |line| line.quantity)
}

//! The download of everything that the shop knows about the account.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use contract::bookstore::accounts::v1::ExportAccountRequest;

use super::require_account;
use crate::{
    deadline::Deadline, pages::service_unavailable, refusal::call_for, shop::Shop, visitor::Visitor,
};

/// How long the services may take for the document of an account with many orders.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The largest document, so that a visitor cannot use up the memory: that of an account with some
/// 100,000 orders.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// `GET /account/export`: everything that the shop knows about the account, as a file. It is sent
/// when it is complete, so that a visitor never gets a part of it.
pub(crate) async fn export(State(shop): State<Arc<Shop>>) -> Response {
    let visitor = Visitor::current();
    if let Err(response) = require_account(&shop, &visitor) {
        return response;
    }
    let Some(document) = document(&shop, &visitor).await else {
        let text = "We can’t collect all of your data at the moment. Please try again later.";
        return service_unavailable(&shop, text).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"bindery-account.json\"",
        ),
    ];
    (headers, document).into_response()
}

/// The whole document; `None` if a part is missing or it is too large.
async fn document(shop: &Shop, visitor: &Visitor) -> Option<String> {
    let (request, deadline) = (ExportAccountRequest {}, Deadline::after(TIMEOUT));
    let accounts = &shop.clients.accounts;
    let exported = call_for!(visitor, deadline, accounts, export_account, request);
    let mut pieces = exported.ok()?;
    let mut document = String::new();
    loop {
        match pieces.message().await {
            Ok(Some(response)) => document.push_str(&response.document_piece),
            Ok(None) => return Some(document),
            Err(status) => {
                tracing::warn!(%status, "an export is incomplete");
                return None;
            }
        }
        if document.len() > MAX_BYTES {
            tracing::error!("an export is larger than {MAX_BYTES} bytes");
            return None;
        }
    }
}

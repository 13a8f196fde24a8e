//! `/operator/audit`: compares what the services know, as `bookstore audit` does.

use std::{sync::Arc, time::Duration};

use askama::Template;
use audit::Report;
use axum::{extract::State, http::StatusCode, response::Response};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{AREAS, access::Operator};
use crate::{
    forms::SentForm,
    pages::{PageLayout, render},
    shop::Shop,
};

/// How long an audit may take. It reads everything; a larger shop uses `bookstore audit`.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// How many disagreements are shown.
const MAX_SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "operator/audit.html")]
struct AuditPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    report: Option<Report>,
    problem: Option<String>,
}

impl AuditPage {
    fn new(shop: &Shop) -> Self {
        Self {
            layout: PageLayout::new(shop),
            area: AREAS[4].0,
            done: None,
            report: None,
            problem: None,
        }
    }

    /// How many disagreements are left out.
    fn hidden(report: &Report) -> usize {
        report.disagreements.len().saturating_sub(MAX_SHOWN)
    }
}

/// `GET /operator/audit`
pub(super) async fn page(State(shop): State<Arc<Shop>>, _: Operator) -> Response {
    render(StatusCode::OK, &AuditPage::new(&shop))
}

/// `POST /operator/audit`: changes nothing, but it takes long, so that no link starts it.
pub(super) async fn run(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    _: SentForm,
) -> Response {
    let mut page = AuditPage::new(&shop);
    // One after the other, because each one reads everything.
    let Ok(_turn) = shop.audit_turn.try_lock() else {
        page.problem = Some("Another audit is running. Please wait a moment.".to_owned());
        return render(StatusCode::CONFLICT, &page);
    };
    let mut services = clients.audit;
    match timeout(TIME_LIMIT, audit::audit(&mut services, now)).await {
        Ok(Ok(report)) => {
            page.report = Some(report);
            render(StatusCode::OK, &page)
        }
        Ok(Err(error)) => {
            page.problem = Some(format!("The audit could not be finished: {error}."));
            render(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
        Err(_) => {
            let seconds = TIME_LIMIT.as_secs();
            page.problem = Some(format!(
                "The audit took longer than {seconds} seconds. Run “bookstore audit” instead."
            ));
            render(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shop has no clock; the audit only needs to know what is long ago"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

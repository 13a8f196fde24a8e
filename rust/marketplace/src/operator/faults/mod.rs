//! `/operator/faults`: injects faults into the calls of the services, and removes them.

mod form;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contract::{
    bookstore::faults::v1::{
        ActiveFault, ErrorEffect, Fault, LatencyEffect, ListFaultsRequest, RemoveFaultRequest,
    },
    proofread::v1::Code,
};
use futures::future::join_all;

use self::form::{fault_form, short_target, to_request};
use super::{AREAS, access::Operator, call};
use crate::{
    OperatorClients,
    forms::{Form, SentForm},
    monitor::age,
    options::FaultClient,
    pages::{PageLayout, QueryParams, render, see_other},
    refusal::Refusal,
    shop::Shop,
};

const UNAVAILABLE: &str = "The service doesn’t answer at the moment. Please try again.";

#[derive(Template)]
#[template(path = "operator/faults.html")]
struct FaultsPage {
    layout: PageLayout,
    area: &'static str,
    done: Option<&'static str>,
    /// The faults in effect, by service.
    faults: Vec<FaultRow>,
    /// The services that do not answer.
    silent: Vec<String>,
    /// The services whose processes inject no faults.
    closed: Vec<String>,
    /// `None` if no process injects faults.
    form: Option<Form>,
    problem: Option<&'static str>,
}

struct FaultRow {
    service: String,
    method: String,
    /// Such as "InventoryService: GetBook".
    target: String,
    /// Such as "waits for 200 ms".
    effect: String,
    percent: i32,
    affected_calls: i64,
    /// How many calls it affects at most; 0 for no limit.
    max_calls: i32,
    /// Such as "4 min".
    remaining: String,
}

impl FaultsPage {
    fn is_refused(&self) -> bool {
        self.problem.is_some() || self.form.as_ref().is_some_and(Form::is_refused)
    }
}

/// `GET /operator/faults?done=`
pub(super) async fn page(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    Query(params): Query<QueryParams>,
) -> Response {
    let done = match params.get("done") {
        Some("set") => Some("The fault is injected from now on."),
        Some("removed") => Some("The fault is removed."),
        _ => None,
    };
    faults_page(&shop, &clients, done, fault_form(), None).await
}

/// `POST /operator/faults/set`
pub(super) async fn set(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let form = || fault_form().filled(&sent);
    let request = match to_request(&sent, form()) {
        Ok(request) => request,
        Err(form) => return faults_page(&shop, &clients, None, *form, None).await,
    };
    let service = request.fault.as_ref().map(|fault| fault.service.as_str());
    let Some(process) = process_of(&clients, service.unwrap_or_default()) else {
        let form = form().refused(&not_served(), explain);
        return faults_page(&shop, &clients, None, form, None).await;
    };
    match call!(shop.action_deadline(), process.client, set_fault, request) {
        Ok(_) => see_other("/operator/faults?done=set"),
        Err(refusal) => {
            let form = form().refused(&refusal, explain);
            faults_page(&shop, &clients, None, form, None).await
        }
    }
}

/// `POST /operator/faults/remove`
pub(super) async fn remove(
    State(shop): State<Arc<Shop>>,
    Operator(clients): Operator,
    sent: SentForm,
) -> Response {
    let request = RemoveFaultRequest {
        service: sent.text("service"),
        method: sent.text("method"),
    };
    if let Some(process) = process_of(&clients, &request.service) {
        let deadline = shop.action_deadline();
        match call!(deadline, process.client, remove_fault, request) {
            Ok(_) | Err(Refusal::Invalid(_) | Refusal::Declared { .. }) => {}
            Err(Refusal::SignedOut | Refusal::Unavailable) => {
                let problem = Some(UNAVAILABLE);
                return faults_page(&shop, &clients, None, fault_form(), problem).await;
            }
        }
    }
    see_other("/operator/faults?done=removed")
}

/// The process that serves a gRPC service.
fn process_of<'c>(clients: &'c OperatorClients, service: &str) -> Option<&'c FaultClient> {
    let mut processes = clients.faults.iter();
    processes.find(|process| process.serves(service))
}

fn not_served() -> Refusal {
    Refusal::Declared {
        reason: "FAULT_TARGET_NOT_FOUND".to_owned(),
        retry_after: None,
    }
}

fn explain(reason: &str) -> String {
    match reason {
        "FAULT_INJECTION_NOT_ALLOWED" => {
            "The process of this service injects no faults: start it with --allow-fault-injection."
        }
        _ => "Faults cannot be injected into this service.",
    }
    .to_owned()
}

async fn faults_page(
    shop: &Shop,
    clients: &OperatorClients,
    done: Option<&'static str>,
    form: Form,
    problem: Option<&'static str>,
) -> Response {
    let deadline = shop.deadline();
    let lists = clients
        .faults
        .iter()
        .map(async |process| call!(deadline, process.client, list_faults, ListFaultsRequest {}));
    let lists = join_all(lists).await;
    let mut page = FaultsPage {
        layout: PageLayout::new(shop),
        area: AREAS[6].0,
        done,
        faults: Vec::new(),
        silent: Vec::new(),
        closed: Vec::new(),
        form: None,
        problem,
    };
    for (process, list) in clients.faults.iter().zip(lists) {
        match list {
            Ok(list) => {
                if !list.allowed {
                    page.closed.push(process.name.clone());
                }
                // Processes with several services list the faults of all of them.
                let rows = list.faults.into_iter().filter_map(row);
                page.faults
                    .extend(rows.filter(|row| process.serves(&row.service)));
            }
            Err(_) => page.silent.push(process.name.clone()),
        }
    }
    page.form = (page.closed.len() < clients.faults.len()).then_some(form);
    let status = if page.is_refused() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    render(status, &page)
}

fn row(active: ActiveFault) -> Option<FaultRow> {
    let fault = active.fault?;
    Some(FaultRow {
        target: short_target(&fault.service, &fault.method),
        effect: effect(&fault),
        percent: fault.percent,
        affected_calls: active.affected_calls,
        max_calls: fault.max_calls.unwrap_or_default(),
        remaining: age(
            u64::try_from(active.remaining.unwrap_or_default().seconds).unwrap_or_default()
        ),
        service: fault.service,
        method: fault.method,
    })
}

/// What happens to a call, as the end of a sentence.
fn effect(fault: &Fault) -> String {
    if let Some(LatencyEffect { delay, jitter }) = fault.latency {
        let delay = milliseconds(delay);
        match milliseconds(jitter) {
            0 => format!("waits for {delay} ms"),
            jitter => format!("waits for {delay} to {} ms", delay + jitter),
        }
    } else if let Some(ErrorEffect { code }) = fault.error {
        let name = Code::try_from(code).unwrap_or_default().as_str_name();
        format!("fails with {}", name.trim_start_matches("CODE_"))
    } else if fault.hang_up.is_some() {
        "loses its connection".to_owned()
    } else {
        "is never answered".to_owned()
    }
}

fn milliseconds(duration: Option<prost_types::Duration>) -> i64 {
    let duration = duration.unwrap_or_default();
    duration.seconds * 1000 + i64::from(duration.nanos / 1_000_000)
}

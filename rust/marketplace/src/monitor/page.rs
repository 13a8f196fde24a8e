//! `/monitor`: the health and charts of every service.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    PERIOD,
    background::Background,
    chart::{Chart, Unit, draw},
    dependency_map::{self, DependencyMap},
    history::{Method, Point, Series},
    notable_calls,
};
use crate::{
    pages::{PageLayout, render},
    shop::Shop,
};

#[derive(Template)]
#[template(path = "monitor.html")]
struct MonitorPage {
    layout: PageLayout,
    state: MonitorState,
}

#[derive(Template)]
#[template(path = "parts/monitor.html")]
struct MonitorFragment {
    state: MonitorState,
}

/// What both templates show.
struct MonitorState {
    services: Vec<Service>,
    map: DependencyMap,
    background: Background,
    notable_calls: Vec<notable_calls::Row>,
    faults: Vec<FaultRow>,
}

/// An injected fault in the template.
struct FaultRow {
    /// Such as `bookstore.inventory.v1.InventoryService/GetBook`.
    target: String,
    /// Such as `latency`.
    effect: &'static str,
    percent: u8,
    affected_calls: u32,
    remaining: String,
}

/// A service in the template.
struct Service {
    /// The short name: `Inventory` for `bookstore.inventory.v1.InventoryService`.
    short: String,
    full: String,
    /// The CSS class and the text.
    health: (&'static str, &'static str),
    charts: [Chart; 3],
    methods: Vec<MethodRow>,
}

/// A method in the template.
struct MethodRow {
    name: String,
    rate: String,
    p50: String,
    p99: String,
    /// The answers since the start: `OK 12, NotFound 3`.
    answers: String,
}

/// `GET /monitor`
pub(crate) async fn monitor(State(shop): State<Arc<Shop>>) -> Response {
    let page = MonitorPage {
        layout: PageLayout::new(&shop),
        state: state_of(&shop),
    };
    without_caching(render(StatusCode::OK, &page))
}

/// `GET /monitor/services`: the part of the page that the script refreshes.
pub(crate) async fn services(State(shop): State<Arc<Shop>>) -> Response {
    let state = state_of(&shop);
    without_caching(render(StatusCode::OK, &MonitorFragment { state }))
}

fn without_caching(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

fn state_of(shop: &Shop) -> MonitorState {
    let options = shop.options();
    let notable_calls = (options.notable_calls)();
    let history = shop.monitor.history();
    let services = history.services.iter();
    MonitorState {
        services: services
            .map(|(name, series)| service(name, series))
            .collect(),
        map: dependency_map::draw(&options.services, &history.services),
        background: history.background.clone(),
        faults: (options.active_faults)().iter().map(fault_row).collect(),
        notable_calls: notable_calls::rows(notable_calls, options.trace_url.as_deref()),
    }
}

fn fault_row(active: &rpc::ActiveFault) -> FaultRow {
    let rpc::Target { service, method } = active.fault.target;
    let method = if method.is_empty() { "*" } else { method };
    FaultRow {
        target: format!("{service}/{method}"),
        effect: active.fault.effect.name(),
        percent: active.fault.percent,
        affected_calls: active.affected_calls,
        remaining: notable_calls::age(active.remaining.as_secs()),
    }
}

fn method_row(method: &Method) -> MethodRow {
    let text = |unit: Unit, value: Option<f64>| {
        value.map_or_else(|| "–".to_owned(), |value| unit.text(value))
    };
    let latency = |seconds: Option<f64>| text(Unit::Milliseconds, seconds.map(milliseconds));
    let answers = method.codes.iter();
    let answers: Vec<_> = answers
        .map(|(code, calls)| format!("{code} {calls}"))
        .collect();
    MethodRow {
        name: method.name.clone(),
        rate: text(Unit::PerSecond, method.requests_per_second),
        p50: latency(method.p50_seconds),
        p99: latency(method.p99_seconds),
        answers: answers.join(", "),
    }
}

fn service(name: &str, series: &Series) -> Service {
    let line = |value: fn(&Point) -> Option<f64>| series.points.iter().map(value).collect();
    Service {
        short: short_name(name),
        full: name.to_owned(),
        health: match series.serving {
            Some(true) => ("good", "Serving"),
            Some(false) => ("bad", "Not serving"),
            None => ("unknown", "Health unknown"),
        },
        charts: [
            draw(
                "Requests per second",
                Unit::PerSecond,
                vec![("rate", line(|point| point.requests_per_second))],
            ),
            draw(
                "Errors in percent",
                Unit::Percent,
                vec![(
                    "errors",
                    line(|point| point.error_share.map(|share| share * 100.0)),
                )],
            ),
            draw(
                "Latency in milliseconds",
                Unit::Milliseconds,
                vec![
                    ("p50", line(|point| point.p50_seconds.map(milliseconds))),
                    ("p95", line(|point| point.p95_seconds.map(milliseconds))),
                    ("p99", line(|point| point.p99_seconds.map(milliseconds))),
                ],
            ),
        ],
        methods: series.methods.iter().map(method_row).collect(),
    }
}

fn milliseconds(seconds: f64) -> f64 {
    seconds * 1000.0
}

fn short_name(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let stem = last.strip_suffix("Service").unwrap_or(last);
    if stem.is_empty() {
        last.to_owned()
    } else {
        stem.to_owned()
    }
}

/// The JSON of `/monitor/data.json`.
#[derive(Serialize)]
struct Data {
    /// The time between two points of a history.
    period_seconds: u64,
    services: Vec<ServiceData>,
    background: Background,
}

#[derive(Serialize)]
struct ServiceData {
    service: String,
    /// `null` if the health is unknown.
    serving: Option<bool>,
    now: Point,
    methods: Vec<Method>,
    /// From oldest to newest; the last point is `now`.
    history: Vec<Point>,
}

/// `GET /monitor/data.json`: the data of the charts as JSON.
pub(crate) async fn data(State(shop): State<Arc<Shop>>) -> Response {
    let history = shop.monitor.history();
    let services = history.services.iter().map(|(name, series)| ServiceData {
        service: name.clone(),
        serving: series.serving,
        now: series.points.back().copied().unwrap_or_default(),
        methods: series.methods.clone(),
        history: series.points.iter().copied().collect(),
    });
    let data = Data {
        period_seconds: PERIOD.as_secs(),
        services: services.collect(),
        background: history.background.clone(),
    };
    match serde_json::to_string(&data) {
        Ok(json) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            without_caching((kind, json).into_response())
        }
        Err(error) => {
            tracing::error!(%error, "the monitor data cannot be serialized");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_names_are_shortened() {
        assert_eq!(
            short_name("bookstore.inventory.v1.InventoryService"),
            "Inventory"
        );
        assert_eq!(short_name("Recommendations"), "Recommendations");
        assert_eq!(short_name("a.Service"), "Service");
    }
}

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
    chart::{Chart, Unit, draw},
    history::{Point, Series},
};
use crate::{
    pages::{PageLayout, render},
    shop::Shop,
};

#[derive(Template)]
#[template(path = "monitor.html")]
struct MonitorPage {
    layout: PageLayout,
    services: Vec<Service>,
}

#[derive(Template)]
#[template(path = "parts/services.html")]
struct ServicesFragment {
    services: Vec<Service>,
}

/// A service in the template.
struct Service {
    /// The short name: `Inventory` for `bookstore.inventory.v1.InventoryService`.
    short: String,
    full: String,
    /// The CSS class and the text.
    health: (&'static str, &'static str),
    charts: [Chart; 3],
}

/// `GET /monitor`
pub(crate) async fn monitor(State(shop): State<Arc<Shop>>) -> Response {
    let page = MonitorPage {
        layout: PageLayout::new(&shop),
        services: services_of(&shop),
    };
    without_caching(render(StatusCode::OK, &page))
}

/// `GET /monitor/services`: the part of the page that the script refreshes.
pub(crate) async fn services(State(shop): State<Arc<Shop>>) -> Response {
    let services = services_of(&shop);
    without_caching(render(StatusCode::OK, &ServicesFragment { services }))
}

fn without_caching(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

fn services_of(shop: &Shop) -> Vec<Service> {
    let history = shop.monitor.history();
    let services = history.services.iter();
    services
        .map(|(name, series)| service(name, series))
        .collect()
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
}

#[derive(Serialize)]
struct ServiceData {
    service: String,
    /// `null` if the health is unknown.
    serving: Option<bool>,
    now: Point,
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
        history: series.points.iter().copied().collect(),
    });
    let data = Data {
        period_seconds: PERIOD.as_secs(),
        services: services.collect(),
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

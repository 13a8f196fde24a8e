//! The calls that failed or were slow, with links to their traces.

use rpc::NotableCall;
use tokio::time::Instant;

use super::chart::Unit;

/// A call in the template.
#[derive(Debug)]
pub(super) struct Row {
    /// The name of the service without its package, and the method.
    pub method: String,
    pub code: &'static str,
    pub latency: String,
    /// How long ago it ended.
    pub age: String,
    /// Where it was served: an address, or `here`.
    pub place: String,
    pub request_id: String,
    /// The id of the trace as 32 hex digits; empty if it is not known.
    pub trace_id: String,
    /// The page of the trace, if there is a template for it.
    pub trace_url: Option<String>,
}

/// The rows of the table. `{trace_id}` in the template is replaced by the id of the trace.
pub(super) fn rows(calls: Vec<NotableCall>, template: Option<&str>) -> Vec<Row> {
    let now = Instant::now();
    let rows = calls.into_iter().map(|call| {
        let trace_id = call.trace.map(|trace| format!("{:032x}", trace.trace_id()));
        let trace_url = template.zip(trace_id.as_deref());
        Row {
            method: short_method(call.method).to_owned(),
            code: call.code,
            latency: Unit::Milliseconds.text(call.latency.as_secs_f64() * 1000.0),
            age: age(now.saturating_duration_since(call.ended).as_secs()),
            place: call.address.unwrap_or_else(|| "here".to_owned()),
            request_id: call.request_id,
            trace_url: trace_url.map(|(template, id)| template.replace("{trace_id}", id)),
            trace_id: trace_id.unwrap_or_default(),
        }
    });
    rows.collect()
}

/// `InventoryService/GetBook` for `/bookstore.inventory.v1.InventoryService/GetBook`.
fn short_method(path: &str) -> &str {
    let (service, _) = path.rsplit_once('/').unwrap_or((path, ""));
    let package = service.rfind('.').map_or(0, |dot| dot + 1);
    path[package..].trim_start_matches('/')
}

/// A time in seconds for people, such as `5 s` or `3 min`.
pub(crate) fn age(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_has_no_package() {
        let path = "/bookstore.inventory.v1.InventoryService/GetBook";
        assert_eq!(short_method(path), "InventoryService/GetBook");
        assert_eq!(short_method("/Service/Method"), "Service/Method");
    }

    #[test]
    fn age_has_the_largest_fitting_unit() {
        let ages = [0, 119, 120, 7199, 7200].map(age);
        assert_eq!(ages, ["0 s", "119 s", "2 min", "119 min", "2 h"]);
    }
}

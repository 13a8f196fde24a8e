//! Parses the gRPC server metrics in the Prometheus text exposition format.

use std::collections::BTreeMap;

/// The counters of a service since it started, summed over its methods, and of each method.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Totals {
    /// Completed calls.
    pub handled: f64,
    /// Completed calls with a [server error](SERVER_ERRORS).
    pub failed: f64,
    pub buckets: Buckets,
    pub methods: BTreeMap<String, MethodTotals>,
}

/// The counters of a method since its service started.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MethodTotals {
    /// Completed calls by code.
    pub codes: BTreeMap<String, f64>,
    pub buckets: Buckets,
}

/// Cumulative counts of a histogram by upper bound. The key is the bit pattern of the
/// `f64`, which for positive numbers has the same order as the number.
pub(super) type Buckets = BTreeMap<u64, f64>;

/// The codes that mean a failure of the server; the other codes mean a wrong call.
const SERVER_ERRORS: [&str; 7] = [
    "Unknown",
    "DeadlineExceeded",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "ResourceExhausted",
];

/// The totals of each service. Other metrics, malformed lines and the services of gRPC
/// itself (`grpc.*`) are skipped.
pub(super) fn parse(text: &str) -> BTreeMap<String, Totals> {
    let mut services: BTreeMap<String, Totals> = BTreeMap::new();
    for line in text
        .lines()
        .filter(|line| line.starts_with("grpc_server_handl"))
    {
        let Some((name, labels, value)) = parse_series(line) else {
            continue;
        };
        let Some(service) = label(&labels, "grpc_service") else {
            continue;
        };
        if service.starts_with("grpc.") || service == "unknown" {
            continue;
        }
        let totals = services.entry(service.to_owned()).or_default();
        let method = label(&labels, "grpc_method").unwrap_or_default();
        let method = totals.methods.entry(method.to_owned()).or_default();
        match name {
            "grpc_server_handled_total" => {
                totals.handled += value;
                let code = label(&labels, "grpc_code").unwrap_or_default();
                if is_server_error(code) {
                    totals.failed += value;
                }
                *method.codes.entry(code.to_owned()).or_default() += value;
            }
            "grpc_server_handling_seconds_bucket" => {
                let bound = label(&labels, "le").and_then(|bound| bound.parse::<f64>().ok());
                if let Some(bound) = bound.filter(|bound| *bound >= 0.0) {
                    *totals.buckets.entry(bound.to_bits()).or_default() += value;
                    *method.buckets.entry(bound.to_bits()).or_default() += value;
                }
            }
            _ => {}
        }
    }
    services
}

/// Accepts both spellings of a code: `DeadlineExceeded` and `DEADLINE_EXCEEDED`.
fn is_server_error(code: &str) -> bool {
    let plain = code.replace('_', "");
    SERVER_ERRORS
        .iter()
        .any(|error| error.eq_ignore_ascii_case(&plain))
}

pub(super) type Labels<'a> = Vec<(&'a str, String)>;

pub(super) fn label<'a>(labels: &'a Labels<'_>, name: &str) -> Option<&'a str> {
    let found = labels.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.as_str())
}

/// Parses `name{label="value",...} number`, or `name number`.
pub(super) fn parse_series(line: &str) -> Option<(&str, Labels<'_>, f64)> {
    let Some((name, mut rest)) = line.split_once('{') else {
        let (name, number) = line.split_once(' ')?;
        let number = number.trim().parse::<f64>().ok()?;
        return number.is_finite().then_some((name, Labels::new(), number));
    };
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            let number = after.split_whitespace().next()?.parse::<f64>().ok()?;
            return number.is_finite().then_some((name, labels, number));
        }
        let (key, after) = rest.split_once("=\"")?;
        let (value, after) = parse_quoted(after)?;
        labels.push((key.trim(), value));
        rest = after;
    }
}

/// Parses up to the closing quote; returns the value and the rest.
fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_service="a.B",grpc_method="C",grpc_code="OK"} 90
grpc_server_handled_total{grpc_service="a.B",grpc_method="C",grpc_code="NotFound"} 5
grpc_server_handled_total{grpc_service="a.B",grpc_method="D",grpc_code="Unavailable"} 3
grpc_server_handled_total{grpc_service="a.B",grpc_method="D",grpc_code="DEADLINE_EXCEEDED"} 2
grpc_server_handled_total{grpc_service="grpc.health.v1.Health",grpc_method="Check",grpc_code="OK"} 7
grpc_server_handled_total{grpc_service="unknown",grpc_method="unknown",grpc_code="Unimplemented"} 7
grpc_server_handling_seconds_bucket{grpc_service="a.B",grpc_method="C",le="0.1"} 40
grpc_server_handling_seconds_bucket{grpc_service="a.B",grpc_method="D",le="0.1"} 2
grpc_server_handling_seconds_bucket{grpc_service="a.B",grpc_method="C",le="+Inf"} 95
grpc_server_handling_seconds_sum{grpc_service="a.B",grpc_method="C"} 1.5
other{grpc_service="x"} 1
"#;

    #[test]
    fn methods_of_a_service_are_summed_and_kept_apart() {
        let services = parse(TEXT);
        assert_eq!(services.len(), 1, "{services:?}");
        let totals = &services["a.B"];
        assert_eq!((totals.handled, totals.failed), (100.0, 5.0));
        let buckets: Vec<_> = totals
            .buckets
            .iter()
            .map(|(bound, count)| (f64::from_bits(*bound), *count))
            .collect();
        assert_eq!(buckets, [(0.1, 42.0), (f64::INFINITY, 95.0)]);
        let codes = |method: &str| -> Vec<_> {
            let codes = totals.methods[method].codes.iter();
            codes.map(|(code, calls)| (&**code, *calls)).collect()
        };
        assert_eq!(codes("C"), [("NotFound", 5.0), ("OK", 90.0)]);
        assert_eq!(
            codes("D"),
            [("DEADLINE_EXCEEDED", 2.0), ("Unavailable", 3.0)]
        );
        assert_eq!(totals.methods["D"].buckets.len(), 1);
    }

    #[test]
    fn escapes_in_labels_are_decoded() {
        let (_, labels, value) =
            parse_series(r#"m{a="\"}\\,\n",b="2"} 3 1700000000"#).expect("well formed");
        assert_eq!(label(&labels, "a"), Some("\"}\\,\n"));
        assert_eq!((label(&labels, "b"), value), (Some("2"), 3.0));
    }

    #[test]
    fn malformed_lines_are_skipped() {
        for line in [
            "m",
            "m x",
            "# TYPE m counter",
            "m{",
            "m{a",
            "m{a=\"",
            "m{a=\"b\"",
            "m{a=\"b\"}",
            "m{a=\"b\"} x",
            "m{} NaN",
        ] {
            assert!(parse_series(line).is_none(), "{line}");
        }
    }
}

//! The help texts of all metrics. Prometheus and Grafana show them.
//!
//! They are here and not where the metrics are recorded, because a metric may be recorded in
//! several places and each of them may be the first.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

#[rustfmt::skip]
const COUNTERS: &[(&str, &str)] = &[
    ("grpc_server_started_total", "Calls that have begun."),
    ("grpc_server_handled_total", "Calls that have ended, by code."),
    ("grpc_server_calls_refused_total", "Calls that got no permit in time and were refused with RESOURCE_EXHAUSTED."),
    ("grpc_client_retries_total", "Repeated attempts of calls to other processes."),
    ("bindery_connections_closed_total", "Connections that the server has closed, by reason."),
    ("bindery_connections_refused_total", "Connections that were not accepted, by the limit that they exceed."),
    ("bindery_client_certificates_refused_total", "Certificates of clients that were refused, by reason."),
    ("bindery_rate_limited_total", "Calls and requests that were refused because their caller makes too many."),
    ("bindery_unread_answers_total", "Calls that were ended because their client did not read the answers."),
    ("bindery_log_lines_dropped_total", "Lines of the log that were dropped, because nobody read it fast enough."),
    ("otlp_spans_lost_total", "Spans that did not fit into the queue or that the collector of OpenTelemetry did not accept."),
    ("otlp_log_records_lost_total", "Log records that did not fit into the queue or that the collector of OpenTelemetry did not accept."),
    ("otlp_metric_exports_failed_total", "Exports of the metrics that the collector of OpenTelemetry did not accept."),
    ("store_transactions_total", "Transactions that were committed."),
    ("store_commits_total", "Commits of SQLite; one may serve several transactions."),
    ("cart_orders_total", "Orders that have entered a state."),
    ("recommendations_learn_failures_total", "Failed attempts to read the purchases."),
];

#[rustfmt::skip]
const GAUGES: &[(&str, &str)] = &[
    ("bindery_build_info", "1; the label is the version of the program."),
    ("bindery_connections", "Open connections of clients."),
    ("grpc_server_permits", "How many calls or streams of a service may be in flight, without the reserve for calls within the process."),
    ("grpc_server_permits_in_use", "Calls or streams in flight that hold a permit."),
    ("grpc_server_calls_waiting", "Calls that wait for a permit."),
    ("grpc_client_breaker_state", "1 for the state of the circuit breaker of an address, 0 for the other states."),
    ("store_connections_max", "The largest number of connections of a pool."),
    ("store_connections_in_use", "Connections of a pool that are in use."),
    ("store_connections_waiting", "Callers that wait for a connection of a pool."),
    ("outbox_pending", "Messages of the outbox that are not delivered yet, without the dead ones."),
    ("outbox_dead", "Messages of the outbox that are delivered no more until the operator requeues them."),
    ("outbox_oldest_age_seconds", "The age of the oldest message of the outbox that is not delivered yet."),
    ("cart_orders_in_progress", "Orders that have a next step."),
    ("cart_orders_parked", "Orders that wait for a decision of the operator."),
    ("recommendations_purchases", "Purchases that the recommendations are learned from."),
    ("recommendations_related_books", "Books that have related books."),
];

#[rustfmt::skip]
const HISTOGRAMS: &[(&str, &str)] = &[
    ("grpc_server_handling_seconds", "The time from the arrival of a call to the last byte of its answer."),
    ("store_commit_seconds", "How long a commit takes."),
    ("store_commit_group_size", "How many transactions share a commit of SQLite."),
];

/// The unit of a metric, by its name.
fn unit(name: &str) -> Unit {
    match name.trim_end_matches("_total").rsplit('_').next() {
        Some("seconds") => Unit::Seconds,
        Some("bytes") => Unit::Bytes,
        _ => Unit::Count,
    }
}

/// Gives every metric its help text. A metric without a series is not rendered.
pub(super) fn describe() {
    for &(name, text) in COUNTERS {
        describe_counter!(name, unit(name), text);
    }
    for &(name, text) in GAUGES {
        describe_gauge!(name, unit(name), text);
    }
    for &(name, text) in HISTOGRAMS {
        describe_histogram!(name, unit(name), text);
    }
}

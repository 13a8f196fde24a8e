//! Tests of the real process, from its command line to its exit code. Each test has its own
//! folder and ports and removes them afterwards.

mod accounts;
mod certs;
mod database_outage;
mod deletion;
mod deployments;
mod durability;
mod errors;
mod healthcheck;
mod hosts;
mod import;
mod metrics;
mod payments;
mod recommendations;
mod service_certificates;
mod service_secret;
mod shutdown;
mod slow_clients;
mod stalled_log;
mod startup;
mod startup_errors;
mod test_process;

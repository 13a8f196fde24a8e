//! Tests of the real process, from its command line to its exit code. Each test has its own
//! folder and ports and removes them afterwards.

mod accounts;
mod backup;
mod certs;
mod database_outage;
mod deletion;
mod deployments;
mod doctor;
mod durability;
mod errors;
mod events;
mod healthcheck;
mod hosts;
mod import;
mod metrics;
mod payments;
mod rate_limits;
mod read_replicas;
mod recommendations;
mod replicas;
mod service_certificates;
mod service_secret;
mod shutdown;
mod slow_clients;
mod stalled_log;
mod startup;
mod startup_errors;
mod test_process;

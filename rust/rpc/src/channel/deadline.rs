//! The deadline of a call: the earliest of its own, that of the call that makes it, and,
//! for unary calls without either, a default.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::Status;

use crate::{
    context::never_indexed,
    method::MethodInfo,
    timeout::{GRPC_TIMEOUT, format_timeout, parse_timeout},
};

/// The deadline of unary calls for which nobody has set one.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The deadline of a call, which is also set as its header `grpc-timeout`; `None` for a
/// stream without one. Fails if it has passed. A malformed header is kept, so that the
/// server refuses it.
pub(super) fn set_deadline(
    headers: &mut HeaderMap,
    method: &MethodInfo,
    inherited: Option<Instant>,
) -> Result<Option<Instant>, Status> {
    let now = Instant::now();
    let own = match headers.get(&GRPC_TIMEOUT) {
        None => None,
        Some(value) => match parse_timeout(value.as_bytes()) {
            Ok(timeout) => now.checked_add(timeout),
            Err(_) => return Ok(inherited),
        },
    };
    let default = (method.is_known() && method.is_unary()).then(|| now + DEFAULT_TIMEOUT);
    let Some(deadline) = own.into_iter().chain(inherited).min().or(default) else {
        return Ok(None);
    };
    set_remaining_time(headers, deadline)?;
    Ok(Some(deadline))
}

/// Sets the header `grpc-timeout` to the time that remains now.
pub(super) fn set_remaining_time(headers: &mut HeaderMap, deadline: Instant) -> Result<(), Status> {
    let remaining = deadline.saturating_duration_since(Instant::now());
    if remaining.is_zero() {
        return Err(deadline_exceeded());
    }
    if let Ok(remaining) = HeaderValue::try_from(format_timeout(remaining)) {
        headers.insert(&GRPC_TIMEOUT, never_indexed(remaining));
    }
    Ok(())
}

pub(super) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::lookup;

    const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
    const WATCH_STOCK: &str = "/bookstore.inventory.v1.InventoryService/WatchStock";

    /// The header and the deadline in milliseconds from now.
    fn set(path: &str, own: Option<&str>, inherited: Option<u64>) -> (String, Option<u128>) {
        let mut headers = HeaderMap::new();
        if let Some(own) = own {
            let own = own.parse().expect("ASCII");
            headers.insert(&GRPC_TIMEOUT, own);
        }
        let now = Instant::now();
        let inherited = inherited.map(|millis| now + Duration::from_millis(millis));
        let deadline = set_deadline(&mut headers, lookup(path), inherited).expect("time remains");
        let header = headers.get(&GRPC_TIMEOUT);
        let header = header.map_or("", |value| value.to_str().expect("ASCII"));
        let millis = deadline.map(|deadline| (deadline - now).as_millis());
        (header.to_owned(), millis)
    }

    #[tokio::test(start_paused = true)]
    async fn earliest_deadline_counts() {
        for (own, inherited, expected) in [
            (Some("2S"), Some(500), 500),
            (Some("2S"), Some(5_000), 2_000),
            (Some("20S"), None, 20_000),
            (None, Some(20_000), 20_000),
            (None, None, 10_000),
        ] {
            let (header, deadline) = set(GET_BOOK, own, inherited);
            let sent = parse_timeout(header.as_bytes()).expect("a timeout");
            assert_eq!(
                (sent.as_millis(), deadline),
                (expected, Some(expected)),
                "{own:?} {inherited:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn streams_and_unknown_methods_have_no_default() {
        for path in [WATCH_STOCK, "/no.such.Service/Method"] {
            assert_eq!(set(path, None, None), (String::new(), None), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn malformed_timeout_is_sent_to_be_refused() {
        let (header, deadline) = set(GET_BOOK, Some("soon"), Some(500));
        assert_eq!((&*header, deadline), ("soon", Some(500)));
    }

    #[tokio::test(start_paused = true)]
    async fn call_after_its_deadline_is_not_made() {
        let passed = Some(Instant::now());
        let status = set_deadline(&mut HeaderMap::new(), lookup(GET_BOOK), passed);
        let status = status.expect_err("no time remains");
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    }
}

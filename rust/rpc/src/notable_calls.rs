//! The last calls that failed by fault of a server or were slow, for the operator. Each has the
//! trace that tells why.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tonic::Code;

use crate::{TraceContext, code_names::code_names, method::MethodInfo};

/// A unary call that takes at least this long is slow: a visitor notices it.
const SLOW: Duration = Duration::from_millis(500);
/// So many calls are kept in all, and of each method, so that a method that always fails leaves
/// the others in the list.
const MAX_CALLS: usize = 40;
const MAX_CALLS_OF_METHOD: usize = 5;

/// A call that failed or was slow.
#[derive(Debug, Clone)]
pub struct NotableCall {
    /// The path of the method: `/bookstore.inventory.v1.InventoryService/GetBook`.
    pub method: &'static str,
    /// The code as the gRPC specification writes it: `UNAVAILABLE`.
    pub code: &'static str,
    /// How long it took.
    pub latency: Duration,
    /// When it ended.
    pub ended: Instant,
    /// The request id, with which the access log has the call; may be empty.
    pub request_id: String,
    /// Its trace, if it is known.
    pub trace: Option<TraceContext>,
    /// The server that was called, `HOST:PORT`; `None` if this process has served the call.
    pub address: Option<String>,
}

static CALLS: Mutex<VecDeque<NotableCall>> = Mutex::new(VecDeque::new());

/// The last calls of this process that failed or were slow, newest first: those that it has
/// served, and those that it has made to other processes.
pub fn notable_calls() -> Vec<NotableCall> {
    lock().iter().rev().cloned().collect()
}

fn lock() -> MutexGuard<'static, VecDeque<NotableCall>> {
    CALLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a call belongs into the list. Not RESOURCE_EXHAUSTED: an overloaded server refuses
/// many calls, and that must cost little.
pub(crate) fn is_notable(method: &MethodInfo, code: Code, latency: Duration) -> bool {
    if method.is_unknown() || method.infrastructure {
        return false;
    }
    match code {
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Cancelled => false,
        _ => method.is_unary() && latency >= SLOW,
    }
}

/// Adds a call to the list.
pub(crate) fn record(
    method: &'static MethodInfo,
    code: Code,
    latency: Duration,
    request_id: &str,
    trace: Option<TraceContext>,
    address: Option<&str>,
) {
    let call = NotableCall {
        method: method.path,
        code: code_names(code).specification,
        latency,
        ended: Instant::now(),
        request_id: request_id.to_owned(),
        trace,
        address: address.map(str::to_owned),
    };
    let mut calls = lock();
    let of_method = calls.iter().filter(|kept| kept.method == call.method);
    if of_method.count() >= MAX_CALLS_OF_METHOD {
        let oldest = calls.iter().position(|kept| kept.method == call.method);
        oldest.and_then(|oldest| calls.remove(oldest));
    } else if calls.len() >= MAX_CALLS {
        calls.pop_front();
    }
    calls.push_back(call);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::lookup;

    const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
    const WATCH_STOCK: &str = "/bookstore.inventory.v1.InventoryService/WatchStock";

    #[test]
    fn failed_and_slow_calls_are_notable() {
        let (quick, slow) = (Duration::from_millis(5), SLOW);
        for (path, code, latency, expected) in [
            (GET_BOOK, Code::Ok, quick, false),
            (GET_BOOK, Code::NotFound, quick, false),
            (GET_BOOK, Code::Unavailable, quick, true),
            (GET_BOOK, Code::Ok, slow, true),
            (GET_BOOK, Code::ResourceExhausted, quick, false),
            (GET_BOOK, Code::Cancelled, slow, false),
            (WATCH_STOCK, Code::Ok, slow, false),
            (WATCH_STOCK, Code::Internal, quick, true),
            ("/grpc.health.v1.Health/Check", Code::Internal, slow, false),
            ("/no.such/Method", Code::Unimplemented, quick, false),
        ] {
            let notable = is_notable(lookup(path), code, latency);
            assert_eq!(notable, expected, "{path} {code:?} {latency:?}");
        }
    }

    #[test]
    fn method_that_always_fails_leaves_the_others_in_the_list() {
        let add = |path, id: &str| {
            let trace = Some(TraceContext::root());
            record(lookup(path), Code::Internal, SLOW, id, trace, None);
        };
        add(WATCH_STOCK, "kept");
        for number in 0..100 {
            add(GET_BOOK, &number.to_string());
        }
        let calls = notable_calls();
        let of_get_book = calls.iter().filter(|call| call.method == GET_BOOK);
        let ids: Vec<_> = of_get_book.map(|call| &*call.request_id).collect();
        assert_eq!(ids, ["99", "98", "97", "96", "95"]);
        assert!(calls.iter().any(|call| call.request_id == "kept"));
    }
}

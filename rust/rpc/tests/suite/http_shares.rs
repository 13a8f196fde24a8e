//! How many requests of one client a port that is not gRPC handles at a time.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use rpc::{Options, PeerAddress, RateLimits, RequestBody};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
};

use crate::{
    attacker::{connect_from, soon},
    harness::{eventually, options},
};

/// Requests that wait for a permit of `gate`.
struct Handler {
    gate: Semaphore,
    /// For each client: how many are handled now, and how many were at most.
    handled: Mutex<HashMap<IpAddr, (usize, usize)>>,
}

impl Handler {
    fn handled(&self) -> MutexGuard<'_, HashMap<IpAddr, (usize, usize)>> {
        self.handled.lock().expect("no panic")
    }

    async fn handle(&self, request: Request<RequestBody>) -> Response<Full<Bytes>> {
        let client = request.extensions().get::<PeerAddress>();
        let client = client.expect("every request has one").0.ip();
        {
            let mut handled = self.handled();
            let (now, most) = handled.entry(client).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        let permit = self.gate.acquire().await;
        permit.expect("it is never closed").forget();
        self.handled().entry(client).or_default().0 -= 1;
        Response::new(Full::default())
    }
}

/// A server that handles at most one request of each client at a time.
async fn server(handler: &Arc<Handler>) -> SocketAddr {
    let options = Options {
        rate_limits: RateLimits::parse("exempt = []").expect("valid rates"),
        max_http_requests_per_peer: 1,
        ..options()
    };
    let handler = Arc::clone(handler);
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.handle(request).await) }
    });
    let listener = rpc::bind(([127, 0, 0, 1], 0).into()).await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        rpc::serve_http(listener, "test", service, &options, std::future::pending()).await
    });
    address
}

async fn request(peer: u8, address: SocketAddr) -> TcpStream {
    let mut socket = connect_from(peer, address).await;
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    socket.write_all(request).await.expect("sent");
    socket
}

async fn expect_answer(mut socket: TcpStream) {
    let mut status = [0; 12];
    let read = soon(socket.read_exact(&mut status)).await;
    read.expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 200");
}

#[tokio::test]
async fn requests_of_one_client_wait_for_each_other_and_others_do_not() {
    let handler = Arc::new(Handler {
        gate: Semaphore::new(0),
        handled: Mutex::default(),
    });
    let address = server(&handler).await;
    let mut requests = Vec::new();
    for peer in [2, 2, 2, 3] {
        requests.push(request(peer, address).await);
    }
    let other = IpAddr::from([127, 0, 0, 3]);
    eventually(async || handler.handled().contains_key(&other)).await;
    handler.gate.add_permits(requests.len());
    for socket in requests {
        expect_answer(socket).await;
    }
    let expected = [2, 3].map(|peer| (IpAddr::from([127, 0, 0, peer]), (0, 1)));
    assert_eq!(*handler.handled(), HashMap::from(expected));
}

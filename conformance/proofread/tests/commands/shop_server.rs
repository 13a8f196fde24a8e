//! A small gRPC server, built directly on h2, whose faults the tests switch on.

use std::{
    collections::BTreeSet,
    fs,
    net::{SocketAddr, TcpListener as StdListener},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
        mpsc,
    },
    thread,
};

use bytes::{Bytes, BytesMut};
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, Request, Response};
use prost::Message;
use prost_protovalidate::{Error, Validator};
use prost_protovalidate_types::Violations;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use prost_types::Any;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use crate::test_contracts::{shop_image, tickets_image};

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// As its contract requires.
    Correct,
    /// Accepts invalid requests, and fails to close tickets.
    Lax,
    /// Closes all connections and stops listening when it is asked for the book 100.
    CrashesOnId100,
    /// The same, and never answers when it is asked for the book 99, so that several calls
    /// are in flight at the crash.
    HoldsId99,
    /// Answers UNIMPLEMENTED to `SignIn`.
    WithoutSignIn,
}

/// A running server. Its thread ends with the test process.
pub struct Shop {
    pub address: SocketAddr,
    mode: Arc<AtomicU8>,
    calls: mpsc::Receiver<()>,
}

impl Shop {
    pub fn open(mode: Mode) -> Self {
        Self::start(mode, None, None)
    }

    /// Starts a server that starts again after a crash when something is written to the
    /// named pipe `restart`.
    pub fn restartable(mode: Mode, restart: PathBuf) -> Self {
        Self::start(mode, None, Some(restart))
    }

    /// Starts a correct server behind TLS.
    pub fn open_with(tls: ServerConfig) -> Self {
        Self::start(Mode::Correct, Some(TlsAcceptor::from(Arc::new(tls))), None)
    }

    fn start(mode: Mode, tls: Option<TlsAcceptor>, restart: Option<PathBuf>) -> Self {
        let mut listener = StdListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener has an address");
        let shared = Arc::new(AtomicU8::new(mode as u8));
        let mode = Arc::clone(&shared);
        let (called, calls) = mpsc::channel();
        thread::spawn(move || {
            loop {
                listener.set_nonblocking(true).expect("the socket is valid");
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("the runtime starts");
                let state = (Arc::clone(&shared), called.clone());
                runtime.block_on(serve(listener, state, tls.clone()));
                drop(runtime);
                let Some(restart) = &restart else { return };
                fs::read(restart).expect("the pipe can be read");
                listener = StdListener::bind(address).expect("the port is still free");
            }
        });
        Self {
            address,
            mode,
            calls,
        }
    }

    /// Waits until the server has received this many more calls.
    pub fn wait_for_calls(&self, count: usize) {
        assert_eq!(self.calls.iter().take(count).count(), count);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set_mode(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::SeqCst);
    }
}

/// The state that all calls share.
struct ShopService {
    pool: DescriptorPool,
    image: Vec<u8>,
    validator: Validator,
    mode: Arc<AtomicU8>,
    called: mpsc::Sender<()>,
    tickets: Mutex<TicketStore>,
}

/// The idempotency keys that were used, and the ids of open tickets.
#[derive(Default)]
struct TicketStore {
    keys: BTreeSet<String>,
    open: BTreeSet<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

enum Reply {
    Messages(Vec<Vec<u8>>),
    Failure(Status),
    Crash,
    Never,
}

async fn serve(
    listener: StdListener,
    (mode, called): (Arc<AtomicU8>, mpsc::Sender<()>),
    tls: Option<TlsAcceptor>,
) {
    let listener = TcpListener::from_std(listener).expect("the socket is valid");
    let image = shop_image();
    let service = Arc::new(ShopService {
        pool: [&image, &tickets_image()].into_iter().fold(
            DescriptorPool::new(),
            |mut pool, image| {
                let added = pool.decode_file_descriptor_set(image.as_slice());
                added.expect("the image is valid");
                pool
            },
        ),
        image,
        validator: Validator::new(),
        mode,
        called,
        tickets: Mutex::default(),
    });
    let (crash_sender, mut crashed) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        tokio::select! {
            _ = crashed.recv() => return,
            accepted = listener.accept() => {
                let Ok((socket, _)) = accepted else { return };
                let (service, crash_sender) = (Arc::clone(&service), crash_sender.clone());
                match tls.clone() {
                    None => drop(tokio::spawn(connection(socket, service, crash_sender))),
                    Some(tls) => drop(tokio::spawn(async move {
                        if let Ok(socket) = tls.accept(socket).await {
                            connection(socket, service, crash_sender).await;
                        }
                    })),
                }
            }
        }
    }
}

async fn connection(
    socket: impl AsyncRead + AsyncWrite + Unpin,
    service: Arc<ShopService>,
    crash_sender: tokio::sync::mpsc::Sender<()>,
) {
    let Ok(mut connection) = h2::server::handshake(socket).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (service, crash_sender) = (Arc::clone(&service), crash_sender.clone());
        tokio::spawn(async move {
            let (head, body) = request.into_parts();
            let body = read(body).await;
            match service.reply(&Request::from_parts(head, body)) {
                Reply::Crash => {
                    let _ = crash_sender.send(()).await;
                    // A crashed process does not reset its streams.
                    std::future::pending::<()>().await;
                }
                Reply::Never => std::future::pending::<()>().await,
                reply => answer(respond, reply),
            }
        });
    }
}

async fn read(mut body: RecvStream) -> Bytes {
    let mut bytes = BytesMut::new();
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        bytes.extend_from_slice(&data);
    }
    bytes.freeze()
}

fn answer(mut respond: SendResponse<Bytes>, reply: Reply) {
    let response = Response::builder().header("content-type", "application/grpc");
    let Ok(mut stream) =
        respond.send_response(response.body(()).expect("the response is valid"), false)
    else {
        return;
    };
    let mut trailers = HeaderMap::new();
    match reply {
        Reply::Messages(messages) => {
            for message in messages {
                let length = u32::try_from(message.len()).expect("the message is short");
                let frame = [&[0], length.to_be_bytes().as_slice(), &message].concat();
                let _ = stream.send_data(Bytes::from(frame), false);
            }
            trailers.insert("grpc-status", "0".parse().expect("the value is valid"));
        }
        Reply::Failure(status) => {
            use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
            let details = BASE64_STANDARD_NO_PAD.encode(status.encode_to_vec());
            trailers.insert("grpc-status", status.code.into());
            trailers.insert(
                "grpc-message",
                status.message.parse().expect("the message is ASCII"),
            );
            trailers.insert(
                "grpc-status-details-bin",
                details.parse().expect("base64 is a valid header value"),
            );
        }
        Reply::Crash | Reply::Never => {}
    }
    let _ = stream.send_trailers(trailers);
}

impl ShopService {
    fn reply(&self, request: &Request<Bytes>) -> Reply {
        // Most tests do not wait for calls.
        let _ = self.called.send(());
        let path = request.uri().path().trim_start_matches('/');
        if path.starts_with("grpc.reflection.v1alpha.") {
            return Reply::Messages(self.reflect(request.body()));
        }
        let Some(method) = self.method(path) else {
            return failure(12, "there is no such method");
        };
        let authorised = request.headers().get("authorization");
        if method.name() == "Secret" && authorised.is_none_or(|it| it != "Bearer sesame") {
            return failure(16, "the token is wrong");
        }
        let message = request.body().get(5..).unwrap_or_default();
        let Ok(message) = DynamicMessage::decode(method.input(), message) else {
            return failure(13, "the bytes are not a valid message");
        };
        let mode = self.mode.load(Ordering::SeqCst);
        if mode == Mode::WithoutSignIn as u8 && method.name() == "SignIn" {
            return failure(12, "it is not implemented yet");
        }
        if mode != Mode::Lax as u8
            && let Err(Error::Validation(error)) = self.validator.validate(&message)
        {
            let violations = error.violations().iter().map(|it| it.to_proto()).collect();
            return refusal(&Violations { violations });
        }
        if method.parent_service().name() == "Tickets" {
            return self.ticket_reply(&method, &message, mode);
        }
        let id = message.get_field_by_name("id");
        let id = id.and_then(|id| id.as_i32());
        let holds = mode == Mode::HoldsId99 as u8;
        match id {
            Some(100) if holds || mode == Mode::CrashesOnId100 as u8 => return Reply::Crash,
            Some(99) if holds => return Reply::Never,
            _ => {}
        }
        // session { token: "sesame" }, or nothing at all.
        Reply::Messages(vec![match method.name() {
            "SignIn" => b"\x0a\x08\x0a\x06sesame".to_vec(),
            _ => Vec::new(),
        }])
    }

    /// The ticket service. In lax mode closing an open ticket fails with UNKNOWN.
    fn ticket_reply(&self, method: &MethodDescriptor, message: &DynamicMessage, mode: u8) -> Reply {
        let text = |name: &str| {
            let field = message.get_field_by_name(name);
            let text = field.and_then(|field| field.as_str().map(str::to_owned));
            text.unwrap_or_default()
        };
        let mut tickets = self.tickets.lock().expect("no other thread panicked");
        match method.name() {
            "Open" if !tickets.keys.insert(text("key")) => failure(6, "the key was used"),
            "Open" => {
                let id = format!("ticket-{}", tickets.keys.len());
                tickets.open.insert(id.clone());
                Reply::Messages(vec![length_delimited_field(
                    1,
                    &length_delimited_field(1, id.as_bytes()),
                )])
            }
            "Close" if !tickets.open.remove(&text("ticket_id")) => failure(5, "it is not open"),
            "Close" if mode == Mode::Lax as u8 => failure(2, "the ticket can not be closed"),
            "Close" => Reply::Messages(vec![Vec::new()]),
            _ => failure(12, "there is no such method"),
        }
    }

    fn method(&self, path: &str) -> Option<MethodDescriptor> {
        let (service, name) = path.split_once('/')?;
        let service = self.pool.get_service_by_name(service)?;
        service.methods().find(|method| method.name() == name)
    }

    /// The reflection service: one response for each request, the list of services or all
    /// files.
    fn reflect(&self, body: &[u8]) -> Vec<Vec<u8>> {
        let mut rest = body;
        let mut responses = Vec::new();
        while let Some((head, after)) = rest.split_at_checked(5) {
            let length = usize::from(head[4]);
            let (query, after) = after.split_at(length);
            rest = after;
            // Field 7 asks for the services.
            responses.push(match query.first() {
                Some(0x3a) => {
                    let named =
                        length_delimited_field(1, &length_delimited_field(1, b"shop.v1.Shop"));
                    let own = length_delimited_field(
                        1,
                        &length_delimited_field(1, b"grpc.reflection.v1alpha.ServerReflection"),
                    );
                    length_delimited_field(6, &[named, own].concat())
                }
                // A response with files has the format of the image, in another field.
                _ => length_delimited_field(4, &self.image),
            });
        }
        responses
    }
}

/// Encodes a length-delimited protobuf field.
fn length_delimited_field(field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

fn failure(code: i32, message: &str) -> Reply {
    Reply::Failure(Status {
        code,
        message: message.to_owned(),
        details: Vec::new(),
    })
}

fn refusal(violations: &Violations) -> Reply {
    Reply::Failure(Status {
        code: 3,
        message: "the request breaks the rules".to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/buf.validate.Violations".to_owned(),
            value: violations.encode_to_vec(),
        }],
    })
}

//! Binds the listening sockets.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// How many connections the kernel may complete before the server accepts them. Linux
/// also limits it by `net.core.somaxconn`, 4096 by default.
const LISTEN_BACKLOG: u32 = 4096;

/// The error of [`bind`].
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens on the address.
    #[error(
        "port {} on {} is taken: stop the other process or choose another with --grpc-addr",
        .0.port(), .0.ip()
    )]
    AddressInUse(SocketAddr),
    /// The operating system refuses, for example because the port is below 1024 or
    /// the address belongs to another machine.
    #[error("cannot listen on {address}: {cause}")]
    Other {
        /// The address that was requested.
        address: SocketAddr,
        /// The error of the operating system.
        cause: io::Error,
    },
}

/// Listens on an address. Port 0 means any free port.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address).map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => BindError::AddressInUse(address),
        _ => BindError::Other { address, cause },
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As `TcpListener::bind` does: connections of a previous process do not block the
    // port. On Windows the option would allow two listeners.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

//! A running `bookstore payment-simulator`.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Folder, command};

/// It is killed by SIGKILL on drop, and keeps its data in the folder `simulator`.
pub struct PaymentSimulator {
    child: Child,
    /// `HOST:PORT`
    pub address: String,
}

impl PaymentSimulator {
    /// Starts it on an address such as `127.0.0.1:0` and waits until it listens.
    pub fn start(folder: &Folder, address: &str) -> Self {
        Self::start_with(folder, address, &[])
    }

    /// Starts it with further flags.
    pub fn start_with(folder: &Folder, address: &str, flags: &[&str]) -> Self {
        let arguments = ["payment-simulator", "--data=simulator", "--addr", address];
        let arguments = [&arguments, flags].concat();
        let mut child = command::command(folder, &arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary is built");
        let stdout = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        read.expect("the output is text");
        let url = line.trim().strip_prefix("payment simulator at http");
        let address = url.and_then(|url| Some(url.split_once("://")?.1));
        let address = address.unwrap_or_else(|| panic!("it did not start: {line:?}"));
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// Sends a charge and returns the response, or what arrived of it.
    pub async fn charge(&self, key: &str, token: &str) -> String {
        let body = format!(
            r#"{{"token": "{token}", "amount_minor": 500, "currency_code": "USD", "reference": "7"}}"#
        );
        let request = format!(
            "POST /v1/charges HTTP/1.0\r\nHost: payments.example\r\nIdempotency-Key: {key}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        let sent = stream.write_all(request.as_bytes()).await;
        sent.expect("it reads");
        let mut response = Vec::new();
        // The connection may break on purpose.
        let _ = stream.read_to_end(&mut response).await;
        String::from_utf8(response).expect("it is text")
    }
}

impl Drop for PaymentSimulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

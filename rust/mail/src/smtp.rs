//! Sending by SMTP.

use std::{net::IpAddr, time::Duration};

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp};
use url::{Host, Url};

use crate::MailError;

pub(crate) type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// How long the server may take to answer one command. The delivery of the outbox has 30
/// seconds in all.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// The codes by which a server refuses the credentials of the shop (RFC 4954). They are no
/// property of the mail, so the mail is sent again when the operator has corrected them.
const AUTHENTICATION_CODES: [u16; 5] = [530, 534, 535, 538, 454];

/// The URL of a mail server cannot be used. It is not shown, because it may have a password.
#[derive(Debug, thiserror::Error)]
#[error("the URL of the mail server cannot be used: {0}")]
pub struct InvalidSmtpUrl(String);

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.parse::<IpAddr>().map_or_else(
            |_| name.eq_ignore_ascii_case("localhost"),
            |address| address.is_loopback(),
        ),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The form of the URL that lettre understands, with the kind of encryption.
fn with_encryption(text: &str) -> Result<Url, InvalidSmtpUrl> {
    let invalid = |cause: &str| InvalidSmtpUrl(cause.to_owned());
    let mut url = Url::parse(text)
        .map_err(|error| InvalidSmtpUrl(format!("{error}; write smtp://host:587")))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("it has no host; write smtp://host:587"));
    }
    let tls = match (url.scheme(), url.query()) {
        ("smtps", None) => return Ok(url),
        ("smtp", None) => !is_loopback(&url),
        ("smtp", Some("tls=none")) => false,
        ("smtp", Some("tls=required")) => true,
        ("smtp", Some(_)) => return Err(invalid("only ?tls=none and ?tls=required are known")),
        _ => return Err(invalid("it has to start with smtp:// or smtps://")),
    };
    if !tls && url.password().is_some() && !is_loopback(&url) {
        return Err(invalid(
            "a password is not sent without TLS; leave out ?tls=none or the password",
        ));
    }
    url.set_query(tls.then_some("tls=required"));
    Ok(url)
}

pub(crate) fn connect(url: &str) -> Result<Transport, InvalidSmtpUrl> {
    let url = with_encryption(url)?;
    let builder = Transport::from_url(url.as_str())
        .map_err(|error| InvalidSmtpUrl(format!("{error}; write smtp://host:587")))?;
    Ok(builder.timeout(Some(COMMAND_TIMEOUT)).build())
}

pub(crate) async fn send(transport: &Transport, message: Message) -> Result<(), MailError> {
    match transport.send(message).await {
        Ok(_) => Ok(()),
        Err(error) if is_permanent(&error) => Err(MailError::Permanent(error_text(&error))),
        Err(error) => Err(MailError::Temporary(error_text(&error))),
    }
}

fn is_permanent(error: &smtp::Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && code.is_none_or(|code| !AUTHENTICATION_CODES.contains(&code))
}

fn error_text(error: &smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_required_beyond_this_machine() {
        for (text, expected) in [
            (
                "smtp://mail.example:587",
                "smtp://mail.example:587?tls=required",
            ),
            (
                "smtp://u:p@mail.example",
                "smtp://u:p@mail.example?tls=required",
            ),
            ("smtp://mail.example?tls=none", "smtp://mail.example"),
            ("smtp://127.0.0.1:1025", "smtp://127.0.0.1:1025"),
            ("smtp://[::1]:1025", "smtp://[::1]:1025"),
            ("smtp://u:p@localhost:1025", "smtp://u:p@localhost:1025"),
            (
                "smtp://127.0.0.1?tls=required",
                "smtp://127.0.0.1?tls=required",
            ),
            ("smtps://mail.example", "smtps://mail.example"),
        ] {
            let url = with_encryption(text).expect("it is valid");
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn unusable_url_tells_what_to_write_but_not_the_password() {
        for (text, expected) in [
            ("mail.example", "smtp://host:587"),
            ("http://mail.example", "smtp:// or smtps://"),
            ("smtp://", "smtp://host:587"),
            (
                "smtp://u:secret@mail.example?tls=none",
                "a password is not sent",
            ),
            ("smtp://u:secret@mail.example?tls=maybe", "?tls=required"),
        ] {
            let error = with_encryption(text).expect_err(text).to_string();
            assert!(
                error.contains(expected) && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn mail_waits_for_a_server_that_is_down() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        let from = "shop@example.com";
        let mailer = crate::Mailer::smtp(&format!("smtp://{address}"), from).expect("valid");
        let mail = crate::Mail {
            to: "ada@example.org".to_owned(),
            subject: "Hello".to_owned(),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        };
        let outcome = mailer.send(&mail, "id-1").await;
        assert!(
            matches!(outcome, Err(MailError::Temporary(_))),
            "{outcome:?}"
        );
    }
}

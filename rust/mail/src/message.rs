//! The form of a mail on the wire.

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{Mail, MailError};

/// Tells programs that answer mails by themselves not to do so (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Builds the message. Line breaks in the subject or in an address cannot add headers: lettre
/// encodes or refuses them.
pub(crate) fn build(mail: &Mail, from: &Mailbox, id: &str) -> Result<Message, MailError> {
    let permanent = |error: String| MailError::Permanent(error);
    let to = mail
        .to
        .parse()
        .map_err(|error| permanent(format!("the address is not valid: {error}")))?;
    let bodies = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    let mut message = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(&mail.subject)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .multipart(bodies)
        .map_err(|error| permanent(error.to_string()))?;
    let value = HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned());
    message.headers_mut().insert_raw(value);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            to: "ada@example.org".to_owned(),
            subject: "Café".to_owned(),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        }
    }

    fn formatted(mail: &Mail) -> Result<String, MailError> {
        let from = "Bindery <shop@example.com>".parse().expect("an address");
        let message = build(mail, &from, "id-1")?;
        Ok(String::from_utf8(message.formatted()).expect("ASCII"))
    }

    #[test]
    fn message_has_both_bodies_and_its_id() {
        let text = formatted(&mail()).expect("it is built");
        for part in [
            "From: Bindery <shop@example.com>\r\n",
            "To: ada@example.org\r\n",
            "Subject: =?utf-8?b?Q2Fmw6k=?=\r\n",
            "Message-ID: <id-1@example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn line_breaks_add_no_header() {
        let injected = "x\r\nBcc: eve@example.org";
        let subject = Mail {
            subject: injected.to_owned(),
            ..mail()
        };
        if let Ok(text) = formatted(&subject) {
            assert!(!text.contains("\r\nBcc:"), "{text}");
        }
        for to in [format!("ada@example.org{injected}"), String::new()] {
            let refused = formatted(&Mail { to, ..mail() });
            assert!(matches!(refused, Err(MailError::Permanent(_))));
        }
    }
}

//! Sends mails by SMTP, or keeps them in a folder for development.
//!
//! A service enqueues a message in its outbox (`store::outbox`) together with the change that
//! causes the mail, and its handler writes the [`Mail`] and calls [`Mailer::send`]. The errors
//! become those of the outbox, so the mail is sent again after a failure that can pass.

#![forbid(unsafe_code)]

mod folder;
mod message;
mod smtp;

use std::path::PathBuf;

pub use folder::{KeptMail, MailFolder};
use lettre::message::Mailbox;
use service::DeliveryError;
pub use smtp::InvalidSmtpUrl;

/// A mail with its text in both forms.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mail {
    /// The address of the recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same text as an HTML document.
    pub html: String,
}

/// Sends mails. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

#[derive(Debug, Clone)]
enum Transport {
    Smtp(smtp::Transport),
    Folder(MailFolder),
}

/// Why mails cannot be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The sender is not an address.
    #[error("the sender {0:?} is no mail address: write Name <name@host>")]
    Sender(String),
    /// The URL of the mail server cannot be used.
    #[error(transparent)]
    Url(#[from] InvalidSmtpUrl),
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Sending it may succeed later.
    #[error("the mail was not sent: {0}")]
    Temporary(String),
    /// It can never be sent: the server refuses it, or the address is none.
    #[error("the mail cannot be sent: {0}")]
    Permanent(String),
}

impl From<MailError> for DeliveryError {
    fn from(error: MailError) -> Self {
        match &error {
            MailError::Temporary(_) => Self::Temporary(error.to_string()),
            MailError::Permanent(_) => Self::Permanent(error.to_string()),
        }
    }
}

impl Mailer {
    /// Sends mails to a server. `from` is the sender, such as `Bindery <shop@example.org>`.
    ///
    /// The URL is `smtps://user:password@host:465` for TLS from the start, or
    /// `smtp://user:password@host:587` for STARTTLS, without which nothing is sent. Servers on
    /// the same machine are used without TLS; others only with `?tls=none`, and then without a
    /// password. The certificates are those of the system (`SSL_CERT_FILE` adds others).
    ///
    /// # Errors
    /// [`InvalidSettings`] if the URL or the sender is not valid.
    pub fn smtp(url: &str, from: &str) -> Result<Self, InvalidSettings> {
        let transport = Transport::Smtp(smtp::connect(url)?);
        Self::new(transport, from)
    }

    /// Keeps mails in a folder, which is created with the first one. Those to addresses in the
    /// domain `invalid` are refused for good.
    ///
    /// # Errors
    /// [`InvalidSettings`] if the sender is not valid.
    pub fn folder(folder: PathBuf, from: &str) -> Result<Self, InvalidSettings> {
        Self::new(Transport::Folder(MailFolder::new(folder)), from)
    }

    fn new(transport: Transport, from: &str) -> Result<Self, InvalidSettings> {
        match from.parse() {
            Ok(from) => Ok(Self { from, transport }),
            Err(_) => Err(InvalidSettings::Sender(from.to_owned())),
        }
    }

    /// The folder in which the mails are kept; `None` if they are sent.
    pub fn kept(&self) -> Option<&MailFolder> {
        match &self.transport {
            Transport::Smtp(_) => None,
            Transport::Folder(folder) => Some(folder),
        }
    }

    /// Sends a mail. `id` identifies it, for example the key of its message in the outbox: a
    /// mail that is sent again has the same Message-ID.
    ///
    /// # Errors
    /// [`MailError`] if it was not sent, or if it is unknown whether it was.
    pub async fn send(&self, mail: &Mail, id: &str) -> Result<(), MailError> {
        // Also what is only kept must be a mail that can be sent.
        let message = message::build(mail, &self.from, id)?;
        match &self.transport {
            Transport::Smtp(transport) => smtp::send(transport, message).await,
            Transport::Folder(folder) => folder.keep(mail, id).await,
        }
    }
}

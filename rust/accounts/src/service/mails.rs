//! The mails of the service. They are committed to the outbox together with the change that
//! causes them, and written when they are delivered.

use askama::Template;
use mail::Mail;
use serde::{Deserialize, Serialize};
use service::{DeliveryError, OutboxHandler};
use store::outbox::{self, Message};

use crate::{Accounts, AccountsError, EmailAddress, Token};

/// The topic of the outbox.
pub(crate) const TOPIC: &str = "account-mails";

/// A mail to be written, as the payload of a message. It contains the token of its link, which
/// is deleted with the message when the mail is sent.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(crate) struct AccountMail {
    pub(crate) to: String,
    /// The name of the owner; may be empty.
    pub(crate) name: String,
    pub(crate) kind: MailKind,
}

/// What a mail says.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(crate) enum MailKind {
    /// Proves that somebody who signs up reads mails to the address.
    Verification { token: String },
    /// Somebody signed up with an address that has an account.
    AddressInUse,
    /// Sets a new password.
    PasswordReset { token: String },
    /// A password was changed or reset.
    PasswordChanged,
    /// The account was deleted.
    AccountDeleted,
    /// Nothing is sent. Without such a message, a request for an address without an account
    /// would take less time.
    None,
}

impl MailKind {
    pub(super) fn verification(token: &Token) -> Self {
        let token = token.expose().to_owned();
        Self::Verification { token }
    }

    pub(super) fn password_reset(token: &Token) -> Self {
        let token = token.expose().to_owned();
        Self::PasswordReset { token }
    }
}

/// The content of both forms of a mail.
struct Content {
    subject: &'static str,
    paragraphs: &'static [&'static str],
    /// The path and the text of a link that is shown after the first paragraph.
    link: Option<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct TextBody<'a> {
    name: &'a str,
    paragraphs: &'a [&'a str],
    link: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct HtmlBody<'a> {
    subject: &'a str,
    name: &'a str,
    paragraphs: &'a [&'a str],
    link: Option<(&'a str, &'a str)>,
}

/// `None` for a mail that is not sent.
fn content(kind: &MailKind) -> Option<Content> {
    let content = match kind {
        MailKind::Verification { token } => Content {
            subject: "Confirm your email address",
            paragraphs: &[
                "Somebody, probably you, wants to open an account with this email address. To \
                 open it, follow this link within 24 hours:",
                "If it was not you, ignore this mail: without the link no account is opened.",
            ],
            link: Some((format!("/verify?token={token}"), "Open my account")),
        },
        MailKind::AddressInUse => Content {
            subject: "You have an account already",
            paragraphs: &[
                "Somebody, probably you, wants to open an account with this email address, \
                 which has one already. Sign in here, or set a new password there if you have \
                 forgotten it:",
                "If it was not you, ignore this mail: nothing has changed.",
            ],
            link: Some(("/sign-in".to_owned(), "Sign in")),
        },
        MailKind::PasswordReset { token } => Content {
            subject: "Set a new password",
            paragraphs: &[
                "Somebody, probably you, wants to set a new password for your account. To do \
                 so, follow this link within an hour:",
                "If it was not you, ignore this mail: your password stays as it is.",
            ],
            link: Some((format!("/reset?token={token}"), "Set a new password")),
        },
        MailKind::PasswordChanged => Content {
            subject: "Your password was changed",
            paragraphs: &[
                "The password of your account was changed, and all other devices were signed \
                 out. If it was not you, set a new password now:",
            ],
            link: Some(("/forgot".to_owned(), "Set a new password")),
        },
        MailKind::AccountDeleted => Content {
            subject: "Your account was deleted",
            paragraphs: &["Your account was deleted, as you have asked. Goodbye!"],
            link: None,
        },
        MailKind::None => return None,
    };
    Some(content)
}

impl AccountMail {
    /// The mail with both bodies; `None` if nothing is sent.
    pub(crate) fn write(&self, shop_url: &str) -> Result<Option<Mail>, askama::Error> {
        let Some(content) = content(&self.kind) else {
            return Ok(None);
        };
        let link = content
            .link
            .map(|(path, label)| (format!("{shop_url}{path}"), label));
        let url = link.as_ref().map(|(url, _)| url.as_str());
        let text = TextBody {
            name: &self.name,
            paragraphs: content.paragraphs,
            link: url,
        };
        let html = HtmlBody {
            subject: content.subject,
            name: &self.name,
            paragraphs: content.paragraphs,
            link: link.as_ref().map(|(url, label)| (url.as_str(), *label)),
        };
        Ok(Some(Mail {
            to: self.to.clone(),
            subject: content.subject.to_owned(),
            text: text.render()?,
            html: html.render()?,
        }))
    }
}

/// Says in words what a message does. The payload has tokens, which nobody may see.
pub(super) fn summarize(payload: &[u8]) -> String {
    let Ok(mail) = serde_json::from_slice::<AccountMail>(payload) else {
        return "An unknown payload".to_owned();
    };
    match content(&mail.kind) {
        Some(content) => format!("Mail to {}: {}", mail.to, content.subject),
        None => format!("No mail: {} has no account", mail.to),
    }
}

impl Accounts {
    /// Sends a mail when the transaction is committed.
    pub(super) async fn enqueue_mail(
        &self,
        transaction: &mut store::Transaction,
        email: &EmailAddress,
        name: &str,
        kind: MailKind,
    ) -> Result<(), AccountsError> {
        let mail = AccountMail {
            to: email.as_str().to_owned(),
            name: name.to_owned(),
            kind,
        };
        let payload = serde_json::to_vec(&mail)
            .map_err(|error| AccountsError::Corrupt(format!("a mail: {error}")))?;
        // A key of its own, so that a mail that cannot be sent holds back no other.
        let key = self.next_id().to_string();
        let now = self.now().as_microsecond();
        outbox::enqueue(transaction, TOPIC, &key, &payload, now).await?;
        Ok(())
    }
}

/// Writes and sends the mails.
pub(crate) struct SendMails(pub(super) Accounts);

impl OutboxHandler for SendMails {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let permanent = |error: String| DeliveryError::Permanent(error);
        let inner = &self.0.inner;
        let mail: AccountMail = serde_json::from_slice(&message.payload)
            .map_err(|error| permanent(format!("an unknown payload: {error}")))?;
        let written = mail
            .write(&inner.options.shop_url)
            .map_err(|error| permanent(format!("a mail cannot be written: {error}")))?;
        let Some(written) = written else {
            return Ok(());
        };
        inner.mailer.send(&written, &message.key).await?;
        Ok(())
    }
}

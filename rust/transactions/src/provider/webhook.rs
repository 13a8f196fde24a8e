//! Webhooks of the payment provider, as an implementation of it reads them.

use http::HeaderMap;
use jiff::Timestamp;
use ring::hmac;

use crate::{RefundId, TransactionId};

/// The header with the time and the signature of a webhook.
const SIGNATURE_HEADER: &str = "bindery-signature";

/// How far the time of a signature may be from the present, in seconds: 5 minutes. It limits how
/// long somebody who has read a webhook can send it again.
pub(crate) const TOLERANCE_SECONDS: i64 = 5 * 60;

/// A webhook as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Webhook<'w> {
    /// The headers of the request.
    pub headers: &'w HeaderMap,
    /// The body, unchanged: signatures are about its bytes.
    pub body: &'w [u8],
}

/// What a webhook is about. What it says is not used: events can be late, repeated and out of
/// order, so Transactions asks the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookSubject {
    /// A charge.
    Charge(TransactionId),
    /// A refund.
    Refund(RefundId),
    /// Something that the bookstore did not ask for, or an event of a later version.
    Unknown,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhook {
    /// No secret was configured, or the provider has no webhooks.
    #[error("webhooks are not configured")]
    NotConfigured,
    /// The header with the signature is missing or malformed.
    #[error("send one header Bindery-Signature: t=SECONDS,v1=HEX")]
    SignatureMalformed,
    /// The time of the signature is too far from the present.
    #[error("the signature was made at {signed_at}, which is more than 5 minutes from {now}")]
    TooOld {
        /// When it was signed, in seconds since 1970.
        signed_at: i64,
        /// The present, in seconds since 1970.
        now: i64,
    },
    /// The signature was made with another secret, or for another body or time.
    #[error("the signature is not that of the secret, the time and the body")]
    SignatureWrong,
    /// The body is signed but cannot be read.
    #[error("the body cannot be read: {0}")]
    Body(String),
}

/// The secret that this process and the provider share.
#[derive(Debug, Clone)]
pub(super) struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    pub(super) fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// Checks the signature of a webhook: HMAC-SHA256 over its time, a dot and its body. There
    /// may be several signatures, so that the provider can change the secret; one is enough.
    pub(super) fn verify(
        &self,
        webhook: &Webhook<'_>,
        now: Timestamp,
    ) -> Result<(), InvalidWebhook> {
        let mut values = webhook.headers.get_all(SIGNATURE_HEADER).iter();
        let header = match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        };
        let header = header.ok_or(InvalidWebhook::SignatureMalformed)?;
        let (mut signed_at, mut tags) = (None, Vec::new());
        for part in header.split(',') {
            match part.split_once('=') {
                Some(("t", seconds)) if signed_at.is_none() => signed_at = Some(seconds),
                Some(("v1", hex)) => tags.extend(from_hex(hex)),
                // Signatures of later versions.
                Some((name, _)) if name != "t" => {}
                _ => return Err(InvalidWebhook::SignatureMalformed),
            }
        }
        let seconds = signed_at.ok_or(InvalidWebhook::SignatureMalformed)?;
        let mut message = format!("{seconds}.").into_bytes();
        message.extend_from_slice(webhook.body);
        // `verify` takes the same time for every wrong tag.
        let signed = |tag: &Vec<u8>| hmac::verify(&self.0, &message, tag).is_ok();
        if !tags.iter().any(signed) {
            return Err(InvalidWebhook::SignatureWrong);
        }
        let (signed_at, now) = (
            seconds
                .parse()
                .map_err(|_| InvalidWebhook::SignatureMalformed)?,
            now.as_second(),
        );
        if now.abs_diff(signed_at) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(InvalidWebhook::TooOld { signed_at, now });
        }
        Ok(())
    }
}

/// The bytes of a tag; `None` if it is not written in pairs of hexadecimal digits.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}

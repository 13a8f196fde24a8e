//! Writes the mails of receipts when they are delivered, so that a mail shows the refunds that
//! were made until then.

use askama::Template;
use jiff::Timestamp;
use mail::Mail;
use service::{DeliveryError, Money, OutboxHandler};
use store::outbox::Message;
use uuid::Uuid;

use crate::{Transaction, TransactionId, Transactions, TransactionsError, money};

/// What a receipt shows.
struct Receipt {
    subject: String,
    reference: String,
    amount: String,
    method_label: String,
    date: String,
    transaction_id: TransactionId,
    refunds: Vec<RefundLine>,
    /// What is left of the amount after the refunds.
    rest: String,
}

struct RefundLine {
    amount: String,
    date: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "receipt.txt")]
struct TextBody<'r> {
    receipt: &'r Receipt,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct HtmlBody<'r> {
    receipt: &'r Receipt,
}

/// The receipt of a charge as it is now, for an address.
pub(crate) fn write(transaction: &Transaction, to: &str) -> Result<Mail, askama::Error> {
    let currency_code = &transaction.amount.currency_code;
    let amount = |amount_minor| {
        money::for_people(&Money {
            currency_code: currency_code.clone(),
            amount_minor,
        })
    };
    let refunds = transaction.refunds.iter().map(|refund| RefundLine {
        amount: amount(refund.amount_minor),
        date: date(refund.create_time),
        reason: refund.reason.clone(),
    });
    let paid_minor = transaction.amount.amount_minor;
    let receipt = Receipt {
        subject: format!("Your receipt: {}", transaction.reference),
        reference: transaction.reference.clone(),
        amount: amount(paid_minor),
        method_label: transaction.method_label.clone(),
        date: date(transaction.create_time),
        transaction_id: transaction.transaction_id,
        refunds: refunds.collect(),
        rest: amount(paid_minor - transaction.refunded_minor()),
    };
    let text = TextBody { receipt: &receipt }.render()?;
    let html = HtmlBody { receipt: &receipt }.render()?;
    Ok(Mail {
        to: to.to_owned(),
        subject: receipt.subject,
        text,
        html,
    })
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Sends the receipts of the outbox.
pub(crate) struct SendReceipts(pub(super) Transactions);

impl OutboxHandler for SendReceipts {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let permanent = |error: String| DeliveryError::Permanent(error);
        let id = Uuid::from_slice(&message.payload)
            .map_err(|error| permanent(format!("an unknown payload: {error}")))?;
        let found = self.0.transaction(TransactionId(id), None).await;
        let transaction = found.map_err(|error| match error {
            TransactionsError::Store(error) => DeliveryError::Temporary(error.to_string()),
            error => permanent(error.to_string()),
        })?;
        let to = transaction.receipt_email.as_deref();
        let to = to.ok_or_else(|| permanent("the charge has no address".to_owned()))?;
        let mail = write(&transaction, to)
            .map_err(|error| permanent(format!("a receipt cannot be written: {error}")))?;
        service::crash_point!();
        self.0.inner.mailer.send(&mail, &message.key).await?;
        service::crash_point!();
        Ok(())
    }
}

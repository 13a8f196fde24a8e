//! Conversions of domain types to messages.

use contract::bookstore::transactions::v1 as contract_v1;
use service::{Money, convert};

use crate::{
    AccountPayment, DeclineReason, Payment, PaymentAction, PaymentResolution, Refund, Transaction,
    TransactionState,
};

pub(super) fn refund_to_proto(refund: Refund, currency_code: &str) -> contract_v1::Refund {
    let amount = Money {
        currency_code: currency_code.to_owned(),
        amount_minor: refund.amount_minor,
    };
    contract_v1::Refund {
        refund_id: refund.refund_id.to_string(),
        amount: Some(amount.into()),
        reason: refund.reason,
        create_time: Some(convert::timestamp_to_proto(refund.create_time)),
    }
}

impl From<TransactionState> for contract_v1::TransactionState {
    fn from(state: TransactionState) -> Self {
        match state {
            TransactionState::Charged => Self::Charged,
            TransactionState::Declined(_) => Self::Declined,
            TransactionState::PartlyRefunded => Self::PartlyRefunded,
            TransactionState::Refunded => Self::Refunded,
        }
    }
}

impl From<DeclineReason> for contract_v1::DeclineReason {
    fn from(reason: DeclineReason) -> Self {
        match reason {
            DeclineReason::Refused => Self::Refused,
            DeclineReason::InsufficientFunds => Self::InsufficientFunds,
            DeclineReason::MethodExpired => Self::MethodExpired,
            DeclineReason::MethodUnknown => Self::MethodUnknown,
        }
    }
}

/// The longest reason of the contract, in characters.
const MAX_REASON: usize = 1000;

impl From<Payment> for contract_v1::Payment {
    fn from(payment: Payment) -> Self {
        let reason = payment.parked_reason.unwrap_or_default();
        let parked_refund = payment.parked_refund.map(|refund| {
            let amount = Money {
                currency_code: payment.amount.currency_code.clone(),
                amount_minor: refund.amount_minor,
            };
            contract_v1::ParkedRefund {
                refund_id: refund.refund_id.to_string(),
                amount: Some(amount.into()),
                request_time: Some(convert::timestamp_to_proto(refund.requested_at)),
            }
        });
        Self {
            transaction_id: payment.transaction_id.to_string(),
            reference: payment.reference,
            amount: Some(payment.amount.into()),
            transaction: payment.transaction.map(Into::into),
            parked_reason: reason.chars().take(MAX_REASON).collect(),
            parked_refund,
            resolutions: payment.resolutions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<PaymentResolution> for contract_v1::PaymentResolution {
    fn from(decision: PaymentResolution) -> Self {
        let action = match decision.action {
            PaymentAction::Retry => contract_v1::PaymentAction::Retry,
            PaymentAction::MarkSucceeded => contract_v1::PaymentAction::MarkSucceeded,
            PaymentAction::MarkFailed => contract_v1::PaymentAction::MarkFailed,
        };
        let refund_id = decision.refund_id.map(|id| id.to_string());
        let reason = decision.parked_reason;
        Self {
            resolution_id: decision.resolution_id.to_string(),
            transaction_id: decision.transaction_id.to_string(),
            refund_id: refund_id.unwrap_or_default(),
            action: action.into(),
            operator_name: decision.operator_name,
            note: decision.note,
            parked_reason: reason.chars().take(MAX_REASON).collect(),
            create_time: Some(convert::timestamp_to_proto(decision.resolved_at)),
        }
    }
}

impl From<Transaction> for contract_v1::Transaction {
    fn from(transaction: Transaction) -> Self {
        let state = contract_v1::TransactionState::from(transaction.state());
        let decline_reason = transaction
            .decline_reason
            .map_or(contract_v1::DeclineReason::Unspecified, Into::into);
        let refunded = Money {
            currency_code: transaction.amount.currency_code.clone(),
            amount_minor: transaction.refunded_minor(),
        };
        let currency_code = &transaction.amount.currency_code;
        let refunds = transaction.refunds.into_iter();
        let refunds = refunds.map(|refund| refund_to_proto(refund, currency_code));
        Self {
            transaction_id: transaction.transaction_id.to_string(),
            account_id: transaction
                .account_id
                .map(|account_id| account_id.to_string())
                .unwrap_or_default(),
            reference: transaction.reference,
            state: state.into(),
            decline_reason: decline_reason.into(),
            method_label: transaction.method_label,
            receipt_email: transaction.receipt_email.unwrap_or_default(),
            refunds: refunds.collect(),
            refunded_amount: Some(refunded.into()),
            create_time: Some(convert::timestamp_to_proto(transaction.create_time)),
            amount: Some(transaction.amount.into()),
        }
    }
}

impl From<AccountPayment> for contract_v1::AccountPayment {
    fn from(payment: AccountPayment) -> Self {
        let resent = payment.resent_at.into_iter();
        Self {
            transaction_id: payment.transaction_id.to_string(),
            reference: payment.reference,
            amount: Some(payment.amount.into()),
            request_time: Some(convert::timestamp_to_proto(payment.requested_at)),
            receipt_email: payment.receipt_email.unwrap_or_default(),
            transaction: payment.transaction.map(Into::into),
            receipt_resend_times: resent.map(convert::timestamp_to_proto).collect(),
        }
    }
}

//! Conversions of domain types to messages.

use contract::bookstore::{cart::v1 as contract_v1, transactions::v1 as transactions_v1};
use service::{Money, convert};

use crate::{
    Cart, CartItem, CartLine, CartOwner, DeclineReason, OperatorOrder, Order, OrderFailure,
    OrderLine, OrderResolution, OrderState, Purchase, Resolution,
};

impl From<Cart> for contract_v1::Cart {
    fn from(cart: Cart) -> Self {
        let cart_id = match cart.owner {
            CartOwner::Guest(cart_id) => cart_id.to_string(),
            CartOwner::Account(_) => String::new(),
        };
        Self {
            cart_id,
            subtotals: cart.subtotals().into_iter().map(Into::into).collect(),
            etag: cart.etag(),
            lines: cart.lines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<CartLine> for contract_v1::CartLine {
    fn from(line: CartLine) -> Self {
        Self {
            book_id: line.item.book_id.0,
            title: line.title,
            quantity: line.item.quantity,
            unit_price: Some(line.unit_price.into()),
            available: line.available,
        }
    }
}

impl From<CartItem> for contract_v1::CartItem {
    fn from(item: CartItem) -> Self {
        Self {
            book_id: item.book_id.0,
            quantity: item.quantity,
        }
    }
}

/// The longest reason of the contract, in characters.
const MAX_REASON: usize = 1000;

impl From<OperatorOrder> for contract_v1::OperatorOrder {
    fn from(OperatorOrder { order, resolutions }: OperatorOrder) -> Self {
        let reason = order.parked_reason.clone().unwrap_or_default();
        Self {
            order: Some(order.into()),
            parked_reason: reason.chars().take(MAX_REASON).collect(),
            resolutions: resolutions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Purchase> for contract_v1::Purchase {
    fn from(purchase: Purchase) -> Self {
        let book_ids = purchase.book_ids.into_iter();
        Self {
            order_id: purchase.order_id.to_string(),
            account_id: purchase.account_id.to_string(),
            book_ids: book_ids.map(|book_id| book_id.0).collect(),
            paid: purchase.paid,
        }
    }
}

impl From<OrderResolution> for contract_v1::OrderResolution {
    fn from(decision: OrderResolution) -> Self {
        let charge = decision.resolution.transaction_id();
        let action = match decision.resolution {
            Resolution::Retry => contract_v1::ResolutionAction::Retry,
            Resolution::Cancel => contract_v1::ResolutionAction::Cancel,
            Resolution::MarkPaid { .. } => contract_v1::ResolutionAction::MarkPaid,
            Resolution::MarkNotPaid => contract_v1::ResolutionAction::MarkNotPaid,
        };
        let reason = decision.parked_reason;
        Self {
            resolution_id: decision.resolution_id.to_string(),
            order_id: decision.order_id.to_string(),
            action: action.into(),
            transaction_id: charge.map(|id| id.to_string()).unwrap_or_default(),
            operator_name: decision.operator_name,
            note: decision.note,
            parked_reason: reason.chars().take(MAX_REASON).collect(),
            create_time: Some(convert::timestamp_to_proto(decision.resolved_at)),
        }
    }
}

impl From<OrderState> for contract_v1::OrderState {
    fn from(state: OrderState) -> Self {
        match state {
            OrderState::Placed => Self::Placed,
            OrderState::Paid => Self::Paid,
            OrderState::Shipped => Self::Shipped,
            OrderState::Cancelled => Self::Cancelled,
            OrderState::Failed => Self::Failed,
        }
    }
}

fn failure_to_proto(failure: Option<OrderFailure>) -> contract_v1::OrderFailure {
    match failure {
        None => contract_v1::OrderFailure::Unspecified,
        Some(OrderFailure::PaymentDeclined) => contract_v1::OrderFailure::PaymentDeclined,
        Some(OrderFailure::PaymentUnanswered) => contract_v1::OrderFailure::PaymentUnanswered,
        Some(OrderFailure::ReservationLost) => contract_v1::OrderFailure::ReservationLost,
    }
}

fn decline_reason_to_proto(reason: Option<DeclineReason>) -> transactions_v1::DeclineReason {
    match reason {
        None => transactions_v1::DeclineReason::Unspecified,
        Some(DeclineReason::Refused) => transactions_v1::DeclineReason::Refused,
        Some(DeclineReason::InsufficientFunds) => transactions_v1::DeclineReason::InsufficientFunds,
        Some(DeclineReason::MethodExpired) => transactions_v1::DeclineReason::MethodExpired,
        Some(DeclineReason::MethodUnknown) => transactions_v1::DeclineReason::MethodUnknown,
    }
}

impl From<OrderLine> for contract_v1::OrderLine {
    fn from(line: OrderLine) -> Self {
        Self {
            book_id: line.item.book_id.0,
            title: line.title,
            quantity: line.item.quantity,
            unit_price: Some(line.unit_price.into()),
        }
    }
}

impl From<Order> for contract_v1::Order {
    fn from(order: Order) -> Self {
        let refunded = order.refunded_minor.map(|amount_minor| Money {
            currency_code: order.total.currency_code.clone(),
            amount_minor,
        });
        let transaction_id = order.transaction_id.map(|id| id.to_string());
        Self {
            order_id: order.order_id.to_string(),
            account_id: order.account_id.to_string(),
            lines: order.lines.into_iter().map(Into::into).collect(),
            total: Some(order.total.into()),
            shipping_address: Some(order.address.into()),
            state: contract_v1::OrderState::from(order.state).into(),
            failure: failure_to_proto(order.failure).into(),
            decline_reason: decline_reason_to_proto(order.decline_reason).into(),
            reservation_id: order.reservation_id.to_string(),
            transaction_id: transaction_id.unwrap_or_default(),
            refunded_amount: refunded.map(Into::into),
            create_time: Some(convert::timestamp_to_proto(order.created_at)),
            update_time: Some(convert::timestamp_to_proto(order.updated_at)),
            tracking_number: order.tracking_number.unwrap_or_default(),
        }
    }
}

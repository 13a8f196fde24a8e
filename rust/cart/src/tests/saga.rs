//! The state machine of an order, without any I/O: the snapshot shows every state that an order
//! can reach, its next step, and what each event changes.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use service::{AccountId, Address, Money};
use uuid::Uuid;

use crate::{
    CartItem, CartItems, ChargeState, DeclineReason, Event, HoldState, LinesBack, Order, OrderId,
    OrderLine, OrderState, Step,
};

const TOTAL: i64 = 500;

fn charge_id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn placed(total: i64) -> Order {
    let usd = |amount_minor| Money {
        currency_code: "USD".to_owned(),
        amount_minor,
    };
    Order {
        order_id: OrderId(Uuid::from_u128(10)),
        account_id: AccountId(Uuid::from_u128(11)),
        lines: vec![OrderLine {
            item: CartItem {
                book_id: service::BookId(7),
                quantity: 2,
            },
            title: "A book".to_owned(),
            unit_price: usd(total / 2),
        }],
        total: usd(total),
        address: Address {
            recipient: "Ada Lovelace".to_owned(),
            street_lines: vec!["12 St James's Square".to_owned()],
            city: "London".to_owned(),
            region: String::new(),
            postal_code: "SW1Y 4JH".to_owned(),
            country_code: "GB".to_owned(),
        },
        payment_token: "tok_visa".to_owned(),
        receipt_email: "ada@example.org".to_owned(),
        state: OrderState::Placed,
        failure: None,
        decline_reason: None,
        reservation_id: Uuid::from_u128(12),
        hold_until: Timestamp::UNIX_EPOCH,
        hold: HoldState::Held,
        charge: ChargeState::None,
        transaction_id: None,
        refunded_minor: None,
        parked_reason: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        waiting_since: Timestamp::UNIX_EPOCH,
        tracking_number: None,
    }
}

/// Something that happens to an order.
#[derive(Debug, Clone)]
enum Action {
    Apply(Event),
    Cancel,
    Ship,
}

fn events() -> Vec<Event> {
    let declined = Event::Declined {
        transaction_id: Some(charge_id(1)),
        reason: DeclineReason::MethodExpired,
    };
    vec![
        Event::ChargeRequested,
        charged(1),
        charged(2),
        declined,
        Event::Unanswered,
        Event::Committed,
        Event::ReservationLost,
        Event::Released,
        Event::Refunded {
            amount_minor: TOTAL,
        },
        Event::Parked {
            reason: "no answer".to_owned(),
        },
    ]
}

fn charged(number: u128) -> Event {
    Event::Charged {
        transaction_id: charge_id(number),
    }
}

/// Whether a step can end with this event.
fn can_follow(step: Step, event: &Event) -> bool {
    match event {
        Event::ChargeRequested => step == Step::RequestCharge,
        Event::Charged { transaction_id } => {
            matches!(step, Step::Charge | Step::Settle) && *transaction_id == charge_id(1)
        }
        Event::Declined { .. } => matches!(step, Step::Charge | Step::Settle),
        Event::Unanswered => matches!(step, Step::RequestCharge | Step::Charge),
        Event::Committed => matches!(step, Step::Commit | Step::Release),
        Event::ReservationLost => step == Step::Commit,
        Event::Released => step == Step::Release,
        Event::Refunded { .. } => step == Step::Refund,
        // Nothing happens to a parked order.
        Event::Parked { .. } => false,
    }
}

/// The order after an action at a later time, and whether its lines go back into the cart;
/// `None` if the action is refused.
fn after(order: &Order, action: &Action) -> Option<(Order, bool)> {
    let mut order = order.clone();
    let now = Timestamp::from_second(60).expect("a time");
    let before = order.clone();
    let lines_back = match action {
        Action::Apply(event) => {
            let LinesBack(lines_back) = order.apply(event, now);
            lines_back
        }
        Action::Cancel => order.cancel(now).map(|()| false).ok()?,
        Action::Ship => order.ship(None, now).map(|()| false).ok()?,
    };
    let since = if order == before {
        before.waiting_since
    } else {
        now
    };
    assert_eq!(order.waiting_since, since, "{action:?} of {before:?}");
    let visible = |order: &Order| (order.state, order.transaction_id, order.refunded_minor);
    let seen_at = if visible(&order) == visible(&before) {
        before.updated_at
    } else {
        now
    };
    assert_eq!(order.updated_at, seen_at, "{action:?} of {before:?}");
    // Time does not make another state.
    order.waiting_since = before.created_at;
    order.updated_at = before.created_at;
    Some((order, lines_back))
}

fn describe(order: &Order) -> String {
    let mut text = format!(
        "{:?}, {:?}, charge {:?}",
        order.state, order.hold, order.charge
    );
    let mut add = |name, value: Option<String>| {
        if let Some(value) = value {
            text += &format!(", {name} {value}");
        }
    };
    add("failure", order.failure.map(|it| format!("{it:?}")));
    add("reason", order.decline_reason.map(|it| format!("{it:?}")));
    add(
        "as",
        order.transaction_id.map(|it| it.as_u128().to_string()),
    );
    add("refunded", order.refunded_minor.map(|it| it.to_string()));
    add("PARKED:", order.parked_reason.clone());
    text
}

fn name(action: &Action) -> String {
    match action {
        Action::Apply(Event::Charged { transaction_id }) => {
            format!("Charged as {}", transaction_id.as_u128())
        }
        Action::Apply(event) => {
            let text = format!("{event:?}");
            text.split([' ', '{']).next().unwrap_or_default().to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// Every state that an order can reach, with all actions that change it. Actions that cannot
/// happen in a state, such as the answer of a step that is not taken, are shown as well, but
/// not followed.
fn reachable(first: Order) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(order) = queue.pop_front() {
        let key = describe(&order);
        if table.contains_key(&key) {
            continue;
        }
        let mut rows = match order.next_step() {
            Some(step) => format!("  next step: {step:?}\n"),
            None => "  no next step\n".to_owned(),
        };
        if order.is_final() {
            rows += "  final for the buyer\n";
        }
        let events = events().into_iter().map(Action::Apply);
        for action in events.chain([Action::Cancel, Action::Ship]) {
            let Some((next, lines_back)) = after(&order, &action) else {
                rows += &format!("  {}: refused\n", name(&action));
                continue;
            };
            if next != order {
                let note = if lines_back { " (lines back)" } else { "" };
                rows += &format!("  {} -> {}{note}\n", name(&action), describe(&next));
            } else {
                assert!(!lines_back, "{action:?} of {order:?}");
            }
            let answer = |event| {
                order
                    .next_step()
                    .is_some_and(|step| can_follow(step, event))
            };
            let happens = match &action {
                Action::Apply(event) => answer(event),
                _ => true,
            };
            if happens {
                queue.push_back(next);
            }
            // The buyer may cancel before the answer of a step comes.
            if let Action::Apply(event) = &action
                && answer(event)
                && let Some((cancelled, _)) = after(&order, &Action::Cancel)
                && let Some((next, _)) = after(&cancelled, &action)
            {
                queue.push_back(next);
            }
        }
        table.insert(key, rows);
    }
    table
}

fn text(table: &BTreeMap<String, String>) -> String {
    let rows = table.iter().map(|(state, rows)| format!("{state}\n{rows}"));
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn states_of_an_order_that_costs_something() {
    insta::assert_snapshot!(text(&reachable(placed(TOTAL))));
}

#[test]
fn states_of_an_order_that_costs_nothing() {
    insta::assert_snapshot!(text(&reachable(placed(0))));
}

#[test]
fn parked_order_has_no_next_step_and_keeps_its_first_reason() {
    let mut order = placed(TOTAL);
    let park = |reason: &str| Event::Parked {
        reason: reason.to_owned(),
    };
    for reason in ["no answer", "another reason"] {
        let _ = order.apply(&park(reason), order.created_at);
        assert_eq!(order.parked_reason.as_deref(), Some("no answer"));
        assert_eq!(order.next_step(), None);
    }
}

#[test]
fn order_as_placed_forgets_what_has_happened() {
    let first = placed(TOTAL);
    let mut order = first.clone();
    let now = Timestamp::from_second(60).expect("a time");
    for event in events() {
        let _ = order.apply(&event, now);
    }
    let _ = order.cancel(now);
    order.refunded_minor = Some(TOTAL);
    order.failure = Some(crate::OrderFailure::ReservationLost);
    order.decline_reason = Some(DeclineReason::Refused);
    assert_eq!(order.as_placed(), first);
}

#[test]
fn items_of_an_order_are_those_of_its_lines() {
    let items: CartItems = [CartItem {
        book_id: service::BookId(7),
        quantity: 2,
    }]
    .into_iter()
    .collect();
    assert_eq!(placed(TOTAL).items(), items);
}

#[test]
fn numbers_and_names_of_the_states_are_those_of_the_contract() {
    use contract::bookstore::{cart::v1 as cart, transactions::v1 as transactions};
    for number in 0..10 {
        let state = OrderState::from_number(number);
        let expected = cart::OrderState::try_from(number as i32).ok();
        let expected = expected.filter(|_| number != 0);
        assert_eq!(
            state.map(OrderState::as_str_name),
            expected.map(|it| it.as_str_name())
        );
        let reason = DeclineReason::from_number(number).map(|reason| reason as i32);
        let expected = transactions::DeclineReason::try_from(number as i32).ok();
        assert_eq!(reason, expected.filter(|_| number != 0).map(i32::from));
    }
    for (number, charge) in [
        (0, ChargeState::None),
        (1, ChargeState::Requested),
        (2, ChargeState::Charged),
        (3, ChargeState::Declined),
    ] {
        assert_eq!(ChargeState::from_number(number), Some(charge));
    }
    for (number, hold) in [
        (1, HoldState::Held),
        (2, HoldState::Committed),
        (3, HoldState::Released),
    ] {
        assert_eq!(HoldState::from_number(number), Some(hold));
    }
    assert_eq!(ChargeState::from_number(4), None);
    assert_eq!(HoldState::from_number(0), None);
}

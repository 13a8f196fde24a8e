//! The work in the background: the messages of the outboxes, and the orders that are not finished.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    exposition::{label, parse_series},
    notable_calls,
};

/// What the processes whose metrics the monitor reads have left to do. Processes that share a
/// database report the same, so the largest number of each series counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Background {
    /// The outboxes by topic.
    pub topics: BTreeMap<String, Topic>,
    /// The orders that have a next step, by state.
    pub orders: BTreeMap<String, f64>,
    /// The orders that wait for the operator; `None` if nobody reports them.
    pub parked_orders: Option<f64>,
    /// The addresses to which calls fail at once, because they do not answer.
    pub open_breakers: Vec<String>,
}

/// The messages of one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Topic {
    /// Messages that are not delivered yet, without the dead ones.
    pub pending: f64,
    /// Messages that are delivered no more.
    pub dead: f64,
    /// The age of the oldest pending message.
    pub oldest_seconds: f64,
}

impl Topic {
    /// The age of the oldest pending message, for people.
    pub fn oldest(&self) -> String {
        notable_calls::age(self.oldest_seconds as u64)
    }

    /// Whether somebody has to look at it.
    pub fn has_dead(&self) -> bool {
        self.dead > 0.0
    }
}

/// Reads the gauges. Other lines are skipped.
pub(super) fn parse(text: &str) -> Background {
    let mut background = Background::default();
    for line in text.lines() {
        if !["outbox_", "cart_orders_", "grpc_client_breaker_state"]
            .iter()
            .any(|start| line.starts_with(start))
        {
            continue;
        }
        let Some((name, labels, value)) = parse_series(line) else {
            continue;
        };
        let named = |name| label(&labels, name).unwrap_or_default().to_owned();
        match name {
            "outbox_pending" | "outbox_dead" | "outbox_oldest_age_seconds" => {
                let topic = background.topics.entry(named("topic")).or_default();
                let largest = match name {
                    "outbox_pending" => &mut topic.pending,
                    "outbox_dead" => &mut topic.dead,
                    _ => &mut topic.oldest_seconds,
                };
                raise(largest, value);
            }
            "cart_orders_in_progress" => {
                raise(background.orders.entry(named("state")).or_default(), value);
            }
            "cart_orders_parked" => raise(background.parked_orders.get_or_insert(0.0), value),
            "grpc_client_breaker_state" if value == 1.0 && named("state") != "closed" => {
                background.open_breakers.push(named("address"));
            }
            _ => {}
        }
    }
    background.open_breakers.sort();
    background.open_breakers.dedup();
    background
}

fn raise(largest: &mut f64, value: f64) {
    *largest = largest.max(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_number_of_each_series_counts() {
        let text = r#"
# TYPE outbox_pending gauge
outbox_pending{topic="orders"} 3
outbox_pending{topic="orders"} 2
outbox_dead{topic="orders"} 1
outbox_oldest_age_seconds{topic="orders"} 12.5
outbox_pending{topic="receipts"} 0
cart_orders_in_progress{state="placed"} 3
cart_orders_in_progress{state="failed"} 0
cart_orders_parked 2
cart_orders_total{state="paid"} 70
grpc_client_breaker_state{address="b:1",state="closed"} 0
grpc_client_breaker_state{address="b:1",state="open"} 1
grpc_client_breaker_state{address="a:1",state="closed"} 1
"#;
        let background = parse(text);
        let orders = Topic {
            pending: 3.0,
            dead: 1.0,
            oldest_seconds: 12.5,
        };
        assert_eq!(background.topics["orders"], orders);
        assert_eq!(background.topics["receipts"], Topic::default());
        assert_eq!(background.orders["placed"], 3.0);
        assert_eq!(background.parked_orders, Some(2.0));
        assert_eq!(background.open_breakers, ["b:1"]);
        assert_eq!(parse(""), Background::default());
    }
}

//! A flood of violations: as many as a request can hold, and the answer still fits
//! through proxies. Source: PROTOCOL-HTTP2.md, Responses, for 8 KiB.

use prost_reflect::{Cardinality, DynamicMessage, Kind, Value};

use super::{Context, Observed, Served};
use crate::case::{Case, Expect, Phase, Send};

/// Items in the list: what most contracts allow, and what an attacker sends.
const ITEMS: [usize; 2] = [50, 1000];

/// Fewer violations than that are no flood.
const FEW: usize = 20;

pub(super) async fn run(context: &Context<'_>, served: &Served<'_>, observed: &mut Observed) {
    let method = served.method;
    let lists = method.descriptor.input().fields().collect::<Vec<_>>();
    let lists = lists
        .iter()
        .filter(|field| field.cardinality() == Cardinality::Repeated && !field.is_map());
    for list in lists {
        for items in ITEMS {
            let item = match list.kind() {
                Kind::Message(message) => Value::Message(DynamicMessage::new(message)),
                kind => kind.default_value(),
            };
            let mut request = served.valid[0].clone();
            request.set_field(list, Value::List(vec![item; items]));
            let Ok(due) = context.oracle.stable_violations(&request) else {
                continue;
            };
            if due.len() < FEW {
                continue;
            }
            let case = Case {
                id: format!("behaviour/flood/{}/{items}", list.name()),
                method: method.path.clone(),
                phase: Phase::Behaviour,
                intent: format!(
                    "{items} empty items in {}, which break {} rules",
                    list.name(),
                    due.len()
                ),
                exercises: Vec::new(),
                send: Send::Messages(vec![request]),
                expect: Expect::Refused(due.into_iter().collect()),
            };
            context.try_case(&case, observed).await;
        }
    }
}

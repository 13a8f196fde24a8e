//! Requests with very many violations: the trailers of the answer must still be small
//! enough for proxies. Source of the limit of 8 KiB: PROTOCOL-HTTP2.md, Responses.

use prost_reflect::{Cardinality, DynamicMessage, Kind, Value};

use super::{Context, ScenarioResults, ServedMethod};
use crate::case::{Case, Expect, Payload, Phase};

/// The numbers of list items to send: one that most contracts allow, and one that an
/// attacker would send.
const LIST_LENGTHS: [usize; 2] = [50, 1000];

/// Requests with fewer violations are not sent.
const MIN_VIOLATIONS: usize = 20;

pub(super) async fn run(
    context: &Context<'_>,
    served: &ServedMethod<'_>,
    results: &mut ScenarioResults,
) {
    let method = served.method;
    let lists = method.descriptor.input().fields().collect::<Vec<_>>();
    let lists = lists
        .iter()
        .filter(|field| field.cardinality() == Cardinality::Repeated && !field.is_map());
    for list in lists {
        for items in LIST_LENGTHS {
            let item = match list.kind() {
                Kind::Message(message) => Value::Message(DynamicMessage::new(message)),
                kind => kind.default_value(),
            };
            let mut request = served.valid[0].clone();
            request.set_field(list, Value::List(vec![item; items]));
            let Ok(Expect::Refused(due)) = context.oracle.expectation([&request]) else {
                continue;
            };
            if due.len() < MIN_VIOLATIONS {
                continue;
            }
            let case = Case {
                id: format!("behaviour/many-violations/{}/{items}", list.name()),
                method: method.path.clone(),
                phase: Phase::Behaviour,
                intent: format!(
                    "{items} empty items in {}, which break {} rules",
                    list.name(),
                    due.len()
                ),
                exercises: Vec::new(),
                send: Payload::Messages(vec![request]),
                expect: Expect::Refused(due),
            };
            context.try_case(&case, results).await;
        }
    }
}

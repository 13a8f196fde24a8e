//! Reads: what was created is found as it was created and changed, and by its owner only.

use prost_reflect::{DynamicMessage, ReflectMessage as _};

use super::{
    calls::{Answered, settled},
    execution::{Execution, Violation, check, returned, violation},
    resource::Role,
    slot::{Slot, State},
};
use crate::{finding::Step, judge::describe_outcome};

type Judged = Result<(), Violation>;

impl Execution<'_> {
    pub(super) async fn get(&mut self, step: Step) -> Judged {
        let get = &self.subject.resource.get;
        let Some(slot) = self.slots.get(&step.slot) else {
            return Ok(());
        };
        if slot.state == State::Unknown {
            return Ok(());
        }
        let Some(request) = self.subject.requests.about(get, &slot.key) else {
            return Ok(());
        };
        if slot.by_other != step.by_other {
            let slot = slot.clone();
            let number = Some(step.slot);
            let answered = self
                .recorder
                .call(get, &request, step.by_other, number)
                .await;
            check(get, &answered)?;
            return self.check_hidden(get, &slot, answered.response.as_ref());
        }
        let before = self.recorder.calls.len();
        settled(self.subject.settle, async || {
            self.recorder.forget_after(before);
            let number = Some(step.slot);
            let answered = self
                .recorder
                .call(get, &request, step.by_other, number)
                .await;
            check(get, &answered)?;
            self.check_read(step.slot, &answered)
        })
        .await
    }

    /// The answer to the owner of a resource.
    fn check_read(&mut self, number: usize, answered: &Answered) -> Judged {
        let resource = self.subject.resource;
        let get = &resource.get;
        let Some(slot) = self.slots.get_mut(&number) else {
            return Ok(());
        };
        let returned = answered.response.as_ref().and_then(|it| returned(get, it));
        if slot.state == State::Deleted {
            let Some(returned) = returned else {
                return Ok(());
            };
            // A resource that is only marked as deleted has changed.
            let unchanged = slot.current.as_ref().is_none_or(|it| *it == returned);
            let restored = slot.outdated(&returned).is_some();
            if unchanged || restored || !has_deletion_mark(&returned) {
                let expected = "NOT_FOUND: it was deleted".to_owned();
                return Err(violation(
                    "deleted",
                    get,
                    expected,
                    format!("OK with {returned}"),
                ));
            }
            return Ok(());
        }
        if answered.is_not_found() {
            let expected = "OK with the resource that was created".to_owned();
            let observed = describe_outcome(&answered.outcome);
            return Err(violation("found", get, expected, observed));
        }
        let difference = returned.and_then(|returned| slot.compare(resource, &returned));
        difference.map_or(Ok(()), |difference| {
            let (expected, observed) = (difference.expected, difference.observed);
            Err(violation(difference.claim, get, expected, observed))
        })
    }

    /// Checks that a response to another caller does not contain the resource.
    pub(super) fn check_hidden(
        &self,
        role: &Role<'_>,
        slot: &Slot,
        response: Option<&DynamicMessage>,
    ) -> Judged {
        let shown = response.and_then(|response| returned(role, response));
        let resource = self.subject.resource;
        let leaked = shown.filter(|it| slot.is_shown_in(resource, it));
        match leaked.filter(|_| self.subject.is_private) {
            None => Ok(()),
            Some(leaked) => {
                let expected =
                    "NOT_FOUND or PERMISSION_DENIED: another caller created it".to_owned();
                Err(violation(
                    "leak",
                    role,
                    expected,
                    format!("OK with {leaked}"),
                ))
            }
        }
    }
}

/// Whether a resource says that it is deleted, as those do that can be restored.
fn has_deletion_mark(resource: &DynamicMessage) -> bool {
    resource.descriptor().fields().any(|field| {
        let name = field.name();
        let is_mark = name.contains("delete") || ["state", "status"].contains(&name);
        is_mark && resource.has_field(&field)
    })
}

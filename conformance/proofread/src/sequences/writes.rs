//! Writes: repeated creation, changes and deletion.

use super::{
    execution::{Execution, Violation, check, returned, violation},
    infer::changes_only,
    slot::State,
};
use crate::{contract::Code, finding::Step, judge::describe_outcome};

type Judged = Result<(), Violation>;

impl Execution<'_> {
    pub(super) async fn replay(&mut self, step: Step) -> Judged {
        let resource = self.subject.resource;
        let (Some(create), Some(slot)) = (&resource.create, self.slots.get(&step.slot)) else {
            return Ok(());
        };
        let Some((request, first)) = slot.created.clone() else {
            return Ok(());
        };
        let (slot, is_owner) = (slot.clone(), slot.by_other == step.by_other);
        let number = Some(step.slot);
        let answered = self
            .recorder
            .call(create, &request, step.by_other, number)
            .await;
        check(create, &answered)?;
        if !is_owner {
            return self.check_hidden(create, &slot, answered.response.as_ref());
        }
        let wrong = match &answered.response {
            Some(repeated) => (*repeated != first).then(|| format!("OK with {repeated}")),
            None if answered.had_no_effect() => Some(describe_outcome(&answered.outcome)),
            None => None,
        };
        wrong.map_or(Ok(()), |observed| {
            let expected = format!(
                "the response to the first call, by (proofread.v1.idempotency_key): {first}"
            );
            Err(violation("replay", create, expected, observed))
        })
    }

    pub(super) async fn update(&mut self, step: Step) -> Judged {
        let Some(update) = &self.subject.resource.update else {
            return Ok(());
        };
        let Some(slot) = self.slots.get(&step.slot) else {
            return Ok(());
        };
        let Some(current) = slot
            .current
            .as_ref()
            .filter(|_| slot.state != State::Unknown)
        else {
            return Ok(());
        };
        let is_foreign = slot.by_other != step.by_other;
        let request = self
            .subject
            .requests
            .update(&slot.key, current, (step.variant, is_foreign));
        let Some((request, change)) = request else {
            return Ok(());
        };
        let number = Some(step.slot);
        let answered = self
            .recorder
            .call(update, &request, step.by_other, number)
            .await;
        check(update, &answered)?;
        let Some(slot) = self.slots.get_mut(&step.slot) else {
            return Ok(());
        };
        if is_foreign {
            let slot = slot.clone();
            return self.check_hidden(update, &slot, answered.response.as_ref());
        }
        let Some(response) = answered.response.as_ref() else {
            if !answered.had_no_effect() {
                slot.state = State::Unknown;
            } else if slot.state == State::Exists && answered.is_not_found() {
                let expected = "OK, or another declared error: it was created".to_owned();
                let observed = describe_outcome(&answered.outcome);
                return Err(violation("found", update, expected, observed));
            }
            return Ok(());
        };
        if slot.state == State::Exists {
            slot.change(&change, returned(update, response));
            return Ok(());
        }
        // The method may create it again, unless its name and its errors say otherwise.
        let context = self.subject.requests.context;
        let contract = context.judge.method_contract(&update.method.path);
        let refuses = contract.is_some_and(|it| it.errors().any(|error| error.code == Code(5)));
        if refuses && changes_only(update.method) {
            let expected = "NOT_FOUND, as declared: it was deleted".to_owned();
            let observed = format!("OK with {response}");
            return Err(violation("update-deleted", update, expected, observed));
        }
        slot.state = State::Unknown;
        Ok(())
    }

    pub(super) async fn delete(&mut self, step: Step) -> Judged {
        let Some(delete) = &self.subject.resource.delete else {
            return Ok(());
        };
        let Some(slot) = self.slots.get(&step.slot) else {
            return Ok(());
        };
        let Some(request) = self.subject.requests.about(delete, &slot.key) else {
            return Ok(());
        };
        let number = Some(step.slot);
        let answered = self
            .recorder
            .call(delete, &request, step.by_other, number)
            .await;
        check(delete, &answered)?;
        let Some(slot) = self.slots.get_mut(&step.slot) else {
            return Ok(());
        };
        if slot.by_other != step.by_other || slot.state != State::Exists {
            return Ok(());
        }
        if answered.response.is_some() {
            slot.state = State::Deleted;
        } else if answered.is_not_found() {
            let expected = "OK, or another declared error: it was created".to_owned();
            let observed = describe_outcome(&answered.outcome);
            return Err(violation("found", delete, expected, observed));
        } else if !answered.had_no_effect() {
            slot.state = State::Unknown;
        }
        Ok(())
    }
}

//! Shortens a sequence that fails: a step is left out if the same claim still fails.

use crate::finding::Step;

/// How many sequences are tried at most.
const MAX_ATTEMPTS: usize = 40;

/// The shortest sequence for which `fails` is still true, found by leaving out steps.
pub(super) async fn shrink(
    steps: &[Step],
    mut fails: impl AsyncFnMut(&[Step]) -> bool,
) -> Vec<Step> {
    let mut smallest = steps.to_vec();
    let mut attempts = 0;
    let mut length = smallest.len() / 2;
    while length > 0 {
        let mut start = 0;
        while start < smallest.len() && attempts < MAX_ATTEMPTS {
            let end = (start + length).min(smallest.len());
            let shorter = [&smallest[..start], &smallest[end..]].concat();
            attempts += 1;
            if !shorter.is_empty() && fails(&shorter).await {
                smallest = shorter;
            } else {
                start = end;
            }
        }
        length /= 2;
    }
    smallest
}

/// The same steps with the resources numbered in the order of their creation, so that the
/// failure has the same name in each run.
pub(super) fn renumbered(steps: &[Step]) -> Vec<Step> {
    let mut order: Vec<usize> = Vec::new();
    let steps = steps.iter().map(|step| {
        if !order.contains(&step.slot) {
            order.push(step.slot);
        }
        let slot = order.iter().position(|slot| *slot == step.slot);
        Step {
            slot: slot.unwrap_or(step.slot),
            ..*step
        }
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Action;

    fn step(action: Action, slot: usize) -> Step {
        Step {
            action,
            slot,
            by_other: false,
            variant: 0,
        }
    }

    #[tokio::test]
    async fn only_the_steps_that_matter_stay() {
        use Action::{Create, Delete, Get, List, Update};
        let steps: Vec<Step> = [
            (Create, 0),
            (Get, 0),
            (Create, 1),
            (List, 0),
            (Update, 0),
            (Get, 1),
            (Delete, 1),
            (Get, 0),
        ]
        .map(|(action, slot)| step(action, slot))
        .to_vec();
        let needed = [step(Create, 0), step(Delete, 1), step(Get, 0)];
        let fails = async |steps: &[Step]| needed.iter().all(|it| steps.contains(it));
        assert_eq!(shrink(&steps, fails).await, needed);
    }

    #[test]
    fn resources_are_numbered_in_the_order_of_their_creation() {
        use Action::{Create, Get};
        let steps = [step(Create, 2), step(Create, 0), step(Get, 2)];
        let expected = [step(Create, 0), step(Create, 1), step(Get, 0)];
        assert_eq!(renumbered(&steps), expected);
    }

    #[tokio::test]
    async fn sequence_of_which_every_step_matters_stays() {
        let steps = [step(Action::Create, 0), step(Action::Get, 0)];
        let fails = async |shorter: &[Step]| shorter.len() == 2;
        assert_eq!(shrink(&steps, fails).await, steps);
    }
}

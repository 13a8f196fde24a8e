//! The sequences that are tried: first fixed ones, then random walks.

use rand::{RngExt, rngs::StdRng};

use super::resource::Resource;
use crate::finding::{Action, Step};

/// The greatest number of resources in one walk.
const SLOTS: usize = 3;

/// What can be done with a resource.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Abilities {
    pub(super) create: bool,
    pub(super) replay: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
    /// The number of methods that list it.
    pub(super) lists: usize,
    /// Whether there is another caller.
    pub(super) other: bool,
    /// How many different resources can be created.
    pub(super) slots: usize,
}

impl Abilities {
    pub(super) fn of(resource: &Resource<'_>, slots: usize, other: bool) -> Self {
        let create = resource.create.as_ref();
        Self {
            create: create.is_some(),
            replay: create.is_some_and(|it| it.method.idempotency_key.is_some()),
            update: resource.update.is_some(),
            delete: resource.delete.is_some(),
            lists: resource.lists.len(),
            other,
            slots: if create.is_some() {
                slots.min(SLOTS)
            } else {
                1
            },
        }
    }

    fn allow(&self, step: &Step) -> bool {
        let possible = match step.action {
            Action::Create => self.create,
            Action::Replay => self.replay,
            Action::Get => true,
            Action::List => step.variant < self.lists,
            Action::Update => self.update,
            Action::Delete => self.delete,
        };
        possible && step.slot < self.slots && (self.other || !step.by_other)
    }
}

const fn step(action: Action, slot: usize) -> Step {
    Step {
        action,
        slot,
        by_other: false,
        variant: 0,
    }
}

const fn by_other(action: Action, slot: usize) -> Step {
    Step {
        by_other: true,
        ..step(action, slot)
    }
}

/// The fixed sequences, the shortest first. Steps that the contract does not offer are left
/// out, and so are sequences that then check nothing.
pub(super) fn fixed(abilities: &Abilities) -> Vec<Vec<Step>> {
    use Action::{Create, Delete, Get, List, Replay, Update};
    let [create, get, update, delete, replay] =
        [Create, Get, Update, Delete, Replay].map(|action| step(action, 0));
    let [create_b, get_b] = [Create, Get].map(|action| step(action, 1));
    let list = step(List, 0);
    let update_next = Step {
        variant: 1,
        ..update
    };
    let mut sequences = vec![
        vec![create, get],
        vec![create, create_b, get, get_b],
        vec![create, update, get],
        vec![create, update, update_next, get],
        vec![create, update, update, get],
        vec![create, create_b, update, get_b],
        vec![create, delete, get],
        vec![create, delete, delete, get],
        vec![create, create_b, delete, get_b],
        vec![create, delete, update, get],
        vec![create, delete, create_b, get, get_b],
        vec![create, replay, get],
        vec![create, create_b, replay, get, get_b],
        vec![create, update, replay, get],
        vec![create, delete, replay, get],
        vec![create, by_other(Get, 0)],
        vec![create, update, by_other(Get, 0)],
        vec![create, by_other(Update, 0), get],
        vec![create, by_other(Delete, 0), get],
        vec![create, by_other(Replay, 0)],
        vec![create, by_other(Create, 1), get],
    ];
    for variant in 0..abilities.lists {
        let list = Step { variant, ..list };
        let by_other = Step {
            by_other: true,
            ..list
        };
        sequences.extend([
            vec![create, list],
            vec![create, create_b, list],
            vec![create, list, create_b, list],
            vec![create, update, list],
            vec![create, delete, list],
            vec![create, create_b, delete, list],
            vec![create, replay, list],
            vec![create, by_other],
        ]);
    }
    let possible = sequences.into_iter().filter(|steps| {
        let optional = |step: &Step| step.action == Create && step.slot == 0 && !step.by_other;
        let mut steps = steps.iter();
        steps.all(|step| abilities.allow(step) || (optional(step) && !abilities.create))
    });
    let mut possible: Vec<Vec<Step>> = possible.collect();
    possible.sort_by_key(Vec::len);
    possible
}

/// A random walk of `length` steps, which begins with the creation of a resource. Every other
/// walk deletes nothing, so that more happens to each resource.
pub(super) fn walk(abilities: &Abilities, length: usize, rng: &mut StdRng) -> Vec<Step> {
    use Action::{Create, Delete, Get, List, Replay, Update};
    const WEIGHTED: [Action; 16] = [
        Create, Create, Get, Get, Get, Get, Update, Update, Update, Update, Update, Update, List,
        List, Delete, Replay,
    ];
    let mut steps = vec![step(Create, 0)];
    let slots = rng.random_range(1..=abilities.slots.max(1));
    let deletes = rng.random_bool(0.5);
    let mut attempts = length * 20;
    while steps.len() < length && attempts > 0 {
        attempts -= 1;
        let action = WEIGHTED[rng.random_range(0..WEIGHTED.len())];
        let next = Step {
            action,
            slot: rng.random_range(0..slots),
            by_other: rng.random_range(0..6) == 0,
            variant: match action {
                List => rng.random_range(0..abilities.lists.max(1)),
                Update => rng.random_range(0..8),
                _ => 0,
            },
        };
        let is_created = |it: &Step| it.action == Create && it.slot == next.slot;
        let created = steps.iter().any(is_created);
        let useful = match action {
            Create => !created,
            List => true,
            Delete => created && deletes,
            Replay | Get | Update => created,
        };
        if useful && abilities.allow(&next) {
            steps.push(next);
        }
    }
    // What was done shows at the end.
    for slot in 0..slots {
        steps.push(step(Get, slot));
    }
    for variant in 0..abilities.lists {
        steps.push(Step {
            variant,
            ..step(List, 0)
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const ALL: Abilities = Abilities {
        create: true,
        replay: true,
        update: true,
        delete: true,
        lists: 1,
        other: true,
        slots: 3,
    };

    fn names(steps: &[Step]) -> Vec<String> {
        steps.iter().map(Step::to_string).collect()
    }

    #[test]
    fn fixed_sequences_use_only_what_the_contract_offers() {
        let read_only = Abilities {
            replay: false,
            delete: false,
            lists: 0,
            other: false,
            slots: 1,
            ..ALL
        };
        let sequences: Vec<String> = fixed(&read_only)
            .iter()
            .map(|steps| names(steps).join(" "))
            .collect();
        assert_eq!(
            sequences,
            [
                "create-a get-a",
                "create-a update-a get-a",
                "create-a update-a update-a get-a",
                "create-a update-a update-a get-a",
            ]
        );
    }

    #[test]
    fn walk_is_the_same_for_the_same_seed() {
        let walk_of = |seed| walk(&ALL, 16, &mut StdRng::seed_from_u64(seed));
        assert_eq!(walk_of(7), walk_of(7));
        assert_ne!(walk_of(7), walk_of(8));
    }

    #[test]
    fn walk_uses_resources_only_after_their_creation() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            let steps = walk(&ALL, 16, &mut rng);
            for (at, step) in steps.iter().enumerate().take(16) {
                let created = |it: &Step| it.action == Action::Create && it.slot == step.slot;
                let needs = !matches!(step.action, Action::Create | Action::List);
                assert!(
                    !needs || steps[..at].iter().any(created),
                    "{:?}",
                    names(&steps)
                );
            }
        }
    }
}

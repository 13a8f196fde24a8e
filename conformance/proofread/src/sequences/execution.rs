//! Runs one sequence and judges each answer by what was done before.
//!
//! Judged is only what follows from the names of the methods: what was created is found with
//! the values that its creation has returned, what was deleted is not. An error that the
//! contract declares is no failure where it can have another cause.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use prost_reflect::DynamicMessage;

use super::{
    calls::{Answered, Callers, Recorder, key_in},
    path::message_at,
    requests::{Requests, Variation},
    resource::{Resource, Role},
    slot::{Slot, State},
};
use crate::finding::{Action, FindingKind, SequenceCall, Step};

/// Everything that the sequences of one kind of resource have in common.
pub(super) struct Subject<'a> {
    pub(super) resource: &'a Resource<'a>,
    pub(super) requests: Requests<'a>,
    pub(super) callers: Callers,
    /// The valid request from which others are made, and how much of it may be changed.
    pub(super) template: Option<(DynamicMessage, Variation)>,
    /// How long a change may take to show.
    pub(super) settle: Duration,
    /// Whether the other caller must not see and not change the resources.
    pub(super) is_private: bool,
    /// The lists, by index and caller, that have shown a created resource.
    pub(super) showing: RefCell<BTreeSet<(usize, bool)>>,
}

/// A claim that does not hold.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    /// A short name of the claim: `update-lost`.
    pub(super) claim: &'static str,
    pub(super) kind: FindingKind,
    /// The path of the method with the wrong answer.
    pub(super) method: String,
    pub(super) expected: String,
    pub(super) observed: String,
}

/// What a sequence has shown.
pub(super) struct Executed {
    pub(super) calls: Vec<SequenceCall>,
    /// The number of judged answers by method path.
    pub(super) judged: BTreeMap<String, u64>,
    pub(super) violation: Option<Violation>,
}

/// A sequence in progress.
pub(super) struct Execution<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) recorder: Recorder<'a>,
    pub(super) slots: BTreeMap<usize, Slot>,
}

type Judged = Result<(), Violation>;

impl<'a> Execution<'a> {
    pub(super) async fn run(subject: &'a Subject<'a>, steps: &[Step]) -> Executed {
        let mut execution = Self {
            subject,
            recorder: Recorder {
                context: subject.requests.context,
                resource: subject.resource,
                callers: &subject.callers,
                calls: Vec::new(),
            },
            slots: BTreeMap::new(),
        };
        let mut violation = None;
        for step in steps {
            if let Err(found) = execution.step(*step).await {
                violation = Some(found);
                break;
            }
        }
        let mut judged: BTreeMap<String, u64> = BTreeMap::new();
        for call in &execution.recorder.calls {
            *judged.entry(call.method.clone()).or_default() += 1;
        }
        Executed {
            calls: execution.recorder.calls,
            judged,
            violation,
        }
    }

    async fn step(&mut self, step: Step) -> Judged {
        match step.action {
            Action::Create => self.create(step).await,
            Action::Replay => self.replay(step).await,
            Action::Get => self.get(step).await,
            Action::List => self.list(step).await,
            Action::Update => self.update(step).await,
            Action::Delete => self.delete(step).await,
        }
    }

    async fn create(&mut self, step: Step) -> Judged {
        let resource = self.subject.resource;
        let Some(create) = &resource.create else {
            return self.adopt(step).await;
        };
        let before = self.slots.get(&step.slot);
        let key = match before {
            None => None,
            // The same key again.
            Some(slot) if slot.state == State::Deleted && resource.client_chooses_key() => {
                Some(slot.key.clone())
            }
            Some(_) => return Ok(()),
        };
        let Some((template, variation)) = &self.subject.template else {
            return Ok(());
        };
        let requests = &self.subject.requests;
        let request = requests.create(template, *variation, step.slot, key.as_deref());
        let Some(request) = request else {
            return Ok(());
        };
        let slot = Some(step.slot);
        let answered = self
            .recorder
            .call(create, &request, step.by_other, slot)
            .await;
        check(create, &answered)?;
        let Some(response) = answered.response else {
            return Ok(());
        };
        let returned = returned(create, &response);
        let key = key_in(resource, create, &request, (&response, returned.as_ref()));
        let Some(key) = key else {
            return Ok(());
        };
        let mut slot = Slot::new(resource, key, (request, response), returned);
        slot.by_other = step.by_other;
        // The server has returned a resource that exists, by a rule of its own.
        let mut others = self.slots.values_mut();
        if let Some(same) = others.find(|other| {
            let is_here = other.by_other == slot.by_other && other.state == State::Exists;
            is_here && other.key == slot.key
        }) {
            same.state = State::Unknown;
            slot.state = State::Unknown;
        }
        self.slots.insert(step.slot, slot);
        Ok(())
    }

    /// Reads the resource that exists before any call.
    async fn adopt(&mut self, step: Step) -> Judged {
        let resource = self.subject.resource;
        let Some(request) = self.subject.requests.about(&resource.get, &[]) else {
            return Ok(());
        };
        if self.slots.contains_key(&step.slot) {
            return Ok(());
        }
        let get = &resource.get;
        let answered = self.recorder.call(get, &request, step.by_other, None).await;
        check(get, &answered)?;
        let current = answered.response.and_then(|it| returned(get, &it));
        if let Some(current) = current {
            self.slots
                .insert(step.slot, Slot::existing(resource, current));
        }
        Ok(())
    }
}

/// Fails if the answer is wrong whatever was called before.
pub(super) fn check(role: &Role<'_>, answered: &Answered) -> Judged {
    match answered.mismatch.clone() {
        None => Ok(()),
        Some((kind, expected, observed)) => Err(Violation {
            claim: "answer",
            kind,
            method: role.method.path.clone(),
            expected,
            observed,
        }),
    }
}

pub(super) fn violation(
    claim: &'static str,
    role: &Role<'_>,
    expected: String,
    observed: String,
) -> Violation {
    Violation {
        claim,
        kind: FindingKind::Behaviour,
        method: role.method.path.clone(),
        expected,
        observed,
    }
}

/// The resource in a response.
pub(super) fn returned(role: &Role<'_>, response: &DynamicMessage) -> Option<DynamicMessage> {
    message_at(response, role.answer.as_ref()?)
}

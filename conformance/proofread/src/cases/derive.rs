//! Deriving: what all phases of it share.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use super::{
    Defect, Fixtures, Generated, Uncovered, baseline, boundary,
    place::{self, Place, places},
    several, unset, whole,
};
use crate::{
    case::{Case, Due, Exercise, Expect, Phase, Send, Side},
    contract::{Contract, Message, Method},
    coverage,
    oracle::{Breach, Oracle},
    synth::{Synth, rng_of},
};

/// Derives the cases of the methods of one contract. What it finds out about a
/// message serves all methods.
pub struct Deriver<'c> {
    pub(super) synth: Synth<'c>,
}

/// The cases of one method while they are made.
pub(super) struct Making<'m, 'c> {
    pub(super) synth: &'m mut Synth<'c>,
    pub(super) method: &'m Method,
    pub(super) baseline: DynamicMessage,
    pub(super) generated: Generated,
    ids: HashSet<String>,
    /// Why cases could not be judged.
    unjudged: HashSet<String>,
    /// Why a side of a rule has no case, as far as it is known.
    reasons: BTreeMap<(String, String, Side), String>,
}

/// A case before it is known what must come back.
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) phase: Phase,
    pub(super) intent: String,
    pub(super) request: DynamicMessage,
    /// What it is meant to do; the oracle decides whether it does.
    pub(super) aims: Vec<Meant>,
}

/// What a case is meant to do.
pub(super) struct Meant {
    pub(super) exercise: Exercise,
    /// The path of the field or the message in this request, as violations write it.
    pub(super) path: String,
}

impl<'c> Deriver<'c> {
    /// Prepares for a contract.
    pub fn new(contract: &'c Contract, oracle: &Oracle, fixtures: &'c Fixtures) -> Self {
        Self {
            synth: Synth::new(contract, oracle.clone(), fixtures),
        }
    }

    /// The cases of a method that are the same in every run.
    pub fn derive(&mut self, method: &Method) -> Generated {
        let contract = self.synth.contract;
        let Some(request) = contract.message(&method.request) else {
            return baseline::foreign(method);
        };
        let found = self.synth.smallest(request);
        let baseline = found.clone();
        let baseline = baseline.unwrap_or_else(|_| DynamicMessage::new(request.descriptor.clone()));
        let mut making = Making {
            synth: &mut self.synth,
            method,
            baseline,
            generated: Generated::default(),
            ids: HashSet::new(),
            unjudged: HashSet::new(),
            reasons: BTreeMap::new(),
        };
        match found {
            Ok(_) => baseline::add(&mut making),
            Err(reason) => making.uncovered(&method.path, "", None, reason),
        }
        let places = places(contract, request);
        if places.len() == place::MOST {
            let reason = format!("only the first {} nested messages are tried", place::MOST);
            making.uncovered(&method.path, "", None, reason);
        }
        for place in &places {
            unset::add(&mut making, place);
        }
        unset::everything(&mut making);
        for place in &places {
            boundary::add(&mut making, place);
            whole::add(&mut making, place);
            several::add(&mut making, place);
        }
        making.finish(request)
    }
}

impl Making<'_, '_> {
    /// Adds a case, with what the oracle says must come back.
    pub(super) fn add(&mut self, draft: Draft) {
        let Draft {
            id,
            phase,
            intent,
            mut request,
            aims,
        } = draft;
        if !aims.iter().any(|it| self.is_replay_key(&it.path)) {
            self.freshen(&id, &mut request);
        }
        let breaches = match self.synth.oracle.breaches(&request) {
            Ok(breaches) => breaches,
            Err(cause) => {
                for meant in aims {
                    self.note(&meant.exercise, &cause);
                }
                // The same for all cases says enough by being said once.
                if self.unjudged.insert(cause.clone()) {
                    let path = self.method.path.clone();
                    self.uncovered(&path, "", None, format!("{intent}: {cause}"));
                }
                return;
            }
        };
        let mut exercises = Vec::new();
        for meant in aims {
            match verdict(&meant, &breaches) {
                Verdict::Does => exercises.push(meant.exercise),
                Verdict::Hidden => self.note(
                    &meant.exercise,
                    "only in requests that another rule refuses",
                ),
                Verdict::DoesNot => {
                    self.generated.defects.push(Defect {
                        method: self.method.path.clone(),
                        case: id,
                        intent,
                        verdict: listed(&breaches),
                    });
                    return;
                }
            }
        }
        let due: BTreeSet<Due> = breaches.into_iter().map(Breach::into_due).collect();
        let due: Vec<Due> = due.into_iter().collect();
        if due.is_empty() {
            self.push(
                &id,
                phase,
                &intent,
                exercises,
                vec![request],
                Expect::Accepted,
            );
        } else if self.method.client_streaming {
            // The first message is special to many servers: what is checked there
            // may be forgotten later.
            let refused = Expect::Refused(due);
            let second = vec![self.baseline.clone(), request.clone()];
            let first = format!("{id}/first");
            self.push(
                &first,
                phase,
                &format!("{intent}, in the first message"),
                exercises.clone(),
                vec![request],
                refused.clone(),
            );
            self.push(
                &format!("{id}/second"),
                phase,
                &format!("{intent}, in the second message"),
                exercises,
                second,
                refused,
            );
        } else {
            self.push(
                &id,
                phase,
                &intent,
                exercises,
                vec![request],
                Expect::Refused(due),
            );
        }
    }

    /// Adds a case as it is, under an id that no other one has.
    pub(super) fn push(
        &mut self,
        id: &str,
        phase: Phase,
        intent: &str,
        exercises: Vec<Exercise>,
        messages: Vec<DynamicMessage>,
        expect: Expect,
    ) {
        let mut unique = id.to_owned();
        let mut count = 1;
        while !self.ids.insert(unique.clone()) {
            count += 1;
            unique = format!("{id}-{count}");
        }
        self.generated.cases.push(Case {
            id: unique,
            method: self.method.path.clone(),
            phase,
            intent: intent.to_owned(),
            exercises,
            send: Send::Messages(messages),
            expect,
        });
    }

    /// What a case is meant to do at a place: nothing, where a field around it is to be
    /// ignored. It is worth sending all the same.
    pub(super) fn aims(
        &mut self,
        place: &Place<'_>,
        meant: impl IntoIterator<Item = Meant>,
    ) -> Vec<Meant> {
        if !place.is_ignored() {
            return meant.into_iter().collect();
        }
        for meant in meant {
            self.note(
                &meant.exercise,
                "it stands in a field that is to be ignored",
            );
        }
        Vec::new()
    }

    /// Notes why a side of a rule has no case yet.
    pub(super) fn note(&mut self, exercise: &Exercise, reason: &str) {
        let key = (exercise.field.clone(), exercise.rule.clone(), exercise.side);
        self.reasons.entry(key).or_insert_with(|| reason.to_owned());
    }

    pub(super) fn uncovered(
        &mut self,
        subject: &str,
        rule: &str,
        side: Option<Side>,
        reason: impl Into<String>,
    ) {
        let uncovered = Uncovered {
            method: self.method.path.clone(),
            subject: subject.to_owned(),
            rule: rule.to_owned(),
            side,
            reason: reason.into(),
        };
        if !self.generated.uncovered.contains(&uncovered) {
            self.generated.uncovered.push(uncovered);
        }
    }

    /// The smallest valid request, with a replay key of its own.
    pub(super) fn fresh_baseline(&self, id: &str) -> DynamicMessage {
        let mut request = self.baseline.clone();
        self.freshen(id, &mut request);
        request
    }

    fn is_replay_key(&self, path: &str) -> bool {
        self.method.idempotency_key.as_deref() == Some(path)
    }

    /// Gives each case its own replay key: with a common one all but the first would
    /// be answered from memory, or refused.
    fn freshen(&self, id: &str, request: &mut DynamicMessage) {
        let Some(key) = &self.method.idempotency_key else {
            return;
        };
        let field = request.descriptor().get_field_by_name(key);
        let Some(field) = field.filter(|field| request.has_field(field)) else {
            return;
        };
        let is_uuid =
            |text: &str| text.len() == 36 && text.bytes().filter(|it| *it == b'-').count() == 4;
        let full_name = field.full_name();
        let is_fixture = self
            .synth
            .fixtures
            .fields
            .keys()
            .any(|name| name == full_name || name.strip_prefix("*.") == Some(field.name()));
        if let Value::String(text) = request.get_field_mut(&field)
            && is_uuid(text)
            && !is_fixture
        {
            *text = fresh_uuid(&format!("{} {id}", self.method.path));
        }
    }

    /// Says what no case was found for.
    fn finish(mut self, request: &Message) -> Generated {
        let seen: HashSet<Exercise> = self
            .generated
            .cases
            .iter()
            .flat_map(|case| case.exercises.iter().cloned())
            .collect();
        for exercise in coverage::exercises_of(self.synth.contract, request) {
            if !seen.contains(&exercise) {
                let Exercise { field, rule, side } = exercise;
                let reason = self
                    .reasons
                    .get(&(field.clone(), rule.clone(), side))
                    .cloned();
                let reason = reason.unwrap_or_else(|| "no request with it was found".to_owned());
                self.uncovered(&field, &rule, Some(side), reason);
            }
        }
        self.generated.uncovered.sort();
        self.generated
    }
}

enum Verdict {
    /// The request does what is meant.
    Does,
    /// It may, but another rule is in the way.
    Hidden,
    DoesNot,
}

fn verdict(meant: &Meant, breaches: &BTreeSet<Breach>) -> Verdict {
    let rule = &meant.exercise.rule;
    let here = |breach: &&Breach| breach.is_at(&meant.path);
    let breaks = breaches
        .iter()
        .filter(here)
        .any(|breach| breach.key == *rule);
    match (meant.exercise.side, breaks) {
        (Side::Broken, true) => Verdict::Does,
        (Side::Kept, true) | (Side::Broken, false) => Verdict::DoesNot,
        (Side::Kept, false) if breaches.is_empty() => Verdict::Does,
        (Side::Kept, false) => Verdict::Hidden,
    }
}

fn listed(breaches: &BTreeSet<Breach>) -> String {
    let listed: Vec<String> = breaches
        .iter()
        .map(|it| format!("{} {}", it.path, it.key))
        .collect();
    match listed.is_empty() {
        true => "nothing is broken".to_owned(),
        false => listed.join(", "),
    }
}

/// A UUID that is always the same for a name.
fn fresh_uuid(name: &str) -> String {
    use rand::RngExt;
    let bytes: [u8; 16] = rng_of(name).random();
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    uuid.to_string()
}

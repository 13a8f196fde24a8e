//! Makes the calls of a sequence as one of two callers, and records them for reports.

use std::{collections::BTreeMap, time::Duration};

use prost_reflect::{DynamicMessage, Value};

use super::{
    path::{Path, json_path, value_at},
    resource::{Resource, Role},
};
use crate::{
    behaviour::Context,
    case::{Case, Expect, Payload, Phase},
    contract::{Code, Method},
    finding::{FindingKind, SequenceCall, slot_name},
    judge::{code_of, describe_outcome},
    outcome::Outcome,
    probe::CredentialHeader,
};

/// The codes of errors by which a server says that a call had no effect.
const NO_EFFECT: [i32; 9] = [3, 5, 6, 7, 9, 10, 11, 12, 16];

/// The headers by which the two callers are told apart.
#[derive(Clone, Default)]
pub(super) struct Callers {
    /// The name of the credential in the contract; `None` if the methods need none.
    pub(super) credential: Option<String>,
    /// The header of the first caller, for methods whose calls carry another credential.
    pub(super) first: Option<CredentialHeader>,
    /// The header of the other caller.
    pub(super) other: Option<CredentialHeader>,
}

/// The answer to a call.
pub(super) struct Answered {
    pub(super) outcome: Outcome,
    /// The message of an answer that is OK.
    pub(super) response: Option<DynamicMessage>,
    /// What is wrong with the answer whatever was called before.
    pub(super) mismatch: Option<(FindingKind, String, String)>,
}

impl Answered {
    pub(super) fn code(&self) -> Option<Code> {
        match self.outcome {
            Outcome::Answered(_) => code_of(&self.outcome),
            _ => None,
        }
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.code() == Some(Code(5))
    }

    /// Whether the server says that the call had no effect.
    pub(super) fn had_no_effect(&self) -> bool {
        self.code().is_some_and(|code| NO_EFFECT.contains(&code.0))
    }
}

/// Calls methods, and records the calls.
pub(super) struct Recorder<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) resource: &'a Resource<'a>,
    pub(super) callers: &'a Callers,
    pub(super) calls: Vec<SequenceCall>,
}

impl<'a> Recorder<'a> {
    /// Makes a call about a resource, `slot`.
    pub(super) async fn call(
        &mut self,
        role: &Role<'_>,
        request: &DynamicMessage,
        by_other: bool,
        slot: Option<usize>,
    ) -> Answered {
        let answered = self.send(role.method, request, by_other).await;
        let mut call = SequenceCall {
            method: role.method.path.clone(),
            credential: self.header(role.method, by_other).map(|it| it.name.clone()),
            request: serde_json::to_string(request).unwrap_or_default(),
            variables: BTreeMap::new(),
            captured: BTreeMap::new(),
            observed: observed(&answered),
        };
        if let Some(slot) = slot {
            self.name_variables(role, slot, &mut call);
        }
        self.calls.push(call);
        answered
    }

    /// Removes the calls after the first `count`: they are repeated.
    pub(super) fn forget_after(&mut self, count: usize) {
        self.calls.truncate(count);
    }

    async fn send(&self, method: &Method, request: &DynamicMessage, by_other: bool) -> Answered {
        let headers = self.headers(method, by_other);
        let headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_slice()))
            .collect();
        let outcome = self.context.call_with(method, request, &headers).await;
        let case = Case {
            id: String::new(),
            method: method.path.clone(),
            phase: Phase::Sequences,
            intent: String::new(),
            exercises: Vec::new(),
            send: Payload::Messages(vec![request.clone()]),
            expect: Expect::Accepted,
        };
        let mut mismatches = self.context.judge.mismatches(&case, &outcome).into_iter();
        Answered {
            response: crate::behaviour::response(method, &outcome),
            mismatch: mismatches.next(),
            outcome,
        }
    }

    /// The credential of a call, if it is not the one that its calls carry anyway.
    fn header(&self, method: &Method, by_other: bool) -> Option<&CredentialHeader> {
        let credential = self.callers.credential.as_deref()?;
        if by_other {
            return self.callers.other.as_ref();
        }
        let first = self.callers.first.as_ref()?;
        let is_sent = self.context.probe.sends_credential(method, credential);
        let accepts = method.access.iter().flat_map(|it| it.credential_names());
        let accepts = accepts.into_iter().any(|name| name == credential);
        let sends_others = self
            .context
            .probe
            .sends_other_credentials(method, credential);
        (accepts && (!is_sent || sends_others)).then_some(first)
    }

    /// The metadata that replaces the usual credential; an empty value removes a header.
    fn headers(&self, method: &Method, by_other: bool) -> Vec<(String, Vec<u8>)> {
        let Some(header) = self.header(method, by_other) else {
            return Vec::new();
        };
        let mut headers = vec![(header.key.clone(), header.value.clone())];
        if !by_other && self.context.probe.sends_credential(method, &header.name) {
            // It may have been obtained again in the meantime.
            headers.clear();
        }
        for key in self.context.probe.credential_keys() {
            if key != header.key {
                headers.push((key, Vec::new()));
            }
        }
        headers
    }

    /// Notes which values of a request come from an answer before, and which values of the
    /// answer later requests need.
    fn name_variables(&self, role: &Role<'_>, slot: usize, call: &mut SequenceCall) {
        let name = slot_name(slot);
        let variable = |at: usize| match at {
            0 => name.to_string(),
            at => format!("{name}{}", at + 1),
        };
        let create = self.resource.create.as_ref();
        let creates = create.is_some_and(|create| create.method.path == role.method.path);
        if !self.resource.client_chooses_key() {
            for (at, key) in self.resource.key.iter().enumerate() {
                if creates {
                    let path = [role.answer.clone().unwrap_or_default(), key.clone()].concat();
                    call.captured.insert(variable(at), json_path(&path));
                    continue;
                }
                let link = role.keys.iter().find(|link| link.resource == *key);
                if let Some(link) = link {
                    let pointer = json_path(&link.request).replace('.', "/");
                    call.variables.insert(pointer, variable(at));
                }
            }
        }
        let key = role.method.idempotency_key.as_deref().filter(|_| creates);
        let input = role.method.descriptor.input();
        if let Some(field) = key.and_then(|key| input.get_field_by_name(key)) {
            let pointer = format!("/{}", field.json_name());
            call.variables.insert(pointer, format!("request_id_{name}"));
        }
    }
}

/// The key of a resource: from the resource that a response contains, from fields of the
/// response with the same names, or from the request.
pub(super) fn key_in(
    resource: &Resource<'_>,
    role: &Role<'_>,
    request: &DynamicMessage,
    (response, returned): (&DynamicMessage, Option<&DynamicMessage>),
) -> Option<Vec<Value>> {
    let find = |path: &Path| {
        if let Some(returned) = returned {
            return value_at(returned, path);
        }
        let name = path.last()?.name();
        if let Some(value) = response.get_field_by_name(name) {
            return Some(value.into_owned());
        }
        let link = role.keys.iter().find(|link| link.resource == *path)?;
        value_at(request, &link.request)
    };
    let key = resource.key.iter().map(|path| {
        let value = find(path)?;
        let is_set = !value.is_default(&path.last()?.kind());
        is_set.then_some(value)
    });
    key.collect()
}

fn observed(answered: &Answered) -> String {
    const MAX_CHARACTERS: usize = 400;
    let Some(response) = &answered.response else {
        return describe_outcome(&answered.outcome);
    };
    let text = serde_json::to_string(response).unwrap_or_default();
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("OK {}…", &text[..end]),
        None => format!("OK {text}"),
    }
}

/// Calls `attempt` until it finds no problem, for `settle` at most: a server may show a
/// change a little later. Returns the last problem.
pub(super) async fn settled<T>(
    settle: Duration,
    mut attempt: impl AsyncFnMut() -> Result<(), T>,
) -> Result<(), T> {
    const FIRST_WAIT: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    let mut wait = FIRST_WAIT;
    loop {
        let result = attempt().await;
        if result.is_ok() || waited >= settle {
            return result;
        }
        let next = wait.min(settle - waited);
        tokio::time::sleep(next).await;
        waited += next;
        wait *= 2;
    }
}

//! What is known about a resource that a sequence has created.

use prost_reflect::{DynamicMessage, Value};

use super::{
    path::{Path, text, value_at},
    requests::Change,
    resource::Resource,
};

/// A resource of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Whether another caller created it.
    pub(super) by_other: bool,
    /// The request that created it, and the response to it; `None` if it existed before.
    pub(super) created: Option<(DynamicMessage, DynamicMessage)>,
    /// The values of the key, in the order of the resource.
    pub(super) key: Vec<Value>,
    /// The last known content.
    pub(super) current: Option<DynamicMessage>,
    pub(super) state: State,
    values: Vec<KnownValue>,
}

/// Whether a resource exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Exists,
    Deleted,
    /// A call has failed in a way that does not tell whether it had an effect.
    Unknown,
}

/// What is known about one value of a resource.
#[derive(Debug, Clone)]
struct KnownValue {
    path: Path,
    is: Option<Value>,
    /// Values that it had before.
    was: Vec<Value>,
}

/// A difference between what is known and what a response shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// `id`, `content` or `update-lost`.
    pub(super) claim: &'static str,
    pub(super) expected: String,
    pub(super) observed: String,
}

impl Slot {
    /// A resource that a request has just created. Values that the response repeats are known
    /// from now on; others belong to the server.
    pub(super) fn new(
        resource: &Resource<'_>,
        key: Vec<Value>,
        (request, response): (DynamicMessage, DynamicMessage),
        current: Option<DynamicMessage>,
    ) -> Self {
        let content = resource.create.iter().flat_map(|create| &create.content);
        let values = content.filter_map(|link| {
            let sent = value_at(&request, &link.request)?;
            let returned = current.as_ref().and_then(|it| value_at(it, &link.resource));
            Some(KnownValue {
                path: link.resource.clone(),
                is: returned.filter(|returned| *returned == sent),
                was: Vec::new(),
            })
        });
        Self {
            by_other: false,
            values: values.collect(),
            created: Some((request, response)),
            key,
            current,
            state: State::Exists,
        }
    }

    /// A resource that existed before the sequence, with all values that requests can change.
    pub(super) fn existing(resource: &Resource<'_>, current: DynamicMessage) -> Self {
        let content = resource.update.iter().flat_map(|update| &update.content);
        let values = content.map(|link| KnownValue {
            path: link.resource.clone(),
            is: value_at(&current, &link.resource),
            was: Vec::new(),
        });
        Self {
            by_other: false,
            values: values.collect(),
            created: None,
            key: Vec::new(),
            current: Some(current),
            state: State::Exists,
        }
    }

    /// Records an accepted change. `returned` is the resource in the response.
    pub(super) fn change(&mut self, change: &Change, returned: Option<DynamicMessage>) {
        let shown = returned.as_ref();
        let shown = shown.and_then(|returned| value_at(returned, &change.path));
        let known = match self.values.iter_mut().find(|it| it.path == change.path) {
            Some(known) => known,
            None => {
                self.values.push(KnownValue {
                    path: change.path.clone(),
                    is: None,
                    was: Vec::new(),
                });
                let last = self.values.len() - 1;
                &mut self.values[last]
            }
        };
        known.was.retain(|value| *value != change.new);
        if !known.was.contains(&change.old) {
            known.was.push(change.old.clone());
        }
        // The server may store another form of the value, but not the old value.
        known.is = shown.filter(|shown| *shown != change.old);
        if let Some(is) = &known.is {
            known.was.retain(|value| value != is);
        }
        if let Some(returned) = returned {
            self.current = Some(returned);
        } else if let Some(current) = &mut self.current {
            super::path::set_at(current, &change.path, change.new.clone());
        }
    }

    /// Compares a returned resource with what is known, and learns the values that are not
    /// known yet.
    pub(super) fn compare(
        &mut self,
        resource: &Resource<'_>,
        returned: &DynamicMessage,
    ) -> Option<Difference> {
        for (path, key) in resource.key.iter().zip(&self.key) {
            let value = value_at(returned, path);
            if value.as_ref().is_some_and(|value| value != key) {
                return Some(difference("id", path, Some(key), value.as_ref()));
            }
        }
        if let Some(lost) = self.outdated(returned) {
            return Some(lost);
        }
        for known in &self.values {
            let value = value_at(returned, &known.path);
            if known.is.is_some() && value.is_some() && known.is != value {
                let expected = known.is.as_ref();
                return Some(difference("content", &known.path, expected, value.as_ref()));
            }
        }
        for known in &mut self.values {
            let value = value_at(returned, &known.path);
            known.is = known.is.take().or(value);
        }
        self.current = Some(returned.clone());
        None
    }

    /// A value that a change has replaced before.
    pub(super) fn outdated(&self, returned: &DynamicMessage) -> Option<Difference> {
        self.values.iter().find_map(|known| {
            let value = value_at(returned, &known.path)?;
            let is_old = known.was.contains(&value) && known.is.as_ref() != Some(&value);
            is_old.then(|| {
                let name = text(&known.path);
                let expected = match &known.is {
                    Some(is) => format!("the changed value of {name}: {is}"),
                    None => format!("another value of {name} than before the change"),
                };
                Difference {
                    claim: "update-lost",
                    expected,
                    observed: format!("{name} is {value} again"),
                }
            })
        })
    }

    /// Whether a returned resource is this one, by its ids.
    pub(super) fn is(&self, resource: &Resource<'_>, returned: &DynamicMessage) -> bool {
        let Some(current) = &self.current else {
            let key = resource.key.iter().map(|path| value_at(returned, path));
            return !self.key.is_empty() && key.eq(self.key.iter().cloned().map(Some));
        };
        let mut identity = resource.identity.iter();
        !resource.identity.is_empty()
            && identity.all(|path| value_at(returned, path) == value_at(current, path))
    }

    /// Whether a response to another caller shows this resource: by ids that the server has
    /// chosen, or by a text that occurs nowhere else.
    pub(super) fn is_shown_in(&self, resource: &Resource<'_>, returned: &DynamicMessage) -> bool {
        let server_chose = !resource.client_chooses_key() && !resource.key.is_empty();
        if server_chose {
            return self.is(resource, returned);
        }
        let mut texts = self.values.iter().filter(|known| {
            let text = known.is.as_ref().and_then(Value::as_str);
            text.is_some_and(|text| text.to_ascii_lowercase().starts_with("proofread"))
        });
        texts.any(|known| value_at(returned, &known.path) == known.is)
    }

    /// The first text of the resource that occurs nowhere else.
    pub(super) fn marker(&self) -> Option<(&Path, &Value)> {
        self.values.iter().find_map(|known| {
            let value = known.is.as_ref()?;
            let text = value.as_str()?.to_ascii_lowercase();
            text.starts_with("proofread")
                .then_some((&known.path, value))
        })
    }
}

fn difference(
    claim: &'static str,
    path: &Path,
    expected: Option<&Value>,
    observed: Option<&Value>,
) -> Difference {
    let name = text(path);
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), ToString::to_string);
    Difference {
        claim,
        expected: format!("{name} is {}", shown(expected)),
        observed: format!("{name} is {}", shown(observed)),
    }
}

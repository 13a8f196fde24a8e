//! Builds the requests of sequences: from valid requests of the methods, with the key of a
//! resource, and with content that differs from resource to resource.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};
use rand::random;

use super::{
    links::is_free,
    path::{Path, message_at, set_at, value_at},
    resource::{Link, Resource, Role},
    values::{candidates, unused_keys},
};
use crate::{
    behaviour::{Context, with_unused_key},
    contract::Method,
};

/// How much of a valid request is changed to create a resource that differs from others. A
/// server may accept only some values although the contract allows more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variation {
    /// All values that refer to nothing else.
    All,
    /// Texts only.
    Texts,
    /// Only the key and the idempotency key.
    Nothing,
}

impl Variation {
    pub(super) const ALL: [Self; 3] = [Self::All, Self::Texts, Self::Nothing];
}

/// Builds requests for one kind of resource.
pub(super) struct Requests<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) resource: &'a Resource<'a>,
    /// Whether the configuration has values for a field, so that it keeps them.
    pub(super) is_fixed: &'a dyn Fn(&FieldDescriptor) -> bool,
}

/// A change of one value of a resource.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The path in the resource.
    pub(super) path: Path,
    pub(super) old: Value,
    pub(super) new: Value,
}

impl<'a> Requests<'a> {
    /// The valid requests of a method, the smallest first.
    pub(super) fn valid(&self, method: &Method) -> &'a [DynamicMessage] {
        let mut methods = self.context.methods.iter();
        let served = methods.find(|served| served.method.path == method.path);
        served.map_or(&[], |served| &served.valid)
    }

    fn is_valid(&self, request: &DynamicMessage) -> bool {
        let violations = self.context.oracle.violations(request);
        violations.is_ok_and(|violations| violations.is_empty())
    }

    /// How many resources can exist side by side: as many as there are keys.
    pub(super) fn slots(&self) -> usize {
        let Some(create) = self.resource.create.as_ref() else {
            return 1;
        };
        let fixed = create.keys.iter().filter(|link| self.is_fixed_at(link));
        let counts = fixed.map(|link| self.fixed_keys(create, link).len());
        counts.min().unwrap_or(usize::MAX)
    }

    fn is_fixed_at(&self, link: &Link) -> bool {
        link.request.last().is_some_and(self.is_fixed)
    }

    /// The different values that the configuration has for a key.
    fn fixed_keys(&self, create: &Role<'_>, link: &Link) -> Vec<Value> {
        let mut keys: Vec<Value> = Vec::new();
        for request in self.valid(create.method) {
            if let Some(value) = value_at(request, &link.request)
                && !keys.contains(&value)
            {
                keys.push(value);
            }
        }
        keys
    }

    /// A request that creates a resource, from a valid one. `key` is that of a resource that
    /// existed before.
    pub(super) fn create(
        &self,
        template: &DynamicMessage,
        variation: Variation,
        slot: usize,
        key: Option<&[Value]>,
    ) -> Option<DynamicMessage> {
        let create = self.resource.create.as_ref()?;
        let mut request = template.clone();
        for (at, link) in create.keys.iter().enumerate() {
            match key.and_then(|key| key.get(at)) {
                Some(value) => set_at(&mut request, &link.request, value.clone()),
                None if self.is_fixed_at(link) => {
                    let value = self.fixed_keys(create, link).into_iter().nth(slot)?;
                    set_at(&mut request, &link.request, value);
                }
                None => self.set_first_valid(&mut request, &link.request, &|kind, unique| {
                    unused_keys(kind, unique)
                }),
            }
        }
        for link in create.content.iter().filter(|link| is_free(link)) {
            let is_text = |field: &FieldDescriptor| field.kind() == Kind::String;
            let varies = match variation {
                Variation::All => true,
                Variation::Texts => link.request.last().is_some_and(is_text),
                Variation::Nothing => false,
            };
            if varies && !self.is_fixed_at(link) && has_parents(&request, &link.request) {
                self.set_first_valid(&mut request, &link.request, &candidates);
            }
        }
        let key = create.method.idempotency_key.as_deref();
        let key = key.and_then(|name| request.descriptor().get_field_by_name(name));
        match key {
            Some(key) => with_unused_key(self.context, &request, &key),
            None => Some(request),
        }
    }

    /// Sets the first candidate with which the request keeps the rules.
    fn set_first_valid(
        &self,
        request: &mut DynamicMessage,
        path: &Path,
        candidates: &dyn Fn(&Kind, u64) -> Vec<Value>,
    ) {
        let Some(field) = path.last() else { return };
        let mut changed = candidates(&field.kind(), random())
            .into_iter()
            .map(|value| {
                let mut changed = request.clone();
                set_at(&mut changed, path, value);
                changed
            });
        if let Some(changed) = changed.find(|changed| self.is_valid(changed)) {
            *request = changed;
        }
    }

    /// A request about the resource with this key.
    pub(super) fn about(&self, role: &Role<'_>, key: &[Value]) -> Option<DynamicMessage> {
        let mut request = self.valid(role.method).first()?.clone();
        self.set_key(role, &mut request, key);
        Some(request)
    }

    fn set_key(&self, role: &Role<'_>, request: &mut DynamicMessage, key: &[Value]) {
        for link in &role.keys {
            let at = self.resource.key.iter().position(|it| *it == link.resource);
            if let Some(value) = at.and_then(|at| key.get(at)) {
                set_at(request, &link.request, value.clone());
            }
        }
    }

    /// A request that changes one value of a resource and repeats all others, so that it
    /// means the same whether the server replaces the resource or only what is set. With a
    /// field mask it names only the changed value. It repeats no values if the resource
    /// `is_foreign` to the caller: the server would not be to blame if both then had them.
    pub(super) fn update(
        &self,
        key: &[Value],
        current: &DynamicMessage,
        (variant, is_foreign): (usize, bool),
    ) -> Option<(DynamicMessage, Change)> {
        let update = self.resource.update.as_ref()?;
        let free: Vec<&Link> = update
            .content
            .iter()
            .filter(|link| is_free(link) && !self.is_fixed_at(link))
            .collect();
        let variants = free.len().max(1);
        let requests = (0..variants).map(|step| (variant + step) % variants);
        let mut found = requests.filter_map(|at| {
            let link = free.get(at)?;
            self.valid(update.method).iter().find_map(|template| {
                self.change(update, template, (key, current, is_foreign), link)
            })
        });
        found.next()
    }

    fn change(
        &self,
        update: &Role<'_>,
        template: &DynamicMessage,
        (key, current, is_foreign): (&[Value], &DynamicMessage, bool),
        link: &Link,
    ) -> Option<(DynamicMessage, Change)> {
        let mut request = template.clone();
        self.set_key(update, &mut request, key);
        for other in update.content.iter().filter(|_| !is_foreign) {
            let parents = &other.resource[..other.resource.len().saturating_sub(1)];
            let value = value_at(current, &other.resource);
            let (Some(value), Some(_)) = (value, message_at(current, parents)) else {
                continue;
            };
            let mut repeated = request.clone();
            set_at(&mut repeated, &other.request, value);
            if self.is_valid(&repeated) {
                request = repeated;
            }
        }
        if !has_parents(&request, &link.request) {
            return None;
        }
        let old = value_at(current, &link.resource)?;
        let field = link.request.last()?;
        let others = candidates(&field.kind(), random()).into_iter();
        let mut others = others.filter(|value| *value != old);
        others.find_map(|new| {
            let mut changed = request.clone();
            set_at(&mut changed, &link.request, new.clone());
            let changed = self.with_mask(changed, link)?;
            let path = link.resource.clone();
            let old = old.clone();
            Some((changed, Change { path, old, new }))
        })
    }

    /// The request with the path of the changed value in its field mask, if it has one;
    /// `None` if the rules allow no such request.
    fn with_mask(&self, request: DynamicMessage, link: &Link) -> Option<DynamicMessage> {
        let mask = request.descriptor().fields().find(is_mask);
        let Some(mask) = mask else {
            return self.is_valid(&request).then_some(request);
        };
        let names: Vec<&str> = link.request.iter().map(FieldDescriptor::name).collect();
        // Relative to the message that the request contains, or to the request.
        let paths = [names[1..].join("."), names.join(".")];
        let paths = paths.into_iter().filter(|path| !path.is_empty());
        let mut masked = paths.filter_map(|path| {
            let mut request = request.clone();
            let Kind::Message(message) = mask.kind() else {
                return None;
            };
            let mut value = DynamicMessage::new(message);
            value.set_field_by_name("paths", Value::List(vec![Value::String(path)]));
            request.set_field(&mask, Value::Message(value));
            Some(request)
        });
        masked.find(|request| self.is_valid(request))
    }
}

fn is_mask(field: &FieldDescriptor) -> bool {
    let is_mask = |kind: Kind| matches!(kind, Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask");
    !field.is_list() && is_mask(field.kind())
}

/// Whether the messages that lead to a value are set: a new one would need further values.
fn has_parents(request: &DynamicMessage, path: &[FieldDescriptor]) -> bool {
    let parents = &path[..path.len().saturating_sub(1)];
    message_at(request, parents).is_some()
}

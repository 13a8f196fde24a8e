//! Lists: what was created is in them, what was deleted is not, and other callers do not see
//! it.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, Kind, Value};

use super::{
    calls::settled,
    execution::{Execution, Violation, check, violation},
    path::{message_at, set_at, value_at},
    resource::ListRole,
    slot::{Slot, State},
};
use crate::finding::Step;

/// How many pages of a list are read at most. A longer list is not judged.
const MAX_PAGES: usize = 30;

/// The page sizes that are tried; the first one that the rules allow is used.
const PAGE_SIZES: [i64; 6] = [1_000, 200, 100, 50, 20, 10];

type Judged = Result<(), Violation>;

impl Execution<'_> {
    pub(super) async fn list(&mut self, step: Step) -> Judged {
        let resource = self.subject.resource;
        let Some(list) = resource.lists.get(step.variant) else {
            return Ok(());
        };
        if self.slots.is_empty() || (step.by_other && list.role.method.access.is_empty()) {
            return Ok(());
        }
        let before = self.recorder.calls.len();
        settled(self.subject.settle, async || {
            self.recorder.forget_after(before);
            // Resources with different values of its filter are in different lists.
            let filters: BTreeSet<usize> = match list.role.keys.is_empty() {
                true => self.slots.keys().take(1).copied().collect(),
                false => self.slots.keys().copied().collect(),
            };
            for filter in filters {
                let Some(listed) = self.walk(list, filter, step.by_other).await? else {
                    continue;
                };
                self.check_listed(list, (step, filter), &listed)?;
            }
            Ok(())
        })
        .await
    }

    /// Reads all pages; `None` if there are too many or the list cannot be read.
    async fn walk(
        &mut self,
        list: &ListRole<'_>,
        filter: usize,
        by_other: bool,
    ) -> Result<Option<Vec<DynamicMessage>>, Violation> {
        let Some(mut request) = self.list_request(list, filter) else {
            return Ok(None);
        };
        let slot = (!list.role.keys.is_empty()).then_some(filter);
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let called = self.recorder.call(&list.role, &request, by_other, slot);
            let answered = called.await;
            check(&list.role, &answered)?;
            let Some(page) = answered.response else {
                return Ok(None);
            };
            let items = page.get_field(&list.items);
            let items = items.as_list().unwrap_or_default().iter();
            let path = list.role.answer.as_deref().unwrap_or_default();
            found.extend(items.filter_map(|item| message_at(item.as_message()?, path)));
            let Some([_, token, next]) = &list.paging else {
                return Ok(Some(found));
            };
            let next = page.get_field(next).into_owned();
            if next.is_default(&token.kind()) {
                return Ok(Some(found));
            }
            request.set_field(token, next);
        }
        Ok(None)
    }

    /// A request for the first page, filtered by the values that the resource has.
    fn list_request(&self, list: &ListRole<'_>, filter: usize) -> Option<DynamicMessage> {
        let slot = self.slots.get(&filter)?;
        let requests = &self.subject.requests;
        let mut request = requests.about(&list.role, &slot.key)?;
        for link in &list.role.content {
            let is_filter = link.request.last().is_some_and(|field| {
                ["parent", "account_id"].contains(&field.name()) || field.name().ends_with("_id")
            });
            let current = slot.current.as_ref();
            let value = current.and_then(|it| value_at(it, &link.resource));
            if let Some(value) = value.filter(|_| is_filter) {
                set_at(&mut request, &link.request, value);
            }
        }
        let Some([size, token, _]) = &list.paging else {
            return Some(request);
        };
        request.clear_field(token);
        let sized = PAGE_SIZES.iter().find_map(|number| {
            let mut sized = request.clone();
            let value = match size.kind() {
                Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(*number),
                Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(*number).ok()?),
                Kind::Uint64 | Kind::Fixed64 => Value::U64(number.unsigned_abs()),
                _ => Value::I32(i32::try_from(*number).ok()?),
            };
            sized.try_set_field(size, value).ok()?;
            let violations = requests.context.oracle.violations(&sized);
            violations.is_ok_and(|it| it.is_empty()).then_some(sized)
        });
        Some(sized.unwrap_or(request))
    }

    /// `filter` is the slot whose values the list is filtered by.
    fn check_listed(
        &self,
        list: &ListRole<'_>,
        (step, filter): (Step, usize),
        listed: &[DynamicMessage],
    ) -> Judged {
        let resource = self.subject.resource;
        let filtered = !list.role.keys.is_empty();
        let concerned = self
            .slots
            .iter()
            .filter(|(number, _)| !filtered || **number == filter)
            .map(|(_, slot)| slot);
        let (own, others): (Vec<&Slot>, Vec<&Slot>) =
            concerned.partition(|slot| slot.by_other == step.by_other);
        for slot in others.iter().filter(|_| self.subject.is_private) {
            let requires = !list.role.method.access.is_empty();
            let mut shown = listed.iter().filter(|it| slot.is_shown_in(resource, it));
            if let Some(leaked) = shown.next().filter(|_| requires) {
                let expected = "a list without what another caller created".to_owned();
                let observed = format!("the list contains {leaked}");
                return Err(violation("leak", &list.role, expected, observed));
            }
        }
        let is_listed = |slot: &Slot| listed.iter().any(|item| slot.is(resource, item));
        let existing = own.iter().filter(|slot| slot.state == State::Exists);
        let (shown, missing): (Vec<&Slot>, Vec<&Slot>) =
            existing.copied().partition(|slot| is_listed(slot));
        let key = (step.variant, step.by_other);
        if !shown.is_empty() {
            self.subject.showing.borrow_mut().insert(key);
        }
        // Where a list shows none of the created resources, it may be a list of others.
        let shows = self.subject.showing.borrow().contains(&key);
        if let Some(slot) = missing.first().filter(|_| shows) {
            let created = slot.current.as_ref().map(ToString::to_string);
            let expected = format!("a list with {}", created.unwrap_or_default());
            let observed = format!("a list of {} without it", listed.len());
            return Err(violation("listed", &list.role, expected, observed));
        }
        for slot in own {
            self.check_items(list, slot, listed)?;
        }
        Ok(())
    }

    fn check_items(&self, list: &ListRole<'_>, slot: &Slot, listed: &[DynamicMessage]) -> Judged {
        let resource = self.subject.resource;
        let mut items = listed.iter().filter(|item| slot.is(resource, item));
        let item = items.next();
        match slot.state {
            State::Unknown => Ok(()),
            State::Deleted => {
                let current = slot.current.as_ref();
                let unchanged = item.filter(|item| current.is_none_or(|it| it == *item));
                unchanged.map_or(Ok(()), |item| {
                    let expected = "a list without what was deleted".to_owned();
                    let observed = format!("the list contains {item}");
                    Err(violation("list-deleted", &list.role, expected, observed))
                })
            }
            State::Exists => {
                let difference = item.and_then(|item| slot.outdated(item));
                if let Some(difference) = difference {
                    let (expected, observed) = (difference.expected, difference.observed);
                    return Err(violation("list-outdated", &list.role, expected, observed));
                }
                let Some((path, marker)) = slot.marker() else {
                    return Ok(());
                };
                let mut others = listed.iter().filter(|item| !slot.is(resource, item));
                if let Some(other) = others.find(|it| value_at(it, path).as_ref() == Some(marker)) {
                    let expected = "a list with what was created once".to_owned();
                    let observed = format!("the list also contains {other}");
                    return Err(violation("listed-twice", &list.role, expected, observed));
                }
                Ok(())
            }
        }
    }
}

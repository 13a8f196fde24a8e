//! Answers of list methods, as `(proofread.v1.paging)` declares them.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, Kind, Value};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    access::declared,
    answers::Answers,
    status::{INVALID_ARGUMENT, Status},
};
use crate::{behaviour::PagingFields, contract::Method, judge::MethodContract};

/// The number of items of each list.
const ITEMS: usize = 23;

/// The size of a page if the request leaves it open.
const DEFAULT_SIZE: usize = 20;

/// How many lists are kept; then all are generated again.
const MAX_LISTS: usize = 1000;

/// The greatest number of attempts to generate items.
const ATTEMPTS: usize = 60;

/// What a page token begins with. The offset of the page follows.
const TOKEN: &str = "page";

/// The items of the lists by the salt of their request.
pub(super) type Lists = HashMap<u64, Vec<Value>>;

impl<'c> Answers<'c> {
    /// The page that a request asks for; `None` if the method does not list pages.
    pub(super) fn page(
        &self,
        contract: &MethodContract<'c>,
        request: &DynamicMessage,
    ) -> Result<Option<DynamicMessage>, Status> {
        let method = contract.method;
        let fields = method
            .paging
            .as_ref()
            .and_then(|it| PagingFields::of(method, it));
        let Some(fields) = fields.filter(|it| matches!(it.token.kind(), Kind::String)) else {
            return Ok(None);
        };
        let mut filter = request.clone();
        filter.clear_field(&fields.size);
        filter.clear_field(&fields.token);
        let salt = self.salt(method, &[filter]);
        let mut page = self.message(method, salt);
        page.clear_field(&fields.next);
        page.clear_field(&fields.items);
        let items = self.items(method, &fields, &page, salt);

        let token = request.get_field(&fields.token);
        let start = match token.as_str().unwrap_or_default() {
            "" => Some(0),
            token => offset(token).filter(|start| *start < items.len()),
        };
        let Some(start) = start else {
            let message = "the page token is not one that this server returned";
            return Err(declared(contract, INVALID_ARGUMENT, message));
        };
        let size = size(&request.get_field(&fields.size)).unwrap_or(DEFAULT_SIZE);
        let end = start.saturating_add(size).min(items.len());
        page.set_field(&fields.items, Value::List(items[start..end].to_vec()));
        if end < items.len() {
            let token = Value::String(format!("{TOKEN}{end}"));
            page.set_field(&fields.next, token);
        }
        Ok(Some(page))
    }

    /// Different items with which the page keeps its rules.
    fn items(
        &self,
        method: &Method,
        fields: &PagingFields,
        page: &DynamicMessage,
        salt: u64,
    ) -> Vec<Value> {
        if let Some(items) = self.lists.borrow().get(&salt) {
            return items.clone();
        }
        let mut items: Vec<Value> = Vec::new();
        let response = self.contract.message(&method.response);
        let field = response.and_then(|response| {
            let mut fields_of_response = response.fields.iter();
            fields_of_response.find(|field| field.descriptor == fields.items)
        });
        if let (Some(response), Some(field)) = (response, field) {
            let mut generator = self.generator.borrow_mut();
            let mut rng = StdRng::seed_from_u64(salt);
            let fits = |item: &Value| {
                let mut one = page.clone();
                one.set_field(&fields.items, Value::List(vec![item.clone()]));
                self.is_valid(&one)
            };
            for _ in 0..ATTEMPTS {
                let value = generator.random_value(response, field, &mut rng, 2);
                let Some(Value::List(found)) = value else {
                    continue;
                };
                for item in found {
                    if items.len() < ITEMS && !items.contains(&item) && fits(&item) {
                        items.push(item);
                    }
                }
            }
        }
        let mut lists = self.lists.borrow_mut();
        if lists.len() >= MAX_LISTS {
            lists.clear();
        }
        lists.insert(salt, items.clone());
        items
    }
}

fn offset(token: &str) -> Option<usize> {
    let offset: usize = token.strip_prefix(TOKEN)?.parse().ok()?;
    // Only the form that this server writes.
    (format!("{TOKEN}{offset}") == token).then_some(offset)
}

/// The size of a page; `None` if it is 0 or no number.
fn size(value: &Value) -> Option<usize> {
    let number = match value {
        Value::I32(number) => i64::from(*number),
        Value::I64(number) => *number,
        Value::U32(number) => i64::from(*number),
        Value::U64(number) => i64::try_from(*number).unwrap_or(i64::MAX),
        _ => 0,
    };
    usize::try_from(number).ok().filter(|size| *size > 0)
}

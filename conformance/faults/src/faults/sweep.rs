//! One fault for each rule of each field of each request: it is not checked. Made
//! from the descriptors and nothing of proofread's, which is to be tested by it.

use proofread::{case::Phase, finding::FindingKind};
use prost_protovalidate_types::{
    FieldConstraintsExt, FieldRules, Ignore, MessageConstraintsExt, OneofConstraintsExt,
    field_rules::Type,
};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use super::{Fault, wrong::Forgiving};
use crate::{image, refusal::Named};

/// Rules that nothing breaks which does not break another rule of the field: what
/// is wrong is refused, but for one reason of two.
const IMPLIED: [(&str, &str); 2] = [
    ("query", "string.min_len"),
    ("books[].book.price.currency_code", "string.len"),
];

pub(super) fn faults() -> Vec<Fault> {
    let mut faults = Vec::new();
    for service in image::pool().services() {
        for method in service.methods() {
            let mut rules = Vec::new();
            collect(&method.input(), "", &mut Vec::new(), &mut rules);
            let method = format!("/{}/{}", service.full_name(), method.name());
            faults.extend(rules.into_iter().map(|rule| fault(&method, rule)));
        }
    }
    faults
}

/// A rule of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// Without indices and keys: `books[].book.title`.
    path: String,
    /// The id, or what ids begin with where a rule has several.
    id: String,
    /// Whether it is about the keys of a map.
    for_key: bool,
}

impl Rule {
    fn is_broken_by(&self, named: &Named) -> bool {
        let same = named.rule == self.id
            || named
                .rule
                .strip_prefix(&self.id)
                .is_some_and(|rest| rest == "_empty" || rest.starts_with('.'));
        same && named.path == self.path && named.for_key == self.for_key
    }
}

fn fault(method: &str, rule: Rule) -> Fault {
    let name = method.rsplit('/').next().unwrap_or_default();
    let key = if rule.for_key { "/key" } else { "" };
    let id = format!("unchecked/{name}/{}{key}/{}", rule.path, rule.id);
    let does = format!("does not check {} of {}{key}", rule.id, rule.path);
    // What is required is missed where it is unset; all else where it is wrong.
    let phase = match rule.id.as_str() {
        "required" => Phase::Unset,
        _ => Phase::Boundary,
    };
    let implied = IMPLIED.contains(&(rule.path.as_str(), rule.id.as_str()));
    let kind = match implied {
        true => FindingKind::WrongViolations,
        false => FindingKind::RuleNotChecked,
    };
    let claim = (phase, kind);
    let wrong = Forgiving(move |named: &Named, _: &[DynamicMessage]| rule.is_broken_by(named));
    Fault::new(&id, &does, method, claim, wrong)
}

fn collect(
    message: &MessageDescriptor,
    prefix: &str,
    within: &mut Vec<String>,
    rules: &mut Vec<Rule>,
) {
    if message.full_name().starts_with("google.protobuf.") {
        return;
    }
    within.push(message.full_name().to_owned());
    let mut add = |path: &str, id: &str, for_key: bool| {
        rules.push(Rule {
            path: path.to_owned(),
            id: id.to_owned(),
            for_key,
        });
    };
    if let Ok(Some(own)) = message.message_constraints() {
        let here = prefix.trim_end_matches('.');
        own.cel.iter().for_each(|rule| add(here, rule.id(), false));
        own.cel_expression
            .iter()
            .for_each(|id| add(here, id, false));
        if !own.oneof.is_empty() {
            add(here, "message.oneof", false);
        }
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        if let Ok(Some(own)) = oneof.oneof_constraints()
            && own.required()
        {
            add(&format!("{prefix}{}", oneof.name()), "required", false);
        }
    }
    for field in message.fields() {
        let path = format!("{prefix}{}", field.name());
        let own = field.field_constraints().ok().flatten();
        if let Some(own) = &own
            && own.ignore() != Ignore::Always
        {
            let predefined = predefined(&field);
            of_field(own, &path, false, &mut add);
            predefined.iter().for_each(|id| add(&path, id, false));
        }
        let ignored = own.is_some_and(|own| own.ignore() == Ignore::Always);
        if let Some((nested, brackets)) = nested(&field)
            && !ignored
            && !within.contains(&nested.full_name().to_owned())
        {
            let prefix = format!("{path}{brackets}.");
            let mut inner = Vec::new();
            collect(&nested, &prefix, within, &mut inner);
            inner
                .into_iter()
                .for_each(|it| add(&it.path, &it.id, it.for_key));
        }
    }
    within.pop();
}

fn nested(field: &FieldDescriptor) -> Option<(MessageDescriptor, &'static str)> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => match entry.map_entry_value_field().kind() {
            Kind::Message(value) => Some((value, "{}")),
            _ => None,
        },
        Kind::Message(message) if field.is_list() => Some((message, "[]")),
        Kind::Message(message) => Some((message, "")),
        _ => None,
    }
}

fn of_field(rules: &FieldRules, path: &str, for_key: bool, add: &mut impl FnMut(&str, &str, bool)) {
    if rules.required() {
        add(path, "required", for_key);
    }
    rules
        .cel
        .iter()
        .for_each(|rule| add(path, rule.id(), for_key));
    rules
        .cel_expression
        .iter()
        .for_each(|id| add(path, id, for_key));
    let Some(typed) = &rules.r#type else {
        return;
    };
    let dynamic = ReflectMessage::transcode_to_dynamic(rules);
    let mut fields = dynamic.fields().filter(|(field, _)| {
        let oneof = field.containing_oneof();
        oneof.is_some_and(|oneof| oneof.name() == "type")
    });
    let Some((kind, Value::Message(set))) = fields.next() else {
        return;
    };
    ids(kind.name(), set)
        .iter()
        .for_each(|id| add(path, id, for_key));
    match typed {
        Type::Repeated(list) => {
            if let Some(items) = &list.items {
                of_field(items, &format!("{path}[]"), false, add);
            }
        }
        Type::Map(map) => {
            let path = format!("{path}{{}}");
            if let Some(keys) = &map.keys {
                of_field(keys, &path, true, add);
            }
            if let Some(values) = &map.values {
                of_field(values, &path, false, add);
            }
        }
        _ => {}
    }
}

/// The ids of the rules that are set in a message such as `Int32Rules`.
fn ids(kind: &str, rules: &DynamicMessage) -> Vec<String> {
    const NO_RULES: [&str; 5] = ["example", "items", "keys", "values", "strict"];
    let mut names: Vec<String> = rules
        .fields()
        .map(|(field, _)| field.name().to_owned())
        .filter(|name| !NO_RULES.contains(&name.as_str()))
        .collect();
    let bound = |names: &[String], some: [&str; 2]| {
        let found = names.iter().find(|name| some.contains(&name.as_str()));
        found.cloned()
    };
    let lower = bound(&names, ["gt", "gte"]);
    let upper = bound(&names, ["lt", "lte"]);
    if let (Some(lower), Some(upper)) = (lower, upper) {
        names.retain(|name| *name != lower && *name != upper);
        // Outside of two bounds is a rule of its own, by its suffix.
        let suffix = if is_outside(rules, &lower, &upper) {
            "_exclusive"
        } else {
            ""
        };
        names.push(format!("{lower}_{upper}{suffix}"));
    }
    let ids = names.into_iter().map(|name| format!("{kind}.{name}"));
    ids.collect()
}

fn is_outside(rules: &DynamicMessage, lower: &str, upper: &str) -> bool {
    let value = |name: &str| rules.get_field_by_name(name).map(|it| number(&it));
    match (value(lower), value(upper)) {
        (Some(lower), Some(upper)) => lower > upper,
        _ => false,
    }
}

/// A number that compares as the value does, in two parts: the bounds of one field
/// are never that close that a double is too coarse, but for nanoseconds.
fn number(value: &Value) -> (f64, i32) {
    let whole = match value {
        Value::I32(it) => f64::from(*it),
        Value::U32(it) => f64::from(*it),
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        Value::I64(it) => *it as f64,
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        Value::U64(it) => *it as f64,
        Value::F32(it) => f64::from(*it),
        Value::F64(it) => *it,
        Value::Message(it) => {
            let part = |name: &str| it.get_field_by_name(name);
            let seconds = part("seconds").map_or(0.0, |it| number(&it).0);
            let nanos = part("nanos").and_then(|it| it.as_i32());
            return (seconds, nanos.unwrap_or_default());
        }
        _ => 0.0,
    };
    (whole, 0)
}

/// The ids of the predefined rules of a field.
fn predefined(field: &FieldDescriptor) -> Vec<String> {
    let pool = image::pool();
    let option = |name: &str| pool.get_extension_by_name(name);
    let (Some(field_option), Some(predefined)) = (
        option("buf.validate.field"),
        option("buf.validate.predefined"),
    ) else {
        return Vec::new();
    };
    let options = field.options();
    let rules = options.get_extension(&field_option);
    let Some(rules) = rules.as_message() else {
        return Vec::new();
    };
    let typed = rules.fields().filter_map(|(_, value)| value.as_message());
    let extensions = typed.flat_map(|typed| typed.extensions().map(|(it, _)| it));
    let mut ids = Vec::new();
    for extension in extensions {
        let options = extension.options();
        let rules = options.get_extension(&predefined);
        let rules = rules
            .as_message()
            .and_then(|it| it.get_field_by_name("cel"));
        let cel = rules
            .as_deref()
            .and_then(Value::as_list)
            .unwrap_or_default();
        let found = cel.iter().filter_map(Value::as_message);
        ids.extend(found.filter_map(|it| {
            let id = it.get_field_by_name("id");
            id.as_deref().and_then(Value::as_str).map(str::to_owned)
        }));
    }
    ids
}

//! Generates one fault for each rule of each request field: the rule is not checked. It
//! reads the descriptors directly, without the code of proofread that it tests.

use proofread::{case::Phase, finding::FindingKind};
use prost_protovalidate_types::{
    FieldConstraintsExt, FieldRules, Ignore, MessageConstraintsExt, OneofConstraintsExt,
    field_rules::Type,
};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use super::{Fault, fault_behaviour::IgnoreViolations};
use crate::{image, refusal::ViolationId};

/// Rules that can't be violated without violating another rule of the same field. If one
/// is not checked, requests are still refused, but with a violation missing.
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
    /// The path without indices and keys: `books[].book.title`.
    path: String,
    /// The rule id, or the prefix of the ids if a rule has several.
    id: String,
    /// Whether it applies to the keys of a map.
    for_key: bool,
}

impl Rule {
    fn is_broken_by(&self, violation: &ViolationId) -> bool {
        let same = violation.rule == self.id
            || violation
                .rule
                .strip_prefix(&self.id)
                .is_some_and(|rest| rest == "_empty" || rest.starts_with('.'));
        same && violation.path == self.path && violation.for_key == self.for_key
    }
}

fn fault(method: &str, rule: Rule) -> Fault {
    let name = method.rsplit('/').next().unwrap_or_default();
    let key = if rule.for_key { "/key" } else { "" };
    let id = format!("unchecked/{name}/{}{key}/{}", rule.path, rule.id);
    let does = format!("does not check {} of {}{key}", rule.id, rule.path);
    // An unchecked `required` is detected by unset fields, other rules by invalid values.
    let phase = match rule.id.as_str() {
        "required" => Phase::Unset,
        _ => Phase::Boundary,
    };
    let implied = IMPLIED.contains(&(rule.path.as_str(), rule.id.as_str()));
    let kind = if implied {
        FindingKind::WrongViolations
    } else {
        FindingKind::RuleNotChecked
    };
    let claim = (phase, kind);
    let behaviour = IgnoreViolations(move |violation: &ViolationId, _: &[DynamicMessage]| {
        rule.is_broken_by(violation)
    });
    Fault::new(&id, &does, method, claim, behaviour)
}

fn collect(
    message: &MessageDescriptor,
    prefix: &str,
    ancestors: &mut Vec<String>,
    rules: &mut Vec<Rule>,
) {
    if message.full_name().starts_with("google.protobuf.") {
        return;
    }
    ancestors.push(message.full_name().to_owned());
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
            collect_field_rules(own, &path, false, &mut add);
            predefined.iter().for_each(|id| add(&path, id, false));
        }
        let ignored = own.is_some_and(|own| own.ignore() == Ignore::Always);
        if let Some((nested, brackets)) = nested(&field)
            && !ignored
            && !ancestors.contains(&nested.full_name().to_owned())
        {
            let prefix = format!("{path}{brackets}.");
            let mut inner = Vec::new();
            collect(&nested, &prefix, ancestors, &mut inner);
            inner
                .into_iter()
                .for_each(|it| add(&it.path, &it.id, it.for_key));
        }
    }
    ancestors.pop();
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

fn collect_field_rules(
    rules: &FieldRules,
    path: &str,
    for_key: bool,
    add: &mut impl FnMut(&str, &str, bool),
) {
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
                collect_field_rules(items, &format!("{path}[]"), false, add);
            }
        }
        Type::Map(map) => {
            let path = format!("{path}{{}}");
            if let Some(keys) = &map.keys {
                collect_field_rules(keys, &path, true, add);
            }
            if let Some(values) = &map.values {
                collect_field_rules(values, &path, false, add);
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
        // A range that accepts the values outside has a suffix in its id.
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

/// A key to compare bounds: the number as a double, and nanoseconds. The bounds of a field
/// are far enough apart that a double is precise enough.
fn number(value: &Value) -> (f64, i32) {
    let number = match value {
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
    (number, 0)
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

//! The schema of a field: the JSON mapping of its type, and its rules as keywords.

use prost_reflect::{
    DynamicMessage, EnumDescriptor, Kind, ReflectMessage as _, Value as ProtoValue,
};
use serde_json::{Map, Value, json};

use super::reference;
use crate::contract::{Contract, Field};

/// The schema of a field, without its comment.
pub(super) fn of(contract: &Contract, field: &Field) -> Value {
    let rules = rules_of(contract, field);
    let descriptor = &field.descriptor;
    if descriptor.is_map() {
        let typed = rules.as_ref().and_then(|rules| message_in(rules, "map"));
        let values = typed.as_ref().and_then(|map| message_in(map, "values"));
        let mut schema = json!({
            "type": "object",
            "additionalProperties": of_kind(&field.value_kind(), values.as_ref()),
        });
        copy(typed.as_ref(), "min_pairs", &mut schema, "minProperties");
        copy(typed.as_ref(), "max_pairs", &mut schema, "maxProperties");
        return schema;
    }
    if descriptor.is_list() {
        let typed = rules
            .as_ref()
            .and_then(|rules| message_in(rules, "repeated"));
        let items = typed.as_ref().and_then(|list| message_in(list, "items"));
        let mut schema = json!({
            "type": "array",
            "items": of_kind(&descriptor.kind(), items.as_ref()),
        });
        copy(typed.as_ref(), "min_items", &mut schema, "minItems");
        copy(typed.as_ref(), "max_items", &mut schema, "maxItems");
        if typed.is_some_and(|list| get(&list, "unique") == Some(true.into())) {
            schema["uniqueItems"] = true.into();
        }
        return schema;
    }
    of_kind(&descriptor.kind(), rules.as_ref())
}

/// The value of `(buf.validate.field)`.
fn rules_of(contract: &Contract, field: &Field) -> Option<DynamicMessage> {
    let extension = contract
        .pool()
        .get_extension_by_name("buf.validate.field")?;
    let options = field.descriptor.options();
    let rules = options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension));
    rules?.as_message().cloned()
}

fn of_kind(kind: &Kind, rules: Option<&DynamicMessage>) -> Value {
    let typed = |name: &str| rules.and_then(|rules| message_in(rules, name));
    match kind {
        Kind::Double => number("number", "double", typed("double").as_ref()),
        Kind::Float => number("number", "float", typed("float").as_ref()),
        Kind::Int32 => number("integer", "int32", typed("int32").as_ref()),
        Kind::Sint32 => number("integer", "int32", typed("sint32").as_ref()),
        Kind::Sfixed32 => number("integer", "int32", typed("sfixed32").as_ref()),
        Kind::Uint32 => number("integer", "uint32", typed("uint32").as_ref()),
        Kind::Fixed32 => number("integer", "uint32", typed("fixed32").as_ref()),
        // JSON numbers lose digits over 2^53, so the mapping writes strings.
        Kind::Int64 => long("int64", typed("int64").as_ref()),
        Kind::Sint64 => long("int64", typed("sint64").as_ref()),
        Kind::Sfixed64 => long("int64", typed("sfixed64").as_ref()),
        Kind::Uint64 => long("uint64", typed("uint64").as_ref()),
        Kind::Fixed64 => long("uint64", typed("fixed64").as_ref()),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::String => string(typed("string").as_ref()),
        Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Kind::Enum(descriptor) => enumeration(descriptor, typed("enum").as_ref()),
        Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask" => {
            field_mask(typed("field_mask").as_ref())
        }
        Kind::Message(message) => well_known(message.full_name())
            .unwrap_or_else(|| reference("schemas", message.full_name())),
    }
}

/// Durations of less than 315 billion seconds: the type allows about 10000 years.
const DURATION: &str = r"^-?([0-9]{1,11}|[12][0-9]{11}|3(0[0-9]|1[0-4])[0-9]{9})(\.[0-9]{1,9})?s$";

/// A list of paths in lowerCamelCase, separated by commas.
fn field_mask(rules: Option<&DynamicMessage>) -> Value {
    let mut schema = json!({"type": "string"});
    let paths = rules.and_then(|rules| get(rules, "in"));
    if let Some(Value::Array(paths)) = paths {
        let paths = paths.iter().filter_map(Value::as_str);
        let paths = paths.map(lower_camel_case).collect::<Vec<_>>().join("|");
        schema["pattern"] = format!("^(({paths})(,({paths}))*)?$").into();
    }
    schema
}

/// The JSON name of a path: `shippingAddress.postalCode` for `shipping_address.postal_code`. In the
/// pattern its dots stand for themselves.
fn lower_camel_case(path: &str) -> String {
    let mut words = path.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name.replace('.', r"\.")
}

/// The JSON form of a well-known type.
fn well_known(full_name: &str) -> Option<Value> {
    Some(match full_name {
        "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
        "google.protobuf.Duration" => {
            json!({"type": "string", "pattern": DURATION})
        }
        "google.protobuf.Empty" | "google.protobuf.Struct" | "google.protobuf.Any" => {
            json!({"type": "object"})
        }
        "google.protobuf.ListValue" => json!({"type": "array"}),
        "google.protobuf.Value" => json!({}),
        "google.protobuf.StringValue" => json!({"type": ["string", "null"]}),
        "google.protobuf.BytesValue" => {
            json!({"type": ["string", "null"], "contentEncoding": "base64"})
        }
        "google.protobuf.BoolValue" => json!({"type": ["boolean", "null"]}),
        "google.protobuf.Int32Value" | "google.protobuf.UInt32Value" => {
            json!({"type": ["integer", "null"]})
        }
        "google.protobuf.FloatValue" | "google.protobuf.DoubleValue" => {
            json!({"type": ["number", "null"]})
        }
        "google.protobuf.Int64Value" | "google.protobuf.UInt64Value" => {
            json!({"type": ["string", "null"]})
        }
        _ => return None,
    })
}

fn number(name: &str, format: &str, rules: Option<&DynamicMessage>) -> Value {
    let mut schema = json!({"type": name, "format": format});
    // In protovalidate a lower bound above the upper one means "outside of the range".
    let bound = |rule| {
        rules
            .and_then(|rules| get(rules, rule))
            .and_then(|it| it.as_f64())
    };
    let (lower, upper) = (bound("gte").or(bound("gt")), bound("lte").or(bound("lt")));
    let inverted = matches!((lower, upper), (Some(lower), Some(upper)) if lower > upper);
    if !inverted {
        copy(rules, "gte", &mut schema, "minimum");
        copy(rules, "gt", &mut schema, "exclusiveMinimum");
        copy(rules, "lte", &mut schema, "maximum");
        copy(rules, "lt", &mut schema, "exclusiveMaximum");
    }
    match format {
        "int32" => bound_by(&mut schema, i64::from(i32::MIN), i64::from(i32::MAX)),
        "uint32" => bound_by(&mut schema, 0, i64::from(u32::MAX)),
        _ => {}
    }
    add_values(rules, &mut schema);
    schema
}

/// The range of the type, where no rule is narrower.
fn bound_by(schema: &mut Value, minimum: i64, maximum: i64) {
    if schema["minimum"].is_null() && schema["exclusiveMinimum"].is_null() {
        schema["minimum"] = minimum.into();
    }
    if schema["maximum"].is_null() && schema["exclusiveMaximum"].is_null() {
        schema["maximum"] = maximum.into();
    }
    remove_nulls(schema);
}

/// A 64-bit number. No keyword bounds a string by its value, so the description does.
fn long(format: &str, rules: Option<&DynamicMessage>) -> Value {
    let pattern = match format {
        "uint64" => "^[0-9]{1,20}$",
        _ => "^-?[0-9]{1,19}$",
    };
    let mut schema = json!({"type": "string", "format": format, "pattern": pattern});
    let bounds = [
        ("gte", "minimum"),
        ("gt", "exclusiveMinimum"),
        ("lte", "maximum"),
        ("lt", "exclusiveMaximum"),
    ];
    let mut range = Map::new();
    for (rule, keyword) in bounds {
        if let Some(value) = rules.and_then(|rules| get(rules, rule)) {
            range.insert(keyword.to_owned(), value);
        }
    }
    if !range.is_empty() {
        schema["x-range"] = range.into();
    }
    schema
}

fn string(rules: Option<&DynamicMessage>) -> Value {
    let mut schema = json!({"type": "string"});
    for (rule, keyword) in [
        ("min_len", "minLength"),
        ("max_len", "maxLength"),
        ("pattern", "pattern"),
    ] {
        copy(rules, rule, &mut schema, keyword);
    }
    if let Some(length) = rules.and_then(|rules| get(rules, "len")) {
        schema["minLength"] = length.clone();
        schema["maxLength"] = length;
    }
    for (rule, format) in [
        ("email", "email"),
        ("hostname", "hostname"),
        ("ipv4", "ipv4"),
        ("ipv6", "ipv6"),
        ("uri", "uri"),
        ("uri_ref", "uri-reference"),
        ("uuid", "uuid"),
    ] {
        let is_set = rules.and_then(|rules| get(rules, rule));
        if is_set == Some(true.into()) {
            schema["format"] = format.into();
        }
    }
    add_values(rules, &mut schema);
    schema
}

fn enumeration(descriptor: &EnumDescriptor, rules: Option<&DynamicMessage>) -> Value {
    let numbers = |rule| match rules.and_then(|rules| get(rules, rule)) {
        Some(Value::Array(numbers)) => numbers,
        Some(number) => vec![number],
        None => Vec::new(),
    };
    let (only, constant, except) = (numbers("in"), numbers("const"), numbers("not_in"));
    let values = descriptor.values().filter(|value| {
        let number = Value::from(value.number());
        let is_in = only.is_empty() || only.contains(&number);
        let is_constant = constant.is_empty() || constant.contains(&number);
        is_in && is_constant && !except.contains(&number)
    });
    let names: Vec<String> = values.map(|value| value.name().to_owned()).collect();
    json!({"type": "string", "enum": names})
}

/// `const`, `in`, `not_in` and `example`.
fn add_values(rules: Option<&DynamicMessage>, schema: &mut Value) {
    copy(rules, "const", schema, "const");
    copy(rules, "in", schema, "enum");
    copy(rules, "example", schema, "examples");
    if let Some(values) = rules.and_then(|rules| get(rules, "not_in")) {
        schema["not"] = json!({"enum": values});
    }
}

fn copy(rules: Option<&DynamicMessage>, rule: &str, schema: &mut Value, keyword: &str) {
    if let Some(value) = rules.and_then(|rules| get(rules, rule)) {
        schema[keyword] = value;
    }
}

/// The value of a rule that is set.
fn get(rules: &DynamicMessage, name: &str) -> Option<Value> {
    let field = rules.descriptor().get_field_by_name(name)?;
    rules
        .has_field(&field)
        .then(|| to_json(&rules.get_field(&field)))
        .flatten()
}

fn message_in(rules: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let field = rules.descriptor().get_field_by_name(name)?;
    let value = rules.has_field(&field).then(|| rules.get_field(&field))?;
    value.as_message().cloned()
}

fn to_json(value: &ProtoValue) -> Option<Value> {
    Some(match value {
        ProtoValue::Bool(value) => (*value).into(),
        ProtoValue::I32(value) | ProtoValue::EnumNumber(value) => (*value).into(),
        ProtoValue::I64(value) => (*value).into(),
        ProtoValue::U32(value) => (*value).into(),
        ProtoValue::U64(value) => (*value).into(),
        ProtoValue::F32(value) => f64::from(*value).into(),
        ProtoValue::F64(value) => (*value).into(),
        ProtoValue::String(value) => value.as_str().into(),
        ProtoValue::List(values) => {
            let values: Vec<_> = values.iter().filter_map(to_json).collect();
            if values.is_empty() {
                return None;
            }
            values.into()
        }
        ProtoValue::Bytes(_) | ProtoValue::Message(_) | ProtoValue::Map(_) => return None,
    })
}

fn remove_nulls(schema: &mut Value) {
    if let Value::Object(schema) = schema {
        schema.retain(|_, value| !value.is_null());
    }
}

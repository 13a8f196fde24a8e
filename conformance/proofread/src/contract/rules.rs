//! The `buf.validate` rules of a field, with the predefined rules that the typed
//! messages of protovalidate cannot hold.

use prost::DecodeError;
use prost_protovalidate_types::{FieldRules, Ignore, PredefinedRules, Rule, field_rules::Type};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

/// The rules of a field, or of the items, keys or values of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// The standard rules. Those of items, keys and values are in here too, but
    /// without their predefined rules: read them from the fields below.
    pub standard: FieldRules,
    /// Rules that the contract itself has predefined, in the order of their names.
    pub predefined: Vec<Predefined>,
    /// The rules of each item of a list.
    pub items: Option<Box<Rules>>,
    /// The rules of each key of a map.
    pub keys: Option<Box<Rules>>,
    /// The rules of each value of a map.
    pub values: Option<Box<Rules>>,
}

/// A rule that is an extension of a rules message, as `buf.validate.predefined`
/// allows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Predefined {
    /// The full name of the extension.
    pub name: String,
    /// Its value on the field, as text: `true`, `5`.
    pub value: String,
    /// What it asks for.
    pub rules: Vec<Rule>,
}

impl Rules {
    /// Whether `required` is set.
    pub fn required(&self) -> bool {
        self.standard.required()
    }

    /// In which case the rules are not checked.
    pub fn ignore(&self) -> Ignore {
        self.standard.ignore()
    }

    /// Whether a rule is written in CEL, here or in items, keys or values.
    pub fn has_cel(&self) -> bool {
        let nested = [&self.items, &self.keys, &self.values];
        !self.standard.cel.is_empty()
            || !self.standard.cel_expression.is_empty()
            || !self.predefined.is_empty()
            || nested.into_iter().flatten().any(|rules| rules.has_cel())
    }

    /// Reads the value of the extension `buf.validate.field`. The pool is that of
    /// the contract: only it knows the extensions that predefined rules are.
    pub(super) fn read(rules: &DynamicMessage, pool: &DescriptorPool) -> Result<Self, DecodeError> {
        let mut read = Self {
            standard: rules.transcode_to()?,
            ..Self::default()
        };
        let Some(typed) = typed_rules(rules) else {
            return Ok(read);
        };
        read.predefined = predefined(&typed, pool)?;
        let nested = |name: &str| -> Result<Option<Box<Self>>, DecodeError> {
            match typed.get_field_by_name(name).as_deref() {
                Some(Value::Message(rules)) if typed.has_field_by_name(name) => {
                    Ok(Some(Box::new(Self::read(rules, pool)?)))
                }
                _ => Ok(None),
            }
        };
        if matches!(read.standard.r#type, Some(Type::Repeated(_))) {
            read.items = nested("items")?;
        }
        if matches!(read.standard.r#type, Some(Type::Map(_))) {
            read.keys = nested("keys")?;
            read.values = nested("values")?;
        }
        Ok(read)
    }
}

impl From<FieldRules> for Rules {
    fn from(standard: FieldRules) -> Self {
        let nested = |rules: &Option<Box<FieldRules>>| {
            let rules = rules.as_deref().cloned();
            rules.map(|rules| Box::new(Self::from(rules)))
        };
        let (items, keys, values) = match &standard.r#type {
            Some(Type::Repeated(list)) => (nested(&list.items), None, None),
            Some(Type::Map(map)) => (None, nested(&map.keys), nested(&map.values)),
            _ => (None, None, None),
        };
        Self {
            standard,
            predefined: Vec::new(),
            items,
            keys,
            values,
        }
    }
}

/// The message in the oneof `type`: `Int32Rules`, `RepeatedRules`.
fn typed_rules(rules: &DynamicMessage) -> Option<DynamicMessage> {
    rules.fields().find_map(|(field, value)| {
        let oneof = field.containing_oneof()?;
        match value {
            Value::Message(typed) if oneof.name() == "type" => Some(typed.clone()),
            _ => None,
        }
    })
}

fn predefined(
    typed: &DynamicMessage,
    pool: &DescriptorPool,
) -> Result<Vec<Predefined>, DecodeError> {
    let Some(option) = pool.get_extension_by_name("buf.validate.predefined") else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (extension, value) in typed.extensions() {
        let options = extension.options();
        let rules = match options.get_extension(&option).as_ref() {
            Value::Message(rules) => rules.transcode_to::<PredefinedRules>()?.cel,
            _ => Vec::new(),
        };
        found.push(Predefined {
            name: extension.full_name().to_owned(),
            value: value.to_string(),
            rules,
        });
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

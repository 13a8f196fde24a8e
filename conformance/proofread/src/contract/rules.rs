//! The `buf.validate` rules of a field, including predefined rules, which are
//! extensions that the generated `FieldRules` type can't hold.

use prost::DecodeError;
use prost_protovalidate_types::{FieldRules, Ignore, PredefinedRules, Rule, field_rules::Type};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

/// The rules of a field, or of its items, keys or values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// The standard rules. They include the rules of items, keys and values, but without
    /// predefined rules: use the fields below for those.
    pub standard: FieldRules,
    /// Rules that the contract predefines, sorted by name.
    pub predefined: Vec<PredefinedRule>,
    /// The rules of the items of a list.
    pub items: Option<Box<Rules>>,
    /// The rules of the keys of a map.
    pub keys: Option<Box<Rules>>,
    /// The rules of the values of a map.
    pub values: Option<Box<Rules>>,
}

/// A predefined rule: an extension of a rules message such as `Int32Rules` that has the
/// option `buf.validate.predefined`.
#[derive(Debug, Clone, PartialEq)]
pub struct PredefinedRule {
    /// The full name of the extension.
    pub name: String,
    /// The value that the field sets it to, as text: `true`, `5`.
    pub value: String,
    /// The CEL rules that it stands for.
    pub rules: Vec<Rule>,
}

impl Rules {
    /// Whether `required` is set.
    pub fn required(&self) -> bool {
        self.standard.required()
    }

    /// When the rules are not checked.
    pub fn ignore(&self) -> Ignore {
        self.standard.ignore()
    }

    /// Whether any rule uses CEL, here or in items, keys or values.
    pub fn has_cel(&self) -> bool {
        self.levels()
            .into_iter()
            .any(|level| level.expressions().next().is_some())
    }

    /// These rules and those of items, keys and values.
    pub(crate) fn levels(&self) -> Vec<&Self> {
        let nested = [&self.items, &self.keys, &self.values];
        let nested = nested.into_iter().flatten().flat_map(|it| it.levels());
        std::iter::once(self).chain(nested).collect()
    }

    /// The expressions in CEL on this level, with those of predefined rules.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &str> {
        let cel = self.standard.cel.iter().map(|rule| rule.expression());
        let expressions = self.standard.cel_expression.iter().map(String::as_str);
        let predefined = self.predefined.iter().flat_map(|it| &it.rules);
        cel.chain(expressions)
            .chain(predefined.map(|rule| rule.expression()))
    }

    /// Reads the value of the extension `buf.validate.field`. `pool` must be the pool of
    /// the contract, since it defines the extensions of predefined rules.
    pub(super) fn from_extension(
        rules: &DynamicMessage,
        pool: &DescriptorPool,
    ) -> Result<Self, DecodeError> {
        let mut parsed = Self {
            standard: rules.transcode_to()?,
            ..Self::default()
        };
        let Some(typed) = typed_rules(rules) else {
            return Ok(parsed);
        };
        parsed.predefined = predefined(&typed, pool)?;
        let nested = |name: &str| -> Result<Option<Box<Self>>, DecodeError> {
            match typed.get_field_by_name(name).as_deref() {
                Some(Value::Message(rules)) if typed.has_field_by_name(name) => {
                    Ok(Some(Box::new(Self::from_extension(rules, pool)?)))
                }
                _ => Ok(None),
            }
        };
        if matches!(parsed.standard.r#type, Some(Type::Repeated(_))) {
            parsed.items = nested("items")?;
        }
        if matches!(parsed.standard.r#type, Some(Type::Map(_))) {
            parsed.keys = nested("keys")?;
            parsed.values = nested("values")?;
        }
        Ok(parsed)
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

/// The rules message that is set in the oneof `type`, such as `Int32Rules`.
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
) -> Result<Vec<PredefinedRule>, DecodeError> {
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
        found.push(PredefinedRule {
            name: extension.full_name().to_owned(),
            value: value.to_string(),
            rules,
        });
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

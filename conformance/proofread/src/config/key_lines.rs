//! The line of each key in a configuration, so that errors that are found later, against
//! the contract or the server, can name the line too.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

/// Line numbers by full key, from 1. A full key includes its tables, joined by dots:
/// `fixtures.*.book_id`; an item of a list has its index: `include.0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyLines(BTreeMap<String, usize>);

impl KeyLines {
    /// The lines of a TOML document; empty if it is not valid.
    pub(super) fn of_toml(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            lines.add_table(text, "", table.get_ref());
        }
        lines
    }

    /// The lines of a YAML document; empty if it is not valid.
    pub(super) fn of_yaml(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(Some(node)) = serde_saphyr::from_str::<Option<YamlNode>>(text) {
            lines.add_node("", &node);
        }
        lines
    }

    /// The line of a key. If it is not in the file, the line of the innermost table around
    /// it that is.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key) {
                return Some(*line);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    fn add_table(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = joined(prefix, key.get_ref());
            self.0.insert(name.clone(), line_at(text, key.span().start));
            self.add_value(text, &name, value.get_ref());
        }
    }

    fn add_value(&mut self, text: &str, name: &str, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.add_table(text, name, table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let name = joined(name, &index.to_string());
                    self.0
                        .insert(name.clone(), line_at(text, item.span().start));
                    self.add_value(text, &name, item.get_ref());
                }
            }
            _ => {}
        }
    }

    fn add_node(&mut self, prefix: &str, node: &YamlNode) {
        for (key, line, children) in &node.0 {
            let name = joined(prefix, key);
            self.0.insert(name.clone(), *line);
            self.add_node(&name, children);
        }
    }
}

fn joined(prefix: &str, key: &str) -> String {
    match prefix {
        "" => key.to_owned(),
        prefix => format!("{prefix}.{key}"),
    }
}

/// The line, from 1, of a byte offset.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or_default();
    before.matches('\n').count() + 1
}

/// The keys of a mapping or the indices of a sequence, each with its line and children.
/// Empty for scalars.
struct YamlNode(Vec<(String, usize, YamlNode)>);

impl<'de> Deserialize<'de> for YamlNode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(YamlNodeVisitor)
    }
}

struct YamlNodeVisitor;

impl<'de> Visitor<'de> for YamlNodeVisitor {
    type Value = YamlNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<YamlNode, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let line = usize::try_from(key.referenced.line()).unwrap_or(1);
            found.push((key.value, line, map.next_value()?));
        }
        Ok(YamlNode(found))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<YamlNode, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element::<Spanned<YamlNode>>()? {
            let line = usize::try_from(item.referenced.line()).unwrap_or(1);
            found.push((found.len().to_string(), line, item.value));
        }
        Ok(YamlNode(found))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_unit<E: Error>(self) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_none<E: Error>(self) -> Result<YamlNode, E> {
        Ok(YamlNode(Vec::new()))
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<YamlNode, D::Error> {
        YamlNode::deserialize(from)
    }
}

//! The lines of a file of JSON lines as records: one object on each line.

use std::{
    io::{BufRead, BufReader, Read},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    Options,
    bounded_reader::{ByteCounts, MAX_ROW_BYTES},
    convert::shorten,
    field::Field,
    record::{Advance, Record, Records},
};

/// A file of JSON lines.
pub(super) struct JsonRecords {
    lines: BufReader<Box<dyn Read + Send>>,
    counts: Arc<ByteCounts>,
    line: Vec<u8>,
    line_number: u64,
    keys: Vec<(Field, Vec<String>)>,
    /// Whether the keys are those of the bookstore.
    is_own: bool,
    /// The key by which the tags of other files name a book.
    tagged: Option<String>,
}

impl JsonRecords {
    pub(super) fn new(
        text: Box<dyn Read + Send>,
        counts: Arc<ByteCounts>,
        options: &Options,
    ) -> Self {
        let mapping = &options.mapping;
        let keys = Field::ALL.map(|field| {
            let mapped = mapping.columns.get(&field).cloned();
            (
                field,
                mapped.unwrap_or_else(|| vec![field.name().to_owned()]),
            )
        });
        Self {
            lines: BufReader::with_capacity(64 * 1024, text),
            counts,
            line: Vec::new(),
            line_number: 0,
            keys: keys.into(),
            is_own: mapping.columns.is_empty(),
            tagged: options.book_tags.as_ref().map(|tags| tags.column.clone()),
        }
    }
}

impl Records for JsonRecords {
    fn advance(&mut self) -> Advance {
        loop {
            self.counts.begin_row();
            self.line.clear();
            self.line_number += 1;
            let line = self.line_number;
            match self.lines.read_until(b'\n', &mut self.line) {
                Ok(0) => return Advance::End,
                Ok(_) if self.line.trim_ascii().is_empty() => {}
                Ok(_) => return Advance::Record { line },
                Err(error) => {
                    let message = if self.counts.row_is_too_long() {
                        format!(
                            "longer than {MAX_ROW_BYTES} bytes: write one object on each line. \
                             The rest of the file is not read"
                        )
                    } else {
                        format!("{error}; the rest of the file is not read")
                    };
                    return Advance::Failed { line, message };
                }
            }
        }
    }

    fn record(&self) -> Result<Record<'_>, String> {
        let object: Map<String, Value> = serde_json::from_slice(&self.line).map_err(|error| {
            let text = String::from_utf8_lossy(self.line.trim_ascii());
            format!("is no JSON object ({error}): {:?}", shorten(&text))
        })?;
        let mut record = Record::new(self.is_own);
        if let Some(key) = &self.tagged {
            record.tagged_as = match value(&object, key) {
                Some(Value::String(text)) => text.clone().into(),
                Some(Value::Number(number)) => number.to_string().into(),
                _ => "".into(),
            };
        }
        for (field, keys) in &self.keys {
            let mut values = keys.iter().filter_map(|key| value(&object, key));
            match (field, values.next()) {
                (_, None) => {}
                (Field::Authors, Some(Value::Array(names))) => {
                    record.authors = texts(*field, names)?
                }
                (Field::Tags, Some(Value::Array(tags))) => record.tags = texts(*field, tags)?,
                (_, Some(value)) => record.set(*field, text(*field, value)?),
            }
        }
        Ok(record)
    }
}

/// The value of a key, or of a path of keys with dots, if it is there and not null or empty.
fn value<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    let found = object.get(key).or_else(|| {
        let (first, rest) = key.split_once('.')?;
        value(object.get(first)?.as_object()?, rest)
    });
    found.filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn texts(field: Field, values: &[Value]) -> Result<Vec<String>, String> {
    values.iter().map(|value| text(field, value)).collect()
}

fn text(field: Field, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!(
            "{} is neither a text nor a number: {:?}",
            field.name(),
            shorten(&value.to_string())
        )),
    }
}

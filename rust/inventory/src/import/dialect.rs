//! The dialect of a CSV file: its delimiter and how it quotes.

use csv::ByteRecord;

/// What may separate columns, the most frequent first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The dialect of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    /// Whether a backslash before a quotation mark makes it part of the field. Otherwise two
    /// quotation marks do.
    pub(super) escapes: bool,
}

impl Dialect {
    pub(super) fn builder(self) -> csv::ReaderBuilder {
        let mut builder = csv::ReaderBuilder::new();
        builder
            // The reader itself checks the number of columns, for a better message.
            .flexible(true)
            .delimiter(self.delimiter)
            .quote(self.quote)
            .escape(self.escapes.then_some(b'\\'));
        builder
    }

    /// Detects the dialect by the beginning of a file. `is_known` tells whether a name in the
    /// header is that of a column that will be read.
    pub(super) fn detect(
        sample: &[u8],
        delimiter: Option<u8>,
        is_known: impl Fn(&str) -> bool,
    ) -> Self {
        let quote = if sample.trim_ascii_start().starts_with(b"'") {
            b'\''
        } else {
            b'"'
        };
        let with = |delimiter| Self {
            delimiter,
            quote,
            escapes: false,
        };
        let delimiter = delimiter.unwrap_or_else(|| {
            let candidates = DELIMITERS.into_iter().rev();
            let best = candidates.max_by_key(|delimiter| {
                let header = with(*delimiter).header(sample);
                let known = header.iter().filter(|name| is_known(name)).count();
                (known, header.len())
            });
            best.unwrap_or(b',')
        });
        let dialect = with(delimiter);
        Self {
            escapes: dialect.has_escaped_quotes(sample),
            ..dialect
        }
    }

    /// The names of the columns, in lower case without blanks around them.
    fn header(self, sample: &[u8]) -> Vec<String> {
        let mut rows = self.builder().from_reader(sample);
        match rows.byte_headers() {
            Ok(header) => names(header),
            Err(_) => Vec::new(),
        }
    }

    /// Whether quotation marks within fields have a backslash before them. If some are doubled,
    /// backslashes are taken as they are.
    fn has_escaped_quotes(self, sample: &[u8]) -> bool {
        let quote = self.quote;
        let ends_field = |byte: Option<&u8>| {
            byte.is_none_or(|byte| *byte == self.delimiter || matches!(byte, b'\r' | b'\n'))
        };
        let mut is_escaped = false;
        for (position, pair) in sample.windows(2).enumerate() {
            let next = sample.get(position + 2);
            // A doubled quotation mark may follow a backslash that is part of the text.
            if pair == [b'\\', quote] && !ends_field(next) && next != Some(&quote) {
                is_escaped = true;
            }
            let is_inside = position > 0 && !ends_field(sample.get(position - 1));
            if pair == [quote, quote] && is_inside && !ends_field(next) {
                return false;
            }
        }
        is_escaped
    }
}

/// The names of a header in lower case, without blanks around them.
pub(super) fn names(header: &ByteRecord) -> Vec<String> {
    let names = header.iter().map(String::from_utf8_lossy);
    names.map(|name| name.trim().to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(sample: &str) -> (char, char, bool) {
        let known = |name: &str| ["id", "title", "titel"].contains(&name);
        let dialect = Dialect::detect(sample.as_bytes(), None, known);
        (
            dialect.delimiter.into(),
            dialect.quote.into(),
            dialect.escapes,
        )
    }

    #[test]
    fn delimiter_and_quotes_are_detected() {
        for (sample, expected) in [
            ("id,title\n", (',', '"', false)),
            ("id;title;a, b, c, d\n", (';', '"', false)),
            ("id\ttitle\n1\ta,b\n", ('\t', '"', false)),
            ("\"ID\"|\"Titel\"\n", ('|', '"', false)),
            ("'id';'title'\n'1';'x'\n", (';', '\'', false)),
            ("id,title\n1,\"A \\\"B\\\" C\"\n", (',', '"', true)),
            ("id,title\n1,\"A \"\"B\"\" C\\\"\n", (',', '"', false)),
            ("id,title\n1,\"C:\\\"\n", (',', '"', false)),
            ("id,title\n1,\"A\\\"\",B\"\n", (',', '"', false)),
            ("", (',', '"', false)),
            ("one column\n", (',', '"', false)),
        ] {
            assert_eq!(detect(sample), expected, "{sample}");
        }
    }
}

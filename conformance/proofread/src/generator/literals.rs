//! Literals in rules in CEL. Expressions are not parsed, only scanned for numbers and
//! strings, because values near a literal often are at a boundary of the rule.

use crate::contract::{Message, Rules};

/// The literals of some expressions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Literals {
    pub(crate) numbers: Vec<i128>,
    pub(crate) floats: Vec<f64>,
    pub(crate) strings: Vec<String>,
}

/// The largest number that is used as the size of a list or string.
const MAX_SIZE: usize = 10_000;

/// The functions that test a format, each with strings that have it.
const FORMATS: [(&str, [&str; 2]); 7] = [
    (".isEmail(", ["a@example.com", "b@c.d"]),
    (".isHostname(", ["example.com", "a.b"]),
    (".isHostAndPort(", ["example.com:80", "127.0.0.1:1"]),
    (".isIp(", ["127.0.0.1", "::1"]),
    (".isIpPrefix(", ["127.0.0.0/8", "::/64"]),
    (".isUri(", ["https://example.com/", "a:b"]),
    (".isUriRef(", ["/a", "a#b"]),
];

impl Literals {
    /// The literals in the rules of a field and of its message.
    pub(crate) fn of(rules: Option<&Rules>, message: &Message) -> Self {
        let mut literals = Self::default();
        let own = &message.rules;
        own.cel
            .iter()
            .for_each(|rule| literals.read(rule.expression()));
        own.cel_expression.iter().for_each(|it| literals.read(it));
        if let Some(rules) = rules {
            literals.read_rules(rules);
        }
        literals.numbers.sort_unstable();
        literals.numbers.dedup();
        literals.strings.sort_unstable();
        literals.strings.dedup();
        literals.floats.dedup();
        literals
    }

    fn read_rules(&mut self, rules: &Rules) {
        for level in rules.levels() {
            level.expressions().for_each(|it| self.read(it));
            let predefined = level.predefined.iter();
            predefined.for_each(|rule| self.read(&rule.value));
        }
    }

    fn read(&mut self, expression: &str) {
        for (function, samples) in FORMATS {
            if expression.contains(function) {
                self.strings.extend(samples.map(str::to_owned));
            }
        }
        let mut rest = expression.chars().peekable();
        let mut before = ' ';
        while let Some(next) = rest.next() {
            if next == '\'' || next == '"' {
                let mut text = String::new();
                while let Some(it) = rest.next_if(|it| *it != next) {
                    // Escape sequences are not decoded, which is enough for a candidate.
                    match it {
                        '\\' => text.extend(rest.next()),
                        it => text.push(it),
                    }
                }
                rest.next();
                self.strings.push(text);
            } else if next.is_ascii_digit() && !before.is_alphanumeric() && before != '_' {
                let mut digits = String::from(if before == '-' { "-" } else { "" });
                digits.push(next);
                while let Some(it) = rest.next_if(|it| it.is_ascii_digit() || *it == '.') {
                    digits.push(it);
                }
                self.numbers.extend(digits.parse::<i128>());
                self.floats.extend(digits.parse::<f64>());
            }
            before = next;
        }
    }

    /// The numbers that can be the size of a list or string.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        let sizes = self
            .numbers
            .iter()
            .filter_map(|it| usize::try_from(*it).ok());
        sizes.filter(|size| *size <= MAX_SIZE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_in_an_expression() {
        let mut literals = Literals::default();
        literals.read(r#"this.size2 > -10 && size(this.b) <= 2.5 || this == 'it\'s' + "x""#);
        assert_eq!(literals.numbers, [-10]);
        assert_eq!(literals.floats, [-10.0, 2.5]);
        assert_eq!(literals.strings, ["it's", "x"]);
        assert_eq!(literals.sizes().count(), 0);
    }
}

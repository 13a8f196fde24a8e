//! Path templates of `google.api.http`: `/v1/orders/{order_id}:cancel`.
//!
//! The grammar is that of google/api/http.proto: segments are literals, `*` for one segment,
//! `**` for the rest of the path, or a variable `{field}` or `{field=pattern}`; a verb after a
//! colon may follow.

use percent_encoding::percent_decode_str;

/// A template. A path matches it segment by segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    segments: Vec<Segment>,
    variables: Vec<Variable>,
    verb: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// Exactly one segment.
    One,
    /// All segments that are left; only at the end.
    Rest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    /// The path of the field: `profile.name`.
    field: String,
    /// The segments that belong to it.
    first: usize,
    count: usize,
}

/// A field of a request with the text that a path has for it.
pub(super) type Captured = (String, String);

impl Template {
    /// `None` if the text is no template.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let path = text.strip_prefix('/')?;
        let verb_begins = path
            .rfind(':')
            .filter(|&colon| !path[colon..].contains(['/', '}']));
        let (path, verb) = match verb_begins {
            Some(colon) => (&path[..colon], Some(path[colon + 1..].to_owned())),
            None => (path, None),
        };
        let mut template = Self {
            segments: Vec::new(),
            variables: Vec::new(),
            verb,
        };
        let mut rest = path;
        loop {
            rest = match rest.strip_prefix('{') {
                Some(variable) => {
                    let (variable, after) = variable.split_once('}')?;
                    template.add_variable(variable)?;
                    after
                }
                None => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    template.segments.push(Segment::parse(&rest[..end])?);
                    &rest[end..]
                }
            };
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix('/')?;
        }
        let before_last = template.segments.split_last()?.1;
        let only_at_the_end = !before_last.contains(&Segment::Rest);
        only_at_the_end.then_some(template)
    }

    fn add_variable(&mut self, text: &str) -> Option<()> {
        let (field, pattern) = text.split_once('=').unwrap_or((text, "*"));
        let first = self.segments.len();
        for segment in pattern.split('/') {
            self.segments.push(Segment::parse(segment)?);
        }
        self.variables.push(Variable {
            field: field.to_owned(),
            first,
            count: self.segments.len() - first,
        });
        (!field.is_empty()).then_some(())
    }

    pub(super) fn has_verb(&self) -> bool {
        self.verb.is_some()
    }

    /// The fields that the path gives a value.
    #[cfg(test)]
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .map(|variable| variable.field.as_str())
    }

    /// The values of the variables, if the path matches.
    pub(super) fn matches(&self, path: &str) -> Option<Vec<Captured>> {
        let path = path.strip_prefix('/')?;
        let path = match &self.verb {
            Some(verb) => path.strip_suffix(verb.as_str())?.strip_suffix(':')?,
            None => path,
        };
        let segments: Vec<&str> = path.split('/').collect();
        let rest = self.segments.last() == Some(&Segment::Rest);
        let fits = if rest {
            segments.len() >= self.segments.len()
        } else {
            segments.len() == self.segments.len()
        };
        let mut pairs = self.segments.iter().zip(&segments);
        if !fits || !pairs.all(|(expected, segment)| expected.matches(segment)) {
            return None;
        }
        let captured = self.variables.iter().map(|variable| {
            let last = self.segments.len() == variable.first + variable.count;
            let end = if rest && last {
                segments.len()
            } else {
                variable.first + variable.count
            };
            let text = segments[variable.first..end].join("/");
            let text = percent_decode_str(&text).decode_utf8().ok()?;
            Some((variable.field.clone(), text.into_owned()))
        });
        captured.collect()
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::One),
            "**" => Some(Self::Rest),
            "" => None,
            literal if literal.contains(['{', '}', '*']) => None,
            literal => Some(Self::Literal(literal.to_owned())),
        }
    }

    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Literal(literal) => {
                let decoded = percent_decode_str(segment).decode_utf8();
                decoded.is_ok_and(|decoded| decoded == *literal)
            }
            Self::One => !segment.is_empty(),
            Self::Rest => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template).expect("a template");
        template.matches(path)
    }

    #[test]
    fn path_matches_segment_by_segment() {
        for (template, path, expected) in [
            ("/v1/books", "/v1/books", Some(&[][..])),
            ("/v1/books", "/v1/books/", None),
            ("/v1/books", "/v1", None),
            ("/v1/books", "/v1/b%6Foks", Some(&[])),
            ("/v1/books/{id}", "/v1/books/7", Some(&[("id", "7")])),
            ("/v1/books/{id}", "/v1/books/", None),
            ("/v1/books/{id}", "/v1/books/a%2Fb", Some(&[("id", "a/b")])),
            ("/v1/books/{id}", "/v1/books/%FF", None),
            ("/v1/{a}/{b}", "/v1/x/y", Some(&[("a", "x"), ("b", "y")])),
            ("/v1/o/{id}:cancel", "/v1/o/7:cancel", Some(&[("id", "7")])),
            ("/v1/o/{id}:cancel", "/v1/o/7", None),
            ("/v1/o/{id}:cancel", "/v1/o/:cancel", None),
            ("/v1/o:get", "/v1/o:get", Some(&[])),
            ("/v1/o:get", "/v1/o", None),
            ("/{name=a/*}/c", "/a/b/c", Some(&[("name", "a/b")])),
            ("/{name=a/*}/c", "/x/b/c", None),
            ("/files/{path=**}", "/files/a/b", Some(&[("path", "a/b")])),
            ("/files/{path=**}", "/files", None),
        ] {
            let expected = expected.map(|values| {
                let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
                values.iter().map(owned).collect::<Vec<_>>()
            });
            assert_eq!(captured(template, path), expected, "{template} {path}");
        }
    }

    #[test]
    fn text_that_is_no_template_is_refused() {
        for text in [
            "",
            "v1",
            "/",
            "/a//b",
            "/{",
            "/{}",
            "/a{b}",
            "/**/a",
            "/{a=**}/b",
            "/***",
        ] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}

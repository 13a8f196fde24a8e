//! The ids of findings: what a baseline accepts, and what other tools track over time.

use super::{Finding, FindingKind};
use crate::{
    case::{Expect, Phase},
    source_location::segments,
};

impl Finding {
    /// The ids of the finding: `shop.v1.Shop/Get rule-not-checked id int32.gte_lte`. They
    /// name the method, the kind, and the field and the rule, or else the case or the
    /// code. Values, indices and texts are not part of them, so that they are the same in
    /// the next run. A finding about a request that breaks several rules has an id for
    /// each.
    pub fn ids(&self) -> Vec<String> {
        let method = match self.method.trim_start_matches('/') {
            "" => "server",
            method => method,
        };
        let kind = kind_name(self.kind);
        let causes = self.causes().into_iter();
        causes
            .map(|cause| format!("{method} {kind} {cause}"))
            .collect()
    }

    fn causes(&self) -> Vec<String> {
        let expect = self.reproduction.as_ref().map(|it| &it.expect);
        match expect {
            Some(Expect::Refused(due)) if !due.is_empty() => {
                let mut causes: Vec<String> = due
                    .iter()
                    .map(|due| format!("{} {}", without_indices(&due.path), due.rule))
                    .map(|cause| cause.trim_start().to_owned())
                    .collect();
                causes.sort();
                causes.dedup();
                return causes;
            }
            Some(Expect::Accepted) if self.kind == FindingKind::UndeclaredError => {
                // The observed answer begins with the code.
                let code = self.observed.split(' ').next();
                return vec![code.unwrap_or_default().to_owned()];
            }
            _ => {}
        }
        let exercises = self.reproduction.as_ref().map(|it| it.exercises.as_slice());
        vec![match exercises {
            _ if self.phase == Phase::Random => "random".to_owned(),
            Some([target]) => format!("{} {}", target.field, target.rule),
            _ => self.case.clone(),
        }]
    }
}

/// The name of a kind as in ids and reports: `rule-not-checked`.
pub fn kind_name(kind: FindingKind) -> String {
    let name = serde_json::to_value(kind).ok();
    let name = name.and_then(|name| name.as_str().map(str::to_owned));
    name.unwrap_or_else(|| format!("{kind:?}").to_lowercase())
}

/// `books[3].prices["a"]` becomes `books[].prices[]`.
pub(crate) fn without_indices(path: &str) -> String {
    let parts = segments(path).into_iter();
    let parts = parts.map(|(name, has_key)| name + if has_key { "[]" } else { "" });
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::{RuleTarget, Side, Violation},
        finding::Reproduction,
    };

    fn finding(expect: Expect) -> Finding {
        Finding {
            method: "/shop.v1.Shop/Get".to_owned(),
            phase: Phase::Boundary,
            case: "boundary/id/int32.gte_lte/below".to_owned(),
            kind: FindingKind::RuleNotChecked,
            intent: String::new(),
            expected: String::new(),
            observed: "UNKNOWN \"oops\"".to_owned(),
            sent: Vec::new(),
            json: None,
            reproduction: Some(Reproduction {
                path: "/shop.v1.Shop/Get".to_owned(),
                headers: Vec::new(),
                reset: false,
                piece: 0,
                expect,
                exercises: Vec::new(),
            }),
            suspects: Vec::new(),
            sequence: None,
        }
    }

    #[test]
    fn violated_rules_are_ids_without_indices() {
        let due = [("books[7].title", "string.max_len"), ("", "m")];
        let due = due.map(|(path, rule)| Violation {
            path: path.to_owned(),
            rule: rule.to_owned(),
        });
        assert_eq!(
            finding(Expect::Refused(due.to_vec())).ids(),
            [
                "shop.v1.Shop/Get rule-not-checked books[].title string.max_len",
                "shop.v1.Shop/Get rule-not-checked m",
            ]
        );
    }

    #[test]
    fn other_findings_name_the_code_the_rule_or_the_case() {
        let mut found = finding(Expect::Accepted);
        found.kind = FindingKind::UndeclaredError;
        assert_eq!(found.ids(), ["shop.v1.Shop/Get undeclared-error UNKNOWN"]);

        found.kind = FindingKind::ValidRefused;
        let case = "shop.v1.Shop/Get valid-refused boundary/id/int32.gte_lte/below";
        assert_eq!(found.ids(), [case]);
        if let Some(reproduction) = &mut found.reproduction {
            reproduction.exercises.push(RuleTarget {
                field: "shop.v1.GetRequest.id".to_owned(),
                rule: "int32.gte_lte".to_owned(),
                side: Side::Kept,
            });
        }
        let rule = "shop.v1.Shop/Get valid-refused shop.v1.GetRequest.id int32.gte_lte";
        assert_eq!(found.ids(), [rule]);
        found.phase = Phase::Random;
        assert_eq!(found.ids(), ["shop.v1.Shop/Get valid-refused random"]);

        found.method.clear();
        found.reproduction = None;
        found.phase = Phase::Behaviour;
        found.kind = FindingKind::Behaviour;
        found.case = "behaviour/health/list".to_owned();
        assert_eq!(found.ids(), ["server behaviour behaviour/health/list"]);
    }
}

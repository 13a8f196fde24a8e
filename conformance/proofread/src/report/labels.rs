//! Names of methods, phases and kinds of failures in reports.

use crate::{case, finding::FindingKind};

/// `/shop.v1.Shop/Get` becomes `shop.v1.Shop/Get`.
pub(super) fn without_leading_slash(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

/// The name of a phase as in flags and reports: `boundary`.
pub fn phase_name(phase: case::Phase) -> String {
    let name = serde_json::to_value(phase).ok();
    let name = name.and_then(|name| name.as_str().map(str::to_owned));
    name.unwrap_or_else(|| format!("{phase:?}").to_lowercase())
}

/// The title of a kind of failure, for reports.
pub fn kind_title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::RuleNotChecked => "rule not checked",
        FindingKind::ValidRefused => "valid request refused",
        FindingKind::WrongCode => "wrong code",
        FindingKind::WrongViolations => "wrong violations",
        FindingKind::WrongDetails => "wrong details",
        FindingKind::UndeclaredError => "undeclared error",
        FindingKind::BadResponse => "bad response",
        FindingKind::TrailerTooBig => "trailer too big",
        FindingKind::Protocol => "protocol",
        FindingKind::Behaviour => "behaviour",
        FindingKind::Crash => "crash or hang",
    }
}

//! The text format of OpenMetrics 1.0, which has exemplars, made from that of Prometheus.

use super::exemplars::Exemplars;

/// Translates a page of metrics. The series stay the same, but for the label `le`, which is a
/// floating-point number here: `1.0` and not `1`.
pub(super) fn from_prometheus(page: &str, exemplars: &Exemplars) -> String {
    let mut result = String::with_capacity(page.len() + page.len() / 8);
    let mut help = None;
    let mut is_histogram = false;
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("# HELP ") {
            help = text.split_once(' ');
        } else if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').unwrap_or((family, "unknown"));
            write_family(&mut result, name, kind, help.take());
            is_histogram = kind == "histogram";
        } else if !is_histogram || write_bucket(&mut result, line, exemplars).is_none() {
            result.push_str(line);
            result.push('\n');
        }
    }
    result.push_str("# EOF\n");
    result
}

fn write_family(result: &mut String, name: &str, kind: &str, help: Option<(&str, &str)>) {
    let (family, kind) = match (name.strip_suffix("_total"), kind) {
        // The suffix belongs to the samples of a counter, and not to its name.
        (Some(family), "counter") => (family, kind),
        (None, "counter") => (name, "unknown"),
        _ => (name, kind),
    };
    for part in ["# TYPE ", family, " ", kind, "\n"] {
        result.push_str(part);
    }
    if let Some((_, text)) = help.filter(|(described, _)| *described == name) {
        let text = text.replace('"', "\\\"");
        for part in ["# HELP ", family, " ", &text, "\n"] {
            result.push_str(part);
        }
    }
}

/// `None` if the line has no bucket.
fn write_bucket(result: &mut String, line: &str, exemplars: &Exemplars) -> Option<()> {
    const LABEL: &str = "le=\"";
    let (prefix, rest) = line.split_at(line.rfind(LABEL)?);
    let (bound, count) = rest.strip_prefix(LABEL)?.split_once("\"} ")?;
    let number: f64 = bound.parse().ok()?;
    let bound = match bound {
        "+Inf" => bound,
        _ => &format!("{number:?}"),
    };
    for part in [prefix, LABEL, bound, "\"} ", count] {
        result.push_str(part);
    }
    if let Some(exemplar) = exemplars.of_bucket(prefix, number) {
        result.push_str(" # ");
        result.push_str(&exemplar);
    }
    result.push('\n');
    Some(())
}

#[cfg(test)]
#[path = "open_metrics_tests.rs"]
mod tests;

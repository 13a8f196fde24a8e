//! The report as one self-contained HTML page, without scripts and external fonts or
//! images, so that CI can keep it as an artefact and it opens anywhere.

use askama::Template;

use super::view::{Coverage, Group, GroupedNote, Method, Note, View, group_notes};
use crate::style::with_thousands_separators;

/// The greatest number of coverage gaps on the page; the JSON report has all.
const MAX_GAPS: usize = 500;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'v> {
    view: &'v View,
    style: &'static str,
    bars: Vec<Bar>,
    max_gaps: usize,
}

/// A row of the table of methods.
struct Row<'v> {
    name: &'v str,
    method: &'v Method,
}

/// A bar of the chart of phases; `width` and `failed_width` are from 0 to 1000.
struct Bar {
    name: String,
    cases: String,
    failed: u64,
    width: u64,
    failed_width: u64,
    top: usize,
}

/// The height of a row in the chart of phases, in SVG units.
const ROW_HEIGHT: usize = 28;

/// Renders the page.
///
/// # Errors
/// If the template fails, which is a defect of proofread.
pub fn render(view: &View) -> Result<String, askama::Error> {
    let max_cases = view.phases.iter().map(|phase| phase.cases).max();
    let max_cases = max_cases.unwrap_or(1).max(1);
    let bars = view.phases.iter().enumerate().map(|(index, phase)| Bar {
        name: phase.name.clone(),
        cases: with_thousands_separators(phase.cases),
        failed: phase.failed,
        // The square root keeps the small phases visible beside the random one.
        width: square_root_share(phase.cases, max_cases),
        failed_width: square_root_share(phase.failed.min(phase.cases), max_cases),
        top: index * ROW_HEIGHT,
    });
    Page {
        view,
        style: include_str!("../../templates/report.css"),
        bars: bars.collect(),
        max_gaps: MAX_GAPS,
    }
    .render()
}

/// The square root of `part / total`, from 0 to 1000.
fn square_root_share(part: u64, total: u64) -> u64 {
    ((part * 1_000_000) / total).isqrt()
}

impl Page<'_> {
    fn chart_height(&self) -> usize {
        self.bars.len() * ROW_HEIGHT
    }

    fn grouped(&self, count: &u64) -> String {
        with_thousands_separators(*count)
    }

    fn cases(&self) -> String {
        with_thousands_separators(self.view.cases)
    }

    fn rate(&self) -> String {
        with_thousands_separators(self.view.cases_per_second())
    }

    fn seconds(&self) -> String {
        format!("{:.1}", self.view.seconds)
    }

    /// The checked methods, grouped by service.
    fn services(&self) -> Vec<(&str, Vec<Row<'_>>)> {
        let mut services: Vec<(&str, Vec<Row<'_>>)> = Vec::new();
        for method in self.view.methods.iter().filter(|it| it.is_checked()) {
            let (service, name) = method.name.rsplit_once('/').unwrap_or(("", &method.name));
            let row = Row { name, method };
            match services.iter_mut().find(|(known, _)| *known == service) {
                Some((_, rows)) => rows.push(row),
                None => services.push((service, vec![row])),
            }
        }
        services
    }

    fn columns(&self) -> usize {
        self.view.phases.len() + 4
    }

    fn grouped_notes(&self, notes: &[Note]) -> Vec<GroupedNote> {
        group_notes(notes)
    }

    fn failing_methods(&self) -> Vec<&Method> {
        let methods = self.view.methods.iter();
        methods.filter(|method| !method.groups.is_empty()).collect()
    }

    fn percentage(&self, coverage: &Coverage) -> String {
        match coverage.rules() {
            0 => "–".to_owned(),
            _ => {
                let per_mille = coverage.per_mille(&coverage.both);
                // Rounded down, so that 100 % means all rules.
                format!("{} %", per_mille / 10)
            }
        }
    }

    fn hidden_gaps(&self) -> usize {
        self.view.coverage.gaps.len().saturating_sub(self.max_gaps)
    }

    fn count_label(&self, group: &Group) -> String {
        match group.count {
            0 | 1 => String::new(),
            number => format!("× {number}"),
        }
    }
}

//! The report as one page of HTML that needs nothing else: no script, no font, no
//! image from elsewhere, so that it can be kept as an artefact and opened anywhere.

use askama::Template;

use super::view::{Coverage, Group, GroupedNote, Method, Note, View, group_notes};
use crate::style::with_thousands_separators;

/// How many gaps of coverage are listed; the JSON report has all.
const GAPS: usize = 500;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'v> {
    view: &'v View,
    style: &'static str,
    bars: Vec<Bar>,
    gaps: usize,
}

/// A row of the table of methods.
struct Row<'v> {
    name: &'v str,
    method: &'v Method,
}

/// A bar of the chart of phases, its parts of 1000.
struct Bar {
    name: String,
    cases: String,
    failed: u64,
    width: u64,
    failed_width: u64,
    top: usize,
}

/// The height of a row in the chart of phases.
const ROW: usize = 28;

/// Writes the page.
///
/// # Errors
/// When the template can't be filled, which is a defect.
pub fn render(view: &View) -> Result<String, askama::Error> {
    let most = view.phases.iter().map(|phase| phase.cases).max();
    let most = most.unwrap_or(1).max(1);
    let bars = view.phases.iter().enumerate().map(|(index, phase)| Bar {
        name: phase.name.clone(),
        cases: with_thousands_separators(phase.cases),
        failed: phase.failed,
        // The square root keeps the small phases visible beside the random one.
        width: root_share(phase.cases, most),
        failed_width: root_share(phase.failed.min(phase.cases), most),
        top: index * ROW,
    });
    Page {
        view,
        style: include_str!("../../templates/report.css"),
        bars: bars.collect(),
        gaps: GAPS,
    }
    .render()
}

fn root_share(part: u64, whole: u64) -> u64 {
    ((part * 1_000_000) / whole).isqrt()
}

impl Page<'_> {
    fn chart_height(&self) -> usize {
        self.bars.len() * ROW
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

    /// The methods that were checked, by service.
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

    fn group_notes(&self, notes: &[Note]) -> Vec<GroupedNote> {
        group_notes(notes)
    }

    fn failing(&self) -> Vec<&Method> {
        let methods = self.view.methods.iter();
        methods.filter(|method| !method.groups.is_empty()).collect()
    }

    fn per_cent(&self, coverage: &Coverage) -> String {
        match coverage.rules() {
            0 => "–".to_owned(),
            _ => {
                let per_mille = coverage.per_mille(&coverage.both);
                // Never rounded up to all.
                format!("{} %", per_mille / 10)
            }
        }
    }

    fn hidden_gaps(&self) -> usize {
        self.view.coverage.gaps.len().saturating_sub(self.gaps)
    }

    fn like_it(&self, group: &Group) -> String {
        match group.count {
            0 | 1 => String::new(),
            number => format!("× {number}"),
        }
    }
}

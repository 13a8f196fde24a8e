//! The report as JUnit XML: a suite for each method, with a test for each phase without
//! failures and for each group of failures.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::view::{Group, Method, Phase, View};
use crate::style::count;

/// Renders the XML.
///
/// # Errors
/// If a text contains characters that XML does not allow.
pub fn render(view: &View) -> Result<String, SerializeError> {
    let mut report = Report::new("proofread");
    report.set_time(Duration::from_secs_f64(view.seconds.max(0.0)));
    for method in view.methods.iter().filter(|method| method.cases() > 0) {
        report.add_test_suite(suite(method));
    }
    if !view.shared.is_empty() {
        let mut suite = TestSuite::new("the server as a whole");
        suite.add_test_cases(view.shared.iter().map(failure));
        report.add_test_suite(suite);
    }
    if !view.uncovered.is_empty() {
        let mut suite = TestSuite::new("uncovered");
        for note in &view.uncovered {
            let mut status = TestCaseStatus::skipped();
            status.set_message(note.text.clone());
            suite.add_test_case(TestCase::new(note.about.clone(), status));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn suite(method: &Method) -> TestSuite {
    let mut suite = TestSuite::new(method.name.clone());
    let has_passed = |phase: &&Phase| phase.cases > 0 && phase.failed == 0;
    for phase in method.phases.iter().filter(has_passed) {
        let mut test = TestCase::new(phase.name.clone(), TestCaseStatus::success());
        test.set_classname(method.name.clone());
        test.set_assertions(usize::try_from(phase.cases).unwrap_or(usize::MAX));
        suite.add_test_case(test);
    }
    suite.add_test_cases(method.groups.iter().map(failure));
    suite
}

fn failure(group: &Group) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(group.title.clone());
    status.set_message(format!("{}: {}", group.title, group.intent));
    let mut lines = Vec::new();
    if !group.sent.is_empty() {
        lines.push(format!("sent:      {}", group.sent));
    }
    lines.push(format!("contract:  {}", group.expected));
    lines.extend(
        group
            .source_locations
            .iter()
            .map(|location| format!("           {location}")),
    );
    lines.push(format!("answer:    {}", group.observed));
    lines.push(format!("reproduce: {}", group.reproduce));
    if group.count > 1 {
        let others = count(group.count - 1, "similar failure");
        lines.push(format!("and {others}"));
    }
    status.set_description(lines.join("\n"));
    let mut test = TestCase::new(group.case.clone(), status);
    test.set_classname(group.methods.first().cloned().unwrap_or_default());
    test
}

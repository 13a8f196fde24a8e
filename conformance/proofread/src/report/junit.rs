//! The report as JUnit XML: a suite for each method, with a test for each phase without
//! failures and for each group of failures.

use std::{collections::BTreeMap, time::Duration};

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::view::{Group, Method, Phase, View};

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
        add_failures(&mut suite, &view.shared);
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
    add_failures(&mut suite, &method.groups);
    suite
}

/// Adds a test for each group. Its name is the id of the finding, so that CI systems follow
/// it from run to run; further groups of the same id get a number.
fn add_failures(suite: &mut TestSuite, groups: &[Group]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for group in groups {
        let name = group.finding_ids.join(", ");
        let number = seen.entry(name.clone()).or_default();
        *number += 1;
        let name = match number {
            1 => name,
            number => format!("{name} ({number})"),
        };
        suite.add_test_case(failure(group, name));
    }
}

fn failure(group: &Group, name: String) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(group.title.clone());
    status.set_message(format!("{}: {}", group.title, group.intent));
    status.set_description(super::plain_text(group));
    let mut test = TestCase::new(name, status);
    test.set_classname(group.methods.first().cloned().unwrap_or_default());
    test
}

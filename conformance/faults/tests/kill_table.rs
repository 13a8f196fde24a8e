//! Runs some of the faults, so that `cargo test` detects a broken kill table. All faults
//! are run by `faults kill-table`.

use std::path::Path;

use faults::{faults::find, kill_table};

#[test]
fn every_phase_detects_an_expected_fault() {
    let ids = [
        "responses/undeclared-code",
        "unset/category-accepted",
        "bounds/upper-one-more",
        "refusals/trailer-too-big",
        "wire/unknown-field-refused",
        "paging/overlap",
        "sequences/update-lost",
        "middle/valid-number-refused",
        "undetectable/stream-too-short",
        "unchecked/CheckStrings/exact/string.const",
    ];
    let chosen = ids.map(|id| find(id).expect("it is in the table"));
    let program = Path::new(env!("CARGO_BIN_EXE_faults"));
    let result = kill_table::run_faults(chosen.into(), program, 2).expect("the servers start");
    for result in result {
        assert!(
            result.is_as_expected(),
            "{}: {:?}",
            result.fault.id,
            result.detections
        );
    }
}

#[test]
fn exiting_process_is_detected() {
    let fault = find("behaviour/process-exits").expect("it is in the table");
    let program = Path::new(env!("CARGO_BIN_EXE_faults"));
    let result = kill_table::run_faults(vec![fault], program, 1).expect("the child starts");
    assert!(result.iter().all(kill_table::FaultResult::is_as_expected));
}

#[test]
fn correct_server_has_no_false_positives() {
    let report = kill_table::test_correct_server(2_000, 1, 2).expect("the server starts");
    assert!(report.random >= 2_000);
    assert_eq!(report.false_positives, Vec::<String>::new());
}

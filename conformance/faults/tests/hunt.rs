//! A few of the hunts, so that `cargo test` notices when the table breaks. All of
//! them are `faults kill-table`, which the check runs.

use std::path::Path;

use faults::{faults::find, kill};

#[test]
fn every_phase_catches_a_fault_that_it_claims() {
    let ids = [
        "answers/undeclared-code",
        "unset/category-accepted",
        "bounds/upper-one-more",
        "refusals/trailer-too-big",
        "wire/unknown-field-refused",
        "pages/overlap",
        "middle/hole",
        "undetectable/one-fewer",
        "unchecked/CheckTexts/exact/string.const",
    ];
    let chosen = ids.map(|id| find(id).expect("it is in the table"));
    let program = Path::new(env!("CARGO_BIN_EXE_faults"));
    let hunted = kill::hunt_all(chosen.into(), program, 2).expect("the servers start");
    for hunted in hunted {
        assert!(
            hunted.is_as_claimed(),
            "{}: {:?}",
            hunted.fault.id,
            hunted.caught
        );
    }
}

#[test]
fn a_process_that_dies_is_noticed() {
    let fault = find("behaviour/process-dies").expect("it is in the table");
    let program = Path::new(env!("CARGO_BIN_EXE_faults"));
    let hunted = kill::hunt_all(vec![fault], program, 1).expect("the child starts");
    assert!(hunted.iter().all(kill::Hunted::is_as_claimed));
}

#[test]
fn the_correct_server_is_not_accused() {
    let alarms = kill::alarms(2_000, 1, 2).expect("the server starts");
    assert!(alarms.random >= 2_000);
    assert_eq!(alarms.alarms, Vec::<String>::new());
}

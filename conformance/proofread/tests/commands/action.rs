//! The GitHub Action: its script is run as GitHub runs it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde::Deserialize;

use crate::{
    shop_server::{Mode, Shop},
    test_contracts::folder,
};

#[derive(Deserialize)]
struct Action {
    runs: Runs,
}

#[derive(Deserialize)]
struct Runs {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    id: Option<String>,
    run: Option<String>,
}

/// The script of the step that checks the server.
fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    let text = fs::read_to_string(path).expect("the action can be read");
    let action: Action = serde_saphyr::from_str(&text).expect("the action is YAML");
    let mut steps = action.runs.steps.into_iter();
    let check = steps.find(|step| step.id.as_deref() == Some("check"));
    let script = check.and_then(|step| step.run);
    script.expect("the action has a step that checks")
}

/// Runs the script in a folder with these inputs. The binary of this build is where the step
/// before has installed one.
fn run(folder: &Path, url: &str, arguments: &str) -> Output {
    let installed = folder.join("temp/proofread/bin");
    fs::create_dir_all(&installed).expect("the folder can be created");
    let binary = installed.join("proofread");
    if !binary.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_proofread"), binary).expect("it is new");
    }
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script()])
        .current_dir(folder)
        .env("RUNNER_TEMP", folder.join("temp"))
        .env("GITHUB_OUTPUT", folder.join("output"))
        .env("URL", url)
        .env("CONTRACT", "shop.binpb\n")
        .env("CONFIG", "")
        .env("ARGUMENTS", arguments)
        .output();
    output.expect("bash runs")
}

#[test]
fn action_checks_a_server_and_names_its_reports() {
    let (shop, folder) = (Shop::open(Mode::Correct), folder());
    let arguments = "--phases=unset,boundary\n--include=shop.v1.Shop/*\n";
    let correct = run(folder.path(), &shop.url(), arguments);
    let text = String::from_utf8_lossy(&correct.stdout);
    assert!(correct.status.success(), "{correct:?}");
    assert!(text.contains("keeps its contract"), "{text}");

    shop.set_mode(Mode::Lax);
    let lax = run(folder.path(), &shop.url(), arguments);
    let text = String::from_utf8_lossy(&lax.stdout);
    assert_eq!(lax.status.code(), Some(1), "{lax:?}");
    assert!(text.contains("::error "), "{text}");
    let outputs = fs::read_to_string(folder.path().join("output")).expect("it was written");
    for name in ["failures", "junit", "sarif"] {
        let mut lines = outputs.lines();
        let path = lines.find_map(|line| line.strip_prefix(&format!("{name}=")));
        let path = path.expect("the output is set");
        assert!(Path::new(path).is_file(), "{name} is {path}");
    }
}

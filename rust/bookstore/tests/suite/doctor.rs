//! `bookstore doctor` in a deployment that works, and in one that does not.

use crate::test_process::{Folder, TestProcess, run};

fn doctor(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let ran = run(folder, &[&["doctor"], arguments].concat());
    (ran.code, format!("{}{}", ran.stdout, ran.stderr))
}

#[tokio::test]
async fn healthy_deployment_has_no_failure_and_a_dead_one_says_what_to_do() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    let (server, data) = (process.grpc_url(), folder.path("data"));
    let data = data.to_str().expect("UTF-8");
    let (code, text) = doctor(&folder, &["--server", &server, "--data", data]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "bookstore.cart.v1.CheckoutService is serving",
        "ok       contract of",
        "is the same as that of this program",
        "ok       clock of",
        "ok       database of cart: has all migrations",
        "0 failures",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }

    // An address where nobody listens, of one service.
    let nowhere = "inventory=http://127.0.0.1:1";
    let arguments = ["--server", &server, "--data", data, "--peer", nowhere];
    let (code, text) = doctor(&folder, &arguments);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("FAILURE  inventory at http://127.0.0.1:1: cannot reach 127.0.0.1:1"),
        "{text}"
    );
    assert!(
        text.contains("to do: check that the process runs"),
        "{text}"
    );
    process.stop().await;
}

#[test]
fn certificates_are_checked_with_their_expiry() {
    let folder = Folder::new();
    let made = run(&folder, &["certs", "--out", "certs", "--days", "5"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let (code, text) = doctor(&folder, &["--tls-dir", "certs", "--timeout", "1"]);
    assert_eq!(code, 1, "nobody serves: {text}");
    assert!(
        text.contains("WARNING  certificate certs/server.pem: expires on"),
        "{text}"
    );
    assert!(text.contains("ok       certificate certs/ca.pem"), "{text}");
    assert!(text.contains("bookstore certs --renew"), "{text}");

    std::fs::write(folder.root().join("certs/server.key"), "no key").expect("it is writable");
    let (_, text) = doctor(&folder, &["--tls-dir", "certs", "--timeout", "1"]);
    assert!(text.contains("FAILURE  certificates:"), "{text}");
}

//! `bookstore healthcheck` against a process that serves, hangs or is down.

use crate::test_process::{Folder, TestProcess, run};

fn healthcheck(folder: &Folder, server: &str, more: &[&str]) -> String {
    let arguments = [&["healthcheck", "--server", server], more].concat();
    let ran = run(folder, &arguments);
    format!("exit {}\n{}{}", ran.code, ran.stdout, ran.stderr).replace(server, "[server]")
}

#[tokio::test]
async fn exit_code_reports_whether_the_server_serves() {
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &["serve", "transactions"]);
    let server = process.grpc_url();
    insta::assert_snapshot!("serves", healthcheck(&folder, &server, &[]));
    let payments = ["--service", "payment.PaymentService"];
    insta::assert_snapshot!("service_serves", healthcheck(&folder, &server, &payments));
    let inventory = ["--service", "bookstore.inventory.v1.InventoryService"];
    insta::assert_snapshot!("service_unknown", healthcheck(&folder, &server, &inventory));

    // A stopped process still listens, but does not answer.
    process.signal("STOP");
    insta::assert_snapshot!("hangs", healthcheck(&folder, &server, &["--timeout", "1"]));
    process.signal("CONT");
    let address = process.grpc().to_owned();
    process.stop().await;
    let down = healthcheck(&folder, &server, &[]).replace(&address, "[address]");
    insta::assert_snapshot!("down", down);
}

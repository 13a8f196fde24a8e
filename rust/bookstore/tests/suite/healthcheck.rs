//! `bookstore healthcheck`.

use crate::house::{Folder, House, run};

fn ask(folder: &Folder, server: &str, more: &[&str]) -> String {
    let arguments = [&["healthcheck", "--server", server], more].concat();
    let ran = run(folder, &arguments);
    format!("exit {}\n{}{}", ran.code, ran.stdout, ran.stderr).replace(server, "[server]")
}

#[tokio::test]
async fn it_tells_by_its_exit_code_whether_a_server_serves() {
    let folder = Folder::new();
    let house = House::start(&folder, &["serve", "transactions"]);
    let server = house.grpc_url();
    insta::assert_snapshot!("serves", ask(&folder, &server, &[]));
    let payments = ["--service", "payment.PaymentService"];
    insta::assert_snapshot!("service_serves", ask(&folder, &server, &payments));
    let inventory = ["--service", "bookstore.inventory.v1.InventoryService"];
    insta::assert_snapshot!("service_unknown", ask(&folder, &server, &inventory));

    // It listens, but has no time to answer.
    house.signal("STOP");
    insta::assert_snapshot!("hangs", ask(&folder, &server, &["--timeout", "1"]));
    house.signal("CONT");
    let address = house.grpc().to_owned();
    house.close().await;
    let down = ask(&folder, &server, &[]).replace(&address, "[address]");
    insta::assert_snapshot!("down", down);
}

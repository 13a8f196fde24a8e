//! Errors at the start: one line on standard error and an exit code.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use store::{Db, Location};

use crate::test_process::{
    CommandOutput, Folder, TestProcess, run, run_with_input, run_without_privileges,
};

/// Free ports, so that a command is not refused because of its ports.
const PORTS: [&str; 3] = [
    "--grpc-addr=127.0.0.1:0",
    "--shop-addr=127.0.0.1:0",
    "--metrics-addr=127.0.0.1:0",
];

/// Runs a command that must fail; returns its exit code and its one line of error.
fn run_failing(folder: &Folder, arguments: &[&str]) -> String {
    error_of(&run(folder, arguments), arguments)
}

fn error_of(ran: &CommandOutput, arguments: &[&str]) -> String {
    assert_eq!(ran.stdout, "", "{arguments:?}");
    let one = ran.stderr.ends_with('\n') && ran.stderr.lines().count() == 1;
    assert!(one, "{arguments:?} printed:\n{}", ran.stderr);
    assert!(ran.stderr.starts_with("bookstore: "), "{}", ran.stderr);
    format!("exit {}, {}", ran.code, ran.stderr)
}

/// Runs `bookstore up`, which must fail.
fn up(folder: &Folder, arguments: &[&str]) -> String {
    run_failing(folder, &[&["up"], &PORTS[..], arguments].concat())
}

#[test]
fn port_in_use_error_names_the_flag() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound");
    let mut output = String::new();
    for index in 0..PORTS.len() {
        let mut arguments = PORTS.map(str::to_owned);
        arguments[index] = arguments[index].replace("127.0.0.1:0", &address.to_string());
        let arguments = arguments.each_ref().map(String::as_str);
        output += &run_failing(&folder, &[&["up"], &arguments[..]].concat());
    }
    insta::assert_snapshot!(output.replace(&address.port().to_string(), "[port]"));
    assert!(!folder.path("data").exists(), "no data folder is created");
}

#[tokio::test]
async fn unusable_data_folder_error_names_the_path() {
    let folder = Folder::new();
    folder.write("diary", "Dear diary, ".repeat(100));
    let mut output = up(&folder, &["--data=diary/below"]);

    folder.write("no-database/inventory.db", "Dear diary, ".repeat(100));
    output += &up(&folder, &["--data=no-database"]);

    let token = folder.write("no-token/operator.token", "short\n");
    for mode in [0o644, 0o600] {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(&token, permissions).expect("it is our file");
        output += &up(&folder, &["--data=no-token"]);
    }

    let newer = folder.path("newer");
    let db = Db::open(&Location::Folder(newer), &inventory::SCHEMA).await;
    let db = db.expect("the folder is writable");
    let written: Result<u64, store::Error> = store::write!(db, transaction => {
        let statement = "INSERT INTO _sqlx_migrations \
            (version, description, success, checksum, execution_time) \
            VALUES (9999, 'from the future', TRUE, x'00', 0)";
        store::query(statement).execute(transaction).await
    });
    written.expect("the table is there");
    db.close().await;
    output += &up(&folder, &["--data=newer"]);
    insta::assert_snapshot!(output);
}

/// Data of an earlier run in a folder that is read-only now, or with one file that is.
#[tokio::test]
async fn read_only_data_is_refused_at_the_start() {
    let folder = Folder::new();
    TestProcess::up(&folder).kill().await;
    let data = folder.path("data");
    let arguments = [&["up"], &PORTS[..]].concat();
    let mut output = String::new();
    for (path, mode, writable) in [
        (data.clone(), 0o500, 0o700),
        (data.join("inventory.db"), 0o400, 0o600),
    ] {
        let set_mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode));
        set_mode(mode).expect("it is ours");
        let ran = run_without_privileges(&folder, &arguments);
        set_mode(writable).expect("it is ours");
        output += &error_of(&ran, &arguments);
    }
    insta::assert_snapshot!(output);
}

#[tokio::test]
async fn second_process_on_the_same_data_folder_is_refused() {
    let folder = Folder::new();
    let first = TestProcess::up(&folder);
    folder.write("books.csv", "id,title,authors,year,category,price,stock\n");
    let output = up(&folder, &[]) + &run_failing(&folder, &["import", "books.csv"]);
    let process = first.id().to_string();
    insta::assert_snapshot!(output.replace(&process, "[process]"));
    first.stop().await;
    TestProcess::up(&folder).stop().await;
}

#[test]
fn usage_errors_exit_with_64() {
    let folder = Folder::new();
    let cases: [&[&str]; 9] = [
        &["up", "--colour"],
        &["up", "--dta=here"],
        &["up", "--grpc-addr=localhost"],
        &["up", "--log-format=xml"],
        &["up", "--log=info,rpc=loud"],
        &["serve", "stock"],
        &["serve"],
        &["open"],
        &["healthcheck", "--timeout=soon"],
    ];
    let output = cases.map(|arguments| run_failing(&folder, arguments));
    insta::assert_snapshot!(output.concat());
}

#[test]
fn environment_variables_are_settings() {
    let folder = Folder::new();
    let other_ports = &PORTS[1..];
    let output = [
        ("BINDERY_GRPC_ADDR", "localhost"),
        ("BINDERY_LOG", "rpc=loud"),
        (
            "BINDERY_DATABASE_URL",
            "mysql://shop:secret@127.0.0.1/books",
        ),
    ]
    .map(|variable| {
        let arguments = [&["up", "--grpc-addr=127.0.0.1:0"], other_ports].concat();
        let arguments = match variable {
            ("BINDERY_GRPC_ADDR", _) => [&["up"], other_ports].concat(),
            _ => arguments,
        };
        run_with_input(&folder, &arguments, "", &[variable]).stderr
    });
    insta::assert_snapshot!(output.concat());
}

#[test]
fn missing_command_shows_help() {
    let folder = Folder::new();
    let ran = run(&folder, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (64, ""));
    assert!(
        ran.stderr.contains("Usage: bookstore <COMMAND>"),
        "{}",
        ran.stderr
    );
    let ran = run(&folder, &["up", "--help"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("--grpc-addr"), "{}", ran.stdout);
}

#[test]
fn invalid_peer_address_error_names_the_flag() {
    let folder = Folder::new();
    let mut output = String::new();
    for peer in [
        "inventory=127.0.0.1:50051",
        "inventory=ftp://127.0.0.1:50051",
        "inventory=http://",
        "inventory",
        "stock=http://127.0.0.1:50051",
        // Its address is not given.
        "marketplace=http://127.0.0.1:50051",
    ] {
        let flag = format!("--peer={peer}");
        output += &run_failing(
            &folder,
            &[&["serve", "recommendations", &flag], &PORTS[..]].concat(),
        );
    }
    output += &run_failing(&folder, &["healthcheck", "--server=nowhere"]);
    insta::assert_snapshot!(output);
}

#[test]
fn invalid_mail_settings_name_the_flag_and_hide_the_password() {
    let folder = Folder::new();
    let output: String = [
        "--smtp-url=smtp://shop:secret@mail.example?tls=none",
        "--smtp-url=mail.example",
        "--mail-from=shop",
        "--shop-url=shop.example",
        "--shop-url=https://",
    ]
    .map(|flag| up(&folder, &[flag]))
    .concat();
    assert!(!output.contains("secret"), "{output}");
    insta::assert_snapshot!(output);
}

#[test]
fn invalid_nats_settings_name_the_flag_and_hide_the_password() {
    let folder = Folder::new();
    let url = "--nats-url=nats://127.0.0.1:1";
    folder.write_secret("public.creds", "a JWT and a seed", 0o644);
    folder.write_secret("wrong.creds", "secret", 0o600);
    let output: String = [
        &["--nats-url=http://shop:secret@nats.example"][..],
        &["--nats-url=nats://"],
        &[url, "--nats-credentials-file=missing.creds"],
        &[url, "--nats-credentials-file=public.creds"],
        &[url, "--nats-credentials-file=wrong.creds"],
        &[url, "--nats-token-file=missing.token"],
    ]
    .map(|flags| up(&folder, flags))
    .concat();
    assert!(!output.contains("secret"), "{output}");
    insta::assert_snapshot!(output);
}

#[tokio::test]
async fn database_error_hides_the_password() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    let unreachable_url = format!("--database-url=postgres://shop:secret@127.0.0.1:{port}/books");
    let mut output = up(&folder, &[&unreachable_url, "--database-wait=0"]);
    output += &up(
        &folder,
        &["--database-url=mysql://shop:secret@127.0.0.1/books"],
    );
    output += &up(
        &folder,
        &["--database-url=postgres://shop:secret@127.0.0.1:port/books"],
    );
    output += &up(&folder, &["--database-url="]);

    let Location::Postgres(url) = store::testing::postgres_location().await else {
        panic!("the test cluster has a PostgreSQL location");
    };
    let (socket, missing) = missing_database(&url);
    output += &up(&folder, &[&format!("--database-url={missing}")]);
    assert!(!output.contains("secret"), "{output}");
    insta::assert_snapshot!(
        output
            .replace(&socket, "[socket]")
            .replace(&port.to_string(), "[port]")
    );
}

/// Splits the URL of a test database: the folder of its socket, and the URL of a database
/// on the same server that does not exist.
fn missing_database(url: &str) -> (String, String) {
    let (database, socket) = url.split_once("?host=").expect("a socket");
    let (server, _) = database.rsplit_once('/').expect("a database");
    (socket.to_owned(), format!("{server}/nowhere?host={socket}"))
}

#[test]
fn rate_limits_that_cannot_be_used_are_refused_at_the_start() {
    let folder = Folder::new();
    folder.write("limits.toml", "[http]\nread = { per_second = 5 }\n");
    let mut output = String::new();
    for argument in [
        "--limits=missing.toml",
        "--limits=limits.toml",
        "--trusted-proxy=proxy.example",
    ] {
        output += &up(&folder, &[argument]);
    }
    insta::assert_snapshot!(output);
}

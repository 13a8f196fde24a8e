//! Invalid input of every kind: one line of error and exit code 2.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    process::Command,
    thread,
};

use crate::{
    error_line, proofread,
    shop_server::{Mode, Shop},
    stdout,
    test_contracts::{changed_image, folder, write},
};

/// Starts a server that handles each connection by the given function.
fn listen(handle: impl Fn(std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the listener has an address");
    thread::spawn(move || listener.incoming().flatten().for_each(handle));
    address
}

#[test]
fn unusable_server_is_reported() {
    let folder = folder();
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let gone_address = gone.local_addr().expect("the listener has an address");
    drop(gone);
    let silent = listen(std::mem::forget);
    let hangs_up = listen(drop);
    let http1 = listen(|mut socket| {
        let _ = socket.read(&mut [0; 64]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let shop = Shop::open(Mode::Correct);
    let cases = [
        (format!("http://{gone_address}"), "nothing listens on"),
        (format!("http://{silent}"), "sends nothing for"),
        (
            format!("http://{hangs_up}"),
            "closes the connection before it sends anything",
        ),
        (format!("http://{http1}"), "speaks HTTP/1"),
        (
            format!("https://{}", shop.address),
            "does not speak TLS; give http://",
        ),
        ("ftp://a:1".to_owned(), "is not the address of a server"),
    ];
    for (url, expected) in cases {
        let arguments = ["check", &url, "--contract=shop.binpb", "--timeout=400ms"];
        let error = error_line(folder.path(), &arguments);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn invalid_contract_is_reported() {
    let folder = folder();
    write(folder.path(), "text.binpb", b"syntax = \"proto3\";");
    write(
        folder.path(),
        "half.binpb",
        &crate::test_contracts::shop_image()[..1000],
    );
    std::fs::create_dir(folder.path().join("protos")).expect("the folder can be created");
    std::fs::create_dir(folder.path().join("empty")).expect("the folder can be created");
    write(
        &folder.path().join("protos"),
        "bad.proto",
        b"syntax = \"proto3\";\nmessage M { Nothing n = 1; }\n",
    );
    for (contract, expected) in [
        ("none.binpb", "can't read the contract none.binpb"),
        (
            "text.binpb",
            "text.binpb is not a usable contract: the bytes are not a FileDescriptorSet",
        ),
        ("half.binpb", "is cut off"),
        ("protos", "bad.proto:2:13"),
        ("empty", "empty contains no .proto files"),
    ] {
        let contract = format!("--contract={contract}");
        let error = error_line(folder.path(), &["cases", &contract]);
        assert!(error.contains(expected), "{error}");
    }
    let error = error_line(folder.path(), &["cases"]);
    assert!(
        error.contains("no contract given; pass --contract"),
        "{error}"
    );
}

#[test]
fn typos_in_flags_are_reported() {
    let folder = folder();
    let shop = Shop::open(Mode::Correct);
    let url = shop.url();
    let check = ["check", &url, "--contract=shop.binpb", "--phases=unset"];
    let cases: [(&[&str], &str); 9] = [
        (
            &["--include=Gte"],
            "\"Gte\" matches no method of the contract; did you mean \"shop.v1.Shop/Get\"?",
        ),
        (&["--exclude=*"], "leave no method"),
        (
            &["--profile=tonik"],
            "there is no profile \"tonik\"; did you mean \"tonic\"?",
        ),
        (&["--details=most"], "details must be both, violations"),
        (
            &["--header=authorization"],
            "is not of the form 'key: value'",
        ),
        (
            &["--header=a: ${NO_SUCH_VARIABLE}"],
            "NO_SUCH_VARIABLE, which is not set",
        ),
        (
            &["--credential=acount=a"],
            "credentials.acount applies to no method",
        ),
        (&["--ca=none.pem"], "can't read none.pem"),
        (
            &["--report=json,html"],
            "only one report can be written to standard output",
        ),
    ];
    for (more, expected) in cases {
        let error = error_line(folder.path(), &[check.as_slice(), more].concat());
        assert!(error.contains(expected), "{error}");
    }
    let error = error_line(folder.path(), &["check", "--contract=shop.binpb"]);
    assert!(error.contains("no server given; pass its URL"), "{error}");
    for (arguments, expected) in [
        (
            ["check", &url, "--report=xml"],
            "there is no report \"xml\"",
        ),
        (
            ["check", &url, "--phases=unst"],
            "there is no phase \"unst\"; did you mean \"unset\"?",
        ),
        (["check", &url, "--budget=soon"], "is not a duration"),
    ] {
        let output = proofread(folder.path(), &arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(2) && error.contains(expected),
            "{error}"
        );
    }
}

#[test]
fn wrong_configuration_is_reported_with_its_line() {
    let folder = folder();
    for (text, expected) in [
        (
            "seed = 1\nconcurency = 2\n",
            "proofread.toml:2: unknown key \"concurency\"; did you mean \"concurrency\"?",
        ),
        (
            "[fixtures]\n\"shop.v1.GetRequest.ids\" = [1]",
            "proofread.toml:2: fixtures: the contract has no field \"shop.v1.GetRequest.ids\"; did you mean \"shop.v1.GetRequest.id\"?",
        ),
        (
            "[fixtures]\n\"*.name\" = [\n  \"a\",\n  7,\n]",
            "proofread.toml:4: shop.v1.SignInRequest.name: the fixture 7 does not fit",
        ),
        (
            "include = [\n  \"Get\",\n  \"Gte\",\n]",
            "proofread.toml:3: \"Gte\" matches no method of the contract",
        ),
        (
            "\nexclude = [\"a[\"]",
            "proofread.toml:2: \"a[\" is not a valid glob",
        ),
        (
            "seed = 1\nprofile = \"tonik\"",
            "proofread.toml:2: there is no profile \"tonik\"",
        ),
    ] {
        write(folder.path(), "proofread.toml", text.as_bytes());
        let error = error_line(folder.path(), &["cases", "--contract=shop.binpb"]);
        assert!(error.contains(expected), "{error}");
    }
    let shop = Shop::open(Mode::Correct);
    let check = ["check", &shop.url(), "--contract=shop.binpb"];
    for (text, expected) in [
        (
            "[headers]\nx-tenant = \"a\"\nX-Key = \"${NO_SUCH_VARIABLE}\"",
            "proofread.toml:3: \"${NO_SUCH_VARIABLE}\" uses the environment variable",
        ),
        (
            "[methods.\"*/Get\".headers]\nx = \"@none\"",
            "proofread.toml:2: can't read none, named by",
        ),
        (
            "[headers]\nx = \"a\"\n[methods.Gte.headers]\nx = \"b\"",
            "proofread.toml:3: \"Gte\" matches no method of the contract",
        ),
        (
            "[methods.\"a[\".headers]\nx = \"b\"",
            "proofread.toml:1: \"a[\" is not a valid glob",
        ),
        (
            "[credentials.account]\ntoken = \"a\"\nmethods = [\n  \"Get\",\n  \"Gte\",\n]",
            "proofread.toml:5: \"Gte\" matches no method of the contract",
        ),
        (
            "details = \"most\"",
            "proofread.toml:1: details must be both",
        ),
        (
            "[tls]\n\nca = \"none.pem\"",
            "proofread.toml:3: can't read none.pem",
        ),
        (
            "[credentials.acount]\ntoken = \"a\"",
            "proofread.toml:1: credentials.acount applies to no method: no method requires it by (proofread.v1.access); list its methods under `methods`; did you mean \"account\"?",
        ),
        (
            "[credentials.account]\n\ntoken = \"@none\"",
            "proofread.toml:3: can't read none, named by",
        ),
        (
            "[credentials.account]\ncall = \"Shop/SignIn\"\nfield = \"session.tokn\"",
            "proofread.toml:3: shop.v1.Session has no field \"tokn\"; did you mean \"token\"?",
        ),
        (
            "[credentials.account]\ncall = \"Shop/SignIn\"\nfield = \"session.token\"",
            "proofread.toml:2: can't get the credential account: /shop.v1.Shop/SignIn answers INVALID_ARGUMENT",
        ),
    ] {
        write(folder.path(), "proofread.toml", text.as_bytes());
        let error = error_line(folder.path(), &check);
        assert!(error.contains(expected), "{error}");
    }
    std::fs::remove_file(folder.path().join("proofread.toml")).expect("the file exists");
    let yaml = "seed: 1\nfixtures:\n  '*.name': [a]\n  shop.v1.GetRequest.ids: [1]\n";
    write(folder.path(), "proofread.yaml", yaml.as_bytes());
    let error = error_line(folder.path(), &["cases", "--contract=shop.binpb"]);
    assert!(
        error.contains("proofread.yaml:4: fixtures: the contract"),
        "{error}"
    );
    let error = error_line(folder.path(), &["cases", "--config=none.toml"]);
    assert!(
        error.contains("can't read the configuration none.toml"),
        "{error}"
    );
}

#[test]
fn contradicting_rules_are_uncovered_and_no_failure() {
    let folder = folder();
    let shop = Shop::open(Mode::Correct);
    let contradiction = changed_image("gte: 1\n", "not_in: [5]\n    const: 5\n");
    write(folder.path(), "odd.binpb", &contradiction);
    let odd = ["--contract=odd.binpb", "--include=SignIn", "--include=Get"];
    let check = ["check", &shop.url(), "--phases=baseline"];
    let text = stdout(folder.path(), &[check.as_slice(), &odd].concat(), 0);
    let expected = "shop.v1.Shop/Get  no valid shop.v1.GetRequest was found";
    assert!(
        text.contains(expected) && text.contains("1 method not checked"),
        "{text}"
    );
    let text = stdout(folder.path(), &[["cases"].as_slice(), &odd].concat(), 0);
    assert!(
        text.contains("uncovered: ") && text.contains("no value of id keeps its rules"),
        "{text}"
    );
}

#[test]
fn closed_output_is_no_panic() {
    let folder = folder();
    let closed = || {
        let (_, writer) = std::io::pipe().expect("a pipe can be opened");
        writer
    };
    let exit = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofread"));
        command.args(arguments).current_dir(folder.path());
        let status = command.stdout(closed()).stderr(closed()).status();
        status.expect("the binary runs").code()
    };
    assert_eq!(exit(&["cases", "--contract=none"]), Some(2));
    assert_eq!(exit(&["cases", "--contract=shop.binpb"]), Some(0));
    let reference = ["reference", "--contract=shop.binpb", "--out=pages"];
    assert_eq!(exit(&reference), Some(0));
    assert_eq!(exit(&["--help"]), Some(0));
}

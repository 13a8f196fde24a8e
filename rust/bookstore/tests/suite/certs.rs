//! `bookstore certs`, and what a process with its certificates serves.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::test_process::{Certificates, Folder, TestProcess, get_over_tls, run};

/// All files below a folder, relative to it, and their modes.
fn files(folder: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("it is below");
            let metadata = path.metadata().expect("it is there");
            let mode = metadata.permissions().mode() & 0o777;
            found.push((name.display().to_string(), mode));
        }
    }
    found.sort();
    found
}

#[test]
fn certificates_are_made_once_and_keys_are_private() {
    let folder = Folder::new();
    let arguments = ["certs", "--out=certs", "--name=shop.example,10.0.0.7"];
    let made = run(&folder, &arguments);
    assert_eq!((made.code, made.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("made", made.stdout);
    let found = files(&folder.path("certs"));
    let list: Vec<_> = found
        .iter()
        .map(|(name, mode)| format!("{mode:o} {name}\n"))
        .collect();
    insta::assert_snapshot!("files", list.concat());
    let contents = || {
        let read = |(name, _): &(String, u32)| fs::read(folder.path("certs").join(name));
        let contents: Result<Vec<_>, _> = found.iter().map(read).collect();
        contents.expect("they are readable")
    };
    let before = contents();
    let distinct: HashSet<_> = before.iter().collect();
    // Each service has a copy of ca.pem.
    assert_eq!(
        distinct.len(),
        before.len() - 7,
        "no two keys or certificates are equal"
    );

    let again = run(&folder, &arguments);
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("certs/ca.key exists already"),
        "{}",
        again.stderr
    );
    assert!(contents() == before, "nothing is overwritten");

    let renewed = run(&folder, &[&arguments[..], &["--renew"]].concat());
    assert_eq!((renewed.code, renewed.stderr.as_str()), (0, ""));
    assert_eq!(files(&folder.path("certs")), found);
    let after = contents();
    let unchanged = found.iter().zip(before.iter().zip(&after));
    let unchanged = unchanged.filter(|(_, (old, new))| old == new);
    assert!(
        unchanged.clone().all(|((name, _), _)| name.contains("ca.")),
        "only the authority stays"
    );
    assert_eq!(unchanged.count(), 9);
}

/// The contents of files by their names.
type Contents = BTreeMap<String, Vec<u8>>;

/// As where the command runs at each start of containers.
#[test]
fn only_what_is_missing_or_expires_soon_is_made_if_needed() {
    let folder = Folder::new();
    let certs = |more: &[&str]| {
        let arguments = ["certs", "--out=certs", "--if-needed", "--client=prometheus"];
        let output = run(&folder, &[&arguments[..], more].concat());
        assert_eq!((output.code, output.stderr.as_str()), (0, ""));
        output.stdout
    };
    let contents = || {
        let names = files(&folder.path("certs")).into_iter();
        let read = |(name, _)| {
            let content = fs::read(folder.path("certs").join(&name));
            (name, content.expect("it is readable"))
        };
        names.map(read).collect::<Contents>()
    };
    // An earlier command was interrupted.
    folder.write("certs/ca.key", "");
    let made = certs(&["--days=20"]);
    assert!(made.starts_with("made certificates"), "{made}");
    let first = contents();
    for name in ["ca.pem", "client.pem", "client.key"] {
        assert!(first.contains_key(&format!("prometheus/{name}")), "{name}");
    }

    certs(&[]);
    let renewed = contents();
    let stayed = |old: &Contents, new: &Contents| {
        let stayed = old
            .iter()
            .filter(|(name, file)| new.get(*name) == Some(file));
        stayed.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let of_authority = stayed(&first, &renewed);
    assert!(of_authority.iter().all(|name| name.contains("ca.")));
    assert_eq!(of_authority.len(), 10, "{of_authority:?}");

    let nothing = certs(&[]);
    assert_eq!(nothing, "the certificates in certs can stay\n");
    assert!(contents() == renewed, "nothing is changed");

    for missing in ["cart/server.key", "reviews/ca.pem"] {
        fs::remove_file(folder.path("certs").join(missing)).expect("it is there");
    }
    certs(&[]);
    let mended = contents();
    assert_eq!(mended.len(), renewed.len());
    let changed = renewed
        .keys()
        .filter(|name| mended.get(*name) != renewed.get(*name));
    assert_eq!(
        changed.collect::<Vec<_>>(),
        ["cart/server.key", "cart/server.pem"]
    );
}

#[test]
fn wrong_arguments_are_explained() {
    let folder = Folder::new();
    for (arguments, code, expected) in [
        (&["certs"][..], 64, "--out"),
        (
            &["certs", "--out=a", "--name=a b"],
            64,
            "neither a DNS name",
        ),
        (&["certs", "--out=a", "--days=0"], 64, "--days"),
        (
            &["certs", "--out=a", "--renew"],
            1,
            "--renew needs the authority",
        ),
        (&["certs", "--out=a", "--client=cart"], 64, "--client"),
        (&["certs", "--out=/dev/null/a"], 1, "cannot be written"),
    ] {
        let output = run(&folder, arguments);
        assert_eq!(output.code, code, "{output:?}");
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}

#[test]
fn unusable_certificates_are_refused_at_the_start() {
    let folder = Folder::new();
    Certificates::make(&folder, "certs");
    let key = folder.path("certs/server.key");
    fs::copy(&key, folder.path("readable.key")).expect("copied");
    let readable = fs::Permissions::from_mode(0o644);
    fs::set_permissions(folder.path("readable.key"), readable).expect("it is our file");
    for (arguments, expected) in [
        (
            &["--tls-cert=certs/server.pem"][..],
            "--tls-cert needs --tls-key",
        ),
        (
            &["--tls-client-ca=certs/ca.pem"],
            "needs --tls-cert and --tls-key",
        ),
        (&["--tls-dir=nowhere"], "nowhere/server.pem cannot be read"),
        (
            &["--tls-dir=certs", "--tls-key=readable.key"],
            "readable.key can be read or changed by other users",
        ),
        (
            &["--tls-dir=certs", "--tls-key=certs/client.key"],
            "certs/client.key does not belong to the certificate certs/server.pem",
        ),
    ] {
        let serve = ["serve", "inventory", "--grpc-addr=127.0.0.1:0"];
        let output = run(
            &folder,
            &[&serve[..], &["--metrics-addr=127.0.0.1:0"], arguments].concat(),
        );
        assert_eq!(output.code, 1, "{output:?}");
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}

#[tokio::test]
async fn shop_and_commands_speak_tls() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let process = TestProcess::start(&folder, &["up", "--tls-dir=certs"]);
    assert!(process.shop().starts_with("https://"), "{}", process.banner);
    let shop = format!("{}/", process.shop());
    let page = get_over_tls(&shop, &certificates.connector(None)).await;
    assert_eq!(page.status, 200);
    let server = format!("--server=https://{}", process.grpc());
    let healthy = run(&folder, &["healthcheck", &server, "--tls-ca=certs/ca.pem"]);
    assert_eq!((healthy.code, healthy.stderr.as_str()), (0, ""));
    let untrusted = run(&folder, &["healthcheck", &server]);
    assert_eq!(untrusted.code, 1);
    assert!(
        untrusted.stderr.contains("UnknownIssuer"),
        "{}",
        untrusted.stderr
    );
    process.stop().await;
}

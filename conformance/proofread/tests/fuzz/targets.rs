//! The targets: functions that read arbitrary bytes. They must return whatever the bytes are.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use base64::Engine;
use proofread::{
    case::{Case, Expect, Payload, Phase, Violation},
    cases::{Fixtures, derive, random},
    config::{Baseline, Config, MethodSelection},
    contract::{Code, Contract},
    explain,
    failures::Failures,
    judge::Judge,
    load::Source,
    oracle::Oracle,
    outcome::{Answer, Outcome},
    profile::{Details, Profile},
    reference, replay,
    unset::UnsetAnalysis,
};
use prost_reflect::DynamicMessage;

use super::seeds;

/// The contract of the targets that need one.
static SHOP: LazyLock<Contract> =
    LazyLock::new(|| Contract::decode(&seeds::shop()).expect("the contract can be read"));

/// The image of the shop without its last file: the files that others import.
static IMPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let image = seeds::shop();
    let last = seeds::images().swap_remove(0).len();
    image[..image.len() - last].to_vec()
});

/// A file of an image: the contract is read, described, and cases are derived from it.
pub fn image(bytes: &[u8]) {
    let _ = Contract::decode(bytes);
    let image = [IMPORTS.as_slice(), bytes].concat();
    if let Ok(contract) = Contract::decode_usable(&image, Vec::new()) {
        use_contract(&contract);
    }
}

fn use_contract(contract: &Contract) {
    let unset = UnsetAnalysis::new(contract);
    let fixtures = Fixtures::default();
    let oracle = Oracle::new(contract);
    for method in contract.methods().take(1) {
        let _ = explain::text(&explain::explain(contract, &unset, method));
        let generated = derive(contract, method, &fixtures);
        for case in generated.cases.iter().take(50) {
            if let Payload::Messages(messages) = &case.send {
                let _ = serde_json::to_string(messages);
                let _ = oracle.expectation(messages);
            }
        }
        let _ = random(contract, method, &fixtures, 1).take(2).count();
    }
    let _ = reference::render_pages(contract);
}

/// A proto in a folder. The import path keeps buf out, which would be slow.
pub fn folder(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("the folder can be created");
    write(folder.path(), "shop/v1/shop.proto", bytes);
    let source = Source {
        paths: vec![folder.path().to_owned()],
        import_paths: vec![folder.path().to_owned()],
    };
    if let Ok(contract) = source.open() {
        let unset = UnsetAnalysis::new(&contract);
        for method in contract.methods().take(1) {
            let _ = explain::text(&explain::explain(&contract, &unset, method));
        }
    }
}

/// A configuration of buf beside a proto.
pub fn buf_configuration(bytes: &[u8]) {
    for name in ["buf.yaml", "buf.work.yaml"] {
        let folder = tempfile::tempdir().expect("the folder can be created");
        write(folder.path(), name, bytes);
        write(
            folder.path(),
            "proto/a.proto",
            b"syntax = \"proto3\"; message M {}",
        );
        let source = Source {
            paths: vec![folder.path().join("proto")],
            import_paths: vec![folder.path().to_owned()],
        };
        let _ = source.open();
    }
}

/// A configuration with this file name.
pub fn configuration(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let path = write(folder.path(), name, bytes);
    let Ok(config) = Config::open(&path) else {
        return;
    };
    let file = &config.file;
    let selection = MethodSelection::new(&file.include, &file.exclude);
    let _ = selection.map(|selection| selection.select(&SHOP).map(|methods| methods.len()));
    for key in file.headers.keys().chain(file.fixtures.keys()) {
        let _ = config.location(key);
    }
    for value in file.headers.values() {
        let _ = proofread::config::expand(value, &config.folder());
    }
}

/// Recorded failures.
pub fn failures(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let path = write(folder.path(), "failures.json", bytes);
    let Ok(recorded) = Failures::open(&path) else {
        return;
    };
    let _ = recorded.source(&path);
    let oracle = Oracle::new(&SHOP);
    for failure in &recorded.failures {
        let _ = failure.finding.ids();
        if let Some(case) = replay::case(&SHOP, &oracle, &failure.finding) {
            judge(&case, Answer::default());
        }
        for suspect in &failure.finding.suspects {
            let _ = suspect.to_case();
        }
    }
    let _ = recorded.write(&path);
}

/// A baseline.
pub fn baseline(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("the folder can be created");
    let path = write(folder.path(), "proofread.baseline.toml", bytes);
    let today = jiff::civil::date(2026, 1, 1);
    if let Ok(baseline) = Baseline::open(&path, today) {
        let _ = baseline.to_toml();
    }
}

/// A part of an answer: its message, its details, and the values of its trailers.
pub fn answer(bytes: &[u8]) {
    let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
    let encoded = base64::prelude::BASE64_STANDARD.encode(bytes);
    let ok = vec![field("grpc-status", b"0")];
    let with_message = Answer {
        messages: vec![bytes.to_vec().into()],
        trailers: ok.clone(),
        ..grpc()
    };
    let with_rest = Answer {
        rest: bytes.to_vec().into(),
        trailers: ok,
        ..grpc()
    };
    let refusals = [
        ("grpc-status-details-bin", encoded.as_bytes()),
        ("grpc-status-details-bin", bytes),
        ("grpc-message", bytes),
        ("grpc-status", bytes),
    ];
    let refusals = refusals.map(|(name, value)| Answer {
        trailers: vec![field("grpc-status", b"3"), field(name, value)],
        ..grpc()
    });
    for answer in refusals.into_iter().chain([with_message, with_rest]) {
        for expect in expectations() {
            judge(&case(expect), answer.clone());
        }
    }
}

fn grpc() -> Answer {
    let content_type = ("content-type".to_owned(), b"application/grpc".to_vec());
    Answer {
        http_status: 200,
        headers: vec![content_type],
        ..Answer::default()
    }
}

fn expectations() -> [Expect; 4] {
    let violation = Violation {
        path: "count".to_owned(),
        rule: "int32.gte_lte".to_owned(),
    };
    [
        Expect::Accepted,
        Expect::Refused(vec![violation]),
        Expect::OneOf(vec![Code(0), Code(13)]),
        Expect::AnyAnswer,
    ]
}

fn case(expect: Expect) -> Case {
    let method = SHOP.methods().next().expect("the contract has a method");
    Case {
        id: "unset/count/unset".to_owned(),
        method: method.path.clone(),
        phase: Phase::Unset,
        intent: String::new(),
        exercises: Vec::new(),
        send: Payload::Messages(vec![DynamicMessage::new(method.descriptor.input())]),
        expect,
    }
}

fn judge(case: &Case, answer: Answer) {
    static ORACLE: LazyLock<Oracle> = LazyLock::new(|| Oracle::new(&SHOP));
    static PROFILE: LazyLock<Profile> =
        LazyLock::new(|| Profile::strict().with_details(Details::Both));
    static JUDGE: LazyLock<Judge<'static>> = LazyLock::new(|| Judge::new(&SHOP, &ORACLE, &PROFILE));
    for finding in JUDGE.judge(case, &Outcome::Answered(answer)) {
        let _ = finding.ids();
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("the folder can be created");
    }
    fs::write(&path, bytes).expect("the file can be written");
    path
}

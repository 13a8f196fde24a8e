use anstream::adapter::strip_str;

use super::{
    view::{Coverage, Gap, Group, Method, Note, Phase},
    *,
};

fn phase(name: &str, cases: u64, failed: u64) -> Phase {
    Phase {
        name: name.to_owned(),
        cases,
        failed,
    }
}

fn group(id: usize, ids: &[usize], title: &str, intent: &str) -> Group {
    Group {
        id,
        ids: ids.to_vec(),
        count: ids.len() as u64,
        similar_cases: Vec::new(),
        finding_ids: vec![format!("shop.v1.Shop/Get wrong-code {id}")],
        title: title.to_owned(),
        phase: "unset".to_owned(),
        case: format!("unset/{id}"),
        intent: intent.to_owned(),
        sent: r#"{"title":"<b>&"}"#.to_owned(),
        expected: "INVALID_ARGUMENT, because of book_id int32.gte_lte".to_owned(),
        source_locations: vec!["shop/v1/shop.proto:12".to_owned()],
        observed: "OK with {}".to_owned(),
        reproduce: "grpcurl -plaintext -d '{}' 127.0.0.1:50051 shop.v1.Shop/Get".to_owned(),
        methods: vec!["shop.v1.Shop/Get".to_owned()],
    }
}

/// A report with content in every section.
fn broken() -> View {
    let mut shared = group(4, &[4, 5], "protocol", "a truncated varint");
    shared.methods = ["Get", "List"]
        .map(|name| format!("shop.v1.Shop/{name}"))
        .to_vec();
    shared.source_locations = Vec::new();
    shared.sent = "0000000001 ff\n           (6 bytes)".to_owned();
    shared.reproduce = "proofread replay failures.json --only 4".to_owned();
    View {
        url: "http://127.0.0.1:50051".to_owned(),
        contract: "gen/contract.binpb".to_owned(),
        profile: "strict".to_owned(),
        seed: 42,
        seconds: 1.5,
        cases: 12_345,
        phases: vec![
            phase("baseline", 2, 0),
            phase("unset", 43, 3),
            phase("wire", 300, 2),
            phase("random", 12_000, 0),
        ],
        methods: vec![
            Method {
                name: "shop.v1.Shop/Get".to_owned(),
                source_location: Some("shop/v1/shop.proto:5".to_owned()),
                phases: vec![
                    phase("baseline", 1, 0),
                    phase("unset", 20, 3),
                    phase("wire", 150, 0),
                    phase("random", 6000, 0),
                ],
                groups: vec![
                    group(1, &[1, 3], "rule not checked", "book_id left unset"),
                    group(2, &[2], "wrong code", "title left unset"),
                ],
                coverage: Coverage {
                    both: 8,
                    one: 1,
                    none: 1,
                    gaps: Vec::new(),
                },
            },
            Method {
                name: "shop.v1.Shop/List".to_owned(),
                source_location: None,
                phases: vec![
                    phase("baseline", 1, 0),
                    phase("unset", 23, 0),
                    phase("wire", 150, 0),
                    phase("random", 6000, 0),
                ],
                groups: Vec::new(),
                coverage: Coverage::default(),
            },
        ],
        shared: vec![shared],
        coverage: Coverage {
            both: 8,
            one: 1,
            none: 1,
            gaps: vec![Gap {
                field: "shop.v1.GetRequest.id".to_owned(),
                rule: "int32.gt".to_owned(),
                reason: "no case keeps it".to_owned(),
            }],
        },
        uncovered: vec![Note {
            about: "shop.v1.Shop/Pay".to_owned(),
            text: "no valid request was found: amount is to be above 5 and below 3".to_owned(),
        }],
        accepted: 2,
        baseline: vec![Note {
            about: "shop.v1.Shop/Get wrong-code id int32.gte_lte".to_owned(),
            text: "no longer found: remove it from the baseline".to_owned(),
        }],
        defects: vec![Note {
            about: "boundary/title".to_owned(),
            text: "meant to be refused, and the oracle accepts it".to_owned(),
        }],
        remarks: vec!["the connection broke once and could be made again".to_owned()],
        failures: Some("failures.json".to_owned()),
        left_out: 0,
        aborted: None,
    }
}

fn kept() -> View {
    let mut view = broken();
    view.shared.clear();
    view.uncovered.clear();
    view.baseline.clear();
    view.defects.clear();
    view.coverage.gaps.clear();
    view.remarks.clear();
    view.phases.iter_mut().for_each(|phase| phase.failed = 0);
    for method in &mut view.methods {
        method.groups.clear();
        method.phases.iter_mut().for_each(|phase| phase.failed = 0);
    }
    view
}

#[test]
fn terminal_report_of_a_broken_contract() {
    insta::assert_snapshot!(strip_str(&terminal::render(&broken())).to_string());
}

#[test]
fn terminal_report_of_a_kept_contract() {
    insta::assert_snapshot!(strip_str(&terminal::render(&kept())).to_string());
}

#[test]
fn failures_only_report_has_no_totals() {
    let text = strip_str(&terminal::render_failures(&broken())).to_string();
    assert!(
        text.contains("✗ rule not checked: book_id left unset"),
        "{text}"
    );
    assert!(text.contains("breaks its contract: 5 failures"), "{text}");
    assert!(
        !text.contains("phase") && !text.contains("coverage"),
        "{text}"
    );
    assert_eq!(terminal::render_failures(&kept()), "");
}

/// The name of a proto as the path of its file in the tests.
fn file_path(name: &str) -> String {
    format!("my protos/{name}")
}

/// The types of serde-sarif are generated from the schema: a property that it does not
/// define would be lost on the way through them.
#[test]
fn sarif_report_follows_the_schema() {
    let report = sarif::render(&broken(), &file_path);
    let parsed: serde_sarif::sarif::Sarif =
        serde_json::from_value(report.clone()).expect("it has the required properties");
    let written = serde_json::to_value(parsed).expect("it can be written");
    assert_eq!(written, report);
    insta::assert_json_snapshot!(report);
}

#[test]
fn github_annotations_point_to_the_rule_or_the_method() {
    insta::assert_snapshot!(github::render(&broken(), &file_path));
    assert_eq!(github::render(&kept(), &file_path), "");
}

#[test]
fn junit_report_of_a_broken_contract() {
    insta::assert_snapshot!(junit::render(&broken()).expect("the report is valid XML"));
}

#[test]
fn html_report_is_self_contained_and_escaped() {
    let page = html::render(&broken()).expect("the template renders");
    for forbidden in ["src=", "href=", "url(", "<script", "@import", "<b>&\""] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for expected in [
        "&#60;b&#62;&#38;",
        "stroke-dasharray=\"800 1000\"",
        "shop/v1/shop.proto:12",
        "2 of 2 methods",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    let page = html::render(&kept()).expect("the template renders");
    assert!(page.contains("keeps its contract") && !page.contains("<h2>Failures"));
}

#[test]
fn empty_report_is_rendered() {
    let view = View::default();
    assert!(terminal::render(&view).contains("have no rules"));
    assert!(html::render(&view).is_ok() && junit::render(&view).is_ok());
}

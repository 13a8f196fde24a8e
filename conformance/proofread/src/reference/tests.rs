use std::{collections::BTreeSet, fs};

use super::{markdown::Anchors, *};
use crate::testing::{image, shop};

const SHOP: &str = r#"
    // Sells things. Also at night.
    service Shop {
      option (proofread.v1.common_errors) = {code: CODE_UNAVAILABLE, reason: "CLOSED", when: "at night | always"};
      // Buys List<Thing> things.
      rpc Buy(stream BuyRequest) returns (BuyResponse) {
        option idempotency_level = IDEMPOTENT;
        option (proofread.v1.access) = {credential: "account"};
        option (proofread.v1.idempotency_key) = "request_id";
        option (proofread.v1.errors) = {code: CODE_NOT_FOUND, reason: "GONE", when: "it is gone"};
      }
      // Reads.
      rpc Read(ReadRequest) returns (stream Thing) { option idempotency_level = NO_SIDE_EFFECTS; }
      // Does nothing.
      rpc Ping(Nothing) returns (Nothing);
    }
    message BuyRequest {
      string request_id = 1 [(buf.validate.field).string.uuid = true];
      // What to buy.
      repeated Thing things = 2 [(buf.validate.field).repeated = {min_items: 1, max_items: 9}];
      map<string, Price> prices = 3;
    }
    message BuyResponse { Thing thing = 1; }
    message ReadRequest { Thing thing = 1 [(proofread.v1.unset) = "all"]; }
    message Nothing {}
    // A thing.
    message Thing {
      // Either | or.
      string name = 1 [(buf.validate.field).string.pattern = "^(a|b)$"];
      oneof key {
        option (buf.validate.oneof).required = true;
        string left = 2;
        string right = 3;
      }
      Kind kind = 4;
      Thing part = 5;
    }
    message Price { google.protobuf.Duration per = 1; }
    // Kinds.
    enum Kind { KIND_UNSPECIFIED = 0; }
"#;

fn shop_pages() -> BTreeMap<String, String> {
    render_pages(&Contract::decode(&shop(SHOP)).expect("the contract is sound"))
}

/// The cells of each row of each table, split as GitHub does.
fn tables(text: &str) -> Vec<Vec<Vec<String>>> {
    let mut tables = Vec::new();
    for block in text.split("\n\n").filter(|block| block.starts_with("| ")) {
        let rows = block.trim_end().lines().map(|line| {
            let line = line.trim_start_matches('|').trim_end_matches('|');
            let line = line.replace("\\|", "\u{0}");
            let cells = line.split('|');
            cells
                .map(|cell| cell.trim().replace('\u{0}', "|"))
                .collect()
        });
        tables.push(rows.collect());
    }
    tables
}

/// Every link of a page: the file, empty for the page itself, and the anchor.
fn links(text: &str) -> Vec<(String, Option<String>)> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| match target.split_once('#') {
        Some((file, anchor)) => (file.to_owned(), Some(anchor.to_owned())),
        None => (target.to_owned(), None),
    });
    targets.collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = Anchors::default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchors.of(line.trim_start_matches('#').trim_start()))
        .collect()
}

/// All links whose target does not exist.
fn broken_links(pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, text) in pages {
        for (file, anchor) in links(text) {
            let target = if file.is_empty() { name } else { &file };
            let found = pages.get(target).is_some_and(|page| match &anchor {
                Some(anchor) => anchors(page).contains(anchor),
                None => true,
            });
            if !found {
                broken.push(format!("{name}: {target}#{}", anchor.unwrap_or_default()));
            }
        }
    }
    broken
}

#[test]
fn every_link_has_a_target() {
    let pages = shop_pages();
    let count: usize = pages.values().map(|text| links(text).len()).sum();
    assert!(count > 30, "only {count} links");
    assert_eq!(broken_links(&pages), Vec::<String>::new());
}

#[test]
fn duplicate_headings_have_distinct_anchors() {
    let source = "syntax = \"proto3\"; package a;
        service Messages { rpc Ask(Thing) returns (Thing); }
        message Thing { Enums enums = 1; Thing thing = 2; }
        enum Enums { NONE = 0; }";
    let contract = Contract::decode(&image(&[("a.proto", source)])).expect("it is sound");
    let pages = render_pages(&contract);
    assert_eq!(broken_links(&pages), Vec::<String>::new());
    let page = &pages["a.md"];
    assert!(page.contains("[Enums](#enums-1)"), "{page}");
    assert!(page.contains("[Messages](#messages)"), "{page}");
}

#[test]
fn table_rows_have_as_many_cells_as_the_header() {
    for (name, text) in shop_pages() {
        for table in tables(&text) {
            let width = table[0].len();
            for row in &table {
                assert_eq!(row.len(), width, "{name}: {row:?}");
            }
        }
    }
}

#[test]
fn request_table_has_nested_fields() {
    let page = &shop_pages()["shop.v1.md"];
    let tables = tables(page);
    let request = tables
        .iter()
        .find(|table| table[0] == ["Field", "Type", "Rules", "Unset"])
        .expect("there is a request");
    let rows: Vec<[&str; 2]> = request
        .iter()
        .skip(2)
        .map(|row| [row[0].as_str(), row[3].as_str()])
        .collect();
    assert_eq!(
        rows,
        [
            ["`request_id`", "**refused**: `string.uuid_empty`"],
            [
                "`things`<br>What to buy.",
                "**refused**: `repeated.min_items`"
            ],
            [
                "`things[].name`<br>Either | or.",
                "**refused**: `string.pattern`"
            ],
            [
                "`things[].left`",
                "**refused** unless `right` is set: `required`"
            ],
            [
                "`things[].right`",
                "**refused** unless `left` is set: `required`"
            ],
            ["`things[].kind`", "*not declared*"],
            ["`things[].part`", "*not declared*"],
            ["`prices`", "*not declared*"],
            ["`prices{}.per`", "*not declared*"],
        ]
    );
    assert_eq!(
        request[4][2],
        "matches <code>&#94;&#40;a&#124;b&#41;&#36;</code>"
    );
    assert!(
        page.contains("- In `Thing`: Exactly one of `left`, `right` is set."),
        "{page}"
    );
}

#[test]
fn method_section_has_access_errors_and_streaming() {
    let page = &shop_pages()["shop.v1.md"];
    let lines = [
        "Buys List&lt;Thing> things.",
        "- Path: `/shop.v1.Shop/Buy`",
        "- Kind: a stream of requests, one response",
        "- Access: the credential `account`; sent as metadata `authorization: Bearer TOKEN`",
        "| `NOT_FOUND` | `GONE` | it is gone |",
        "| `UNAVAILABLE` | `CLOSED` | at night \\| always |",
        "**Request** `BuyRequest`, each message of the stream. ",
        "It has no fields.",
    ];
    for line in lines {
        let found = page.lines().any(|found| found.trim() == line.trim());
        assert!(found, "{line}\nis not in\n{page}");
    }
}

#[test]
fn shared_messages_have_their_own_table_on_the_unset_page() {
    let page = &shop_pages()["unset.md"];
    assert!(page.contains("| `things` → [Thing](#thing) |"), "{page}");
    assert!(page.contains("### Thing\n"), "{page}");
    assert!(
        page.contains("is part of several requests: [Buy](#shopbuy), [Read](#shopread)."),
        "{page}"
    );
    assert!(
        page.contains("| `prices{}.per` | absent | *not declared* |"),
        "{page}"
    );
    assert!(!page.contains("things[].name"), "{page}");
    assert!(
        page.contains("Requests without fields: [Ping](shop.v1.md#shopping)."),
        "{page}"
    );
}

#[test]
fn unannotated_contract_has_a_note() {
    let source = "// From before.\nsyntax = \"proto3\";
        service Old { rpc Ask(Thing) returns (Thing); }
        message Thing { int32 id = 1; }";
    let contract = Contract::decode(&image(&[("old.proto", source)])).expect("it is sound");
    let pages = render_pages(&contract);
    let page = &pages["no-package.md"];
    assert!(page.contains("This contract has no annotations") && page.contains("From before."));
    assert!(pages["README.md"].contains("## Contracts without annotations"));
    assert!(pages["unset.md"].contains("| 1 | 0 | 0 | 1 (exempt) |"));
}

#[test]
fn rendering_is_deterministic() {
    assert_eq!(shop_pages(), shop_pages());
}

#[test]
fn only_stale_generated_pages_are_written_or_removed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let at = |name: &str| folder.path().join("docs").join(name);
    let docs = folder.path().join("docs");
    let pages = shop_pages();
    let count = pages.len();
    let written = |changed, removed| WriteSummary { changed, removed };
    assert_eq!(
        stale_pages(&docs, &pages).expect("it can be read").len(),
        count
    );
    assert_eq!(
        write_pages(&docs, &pages).expect("it writes"),
        written(count, 0)
    );
    assert_eq!(
        write_pages(&docs, &pages).expect("it writes"),
        written(0, 0)
    );

    fs::write(at("mine.md"), "# Mine").expect("it writes");
    fs::write(
        at("gone.v1.md"),
        format!("{}\n# gone", page::GENERATED_MARKER),
    )
    .expect("it writes");
    fs::write(at("README.md"), "changed").expect("it writes");
    let differing = stale_pages(&docs, &pages).expect("it can be read");
    assert_eq!(
        differing.into_iter().collect::<Vec<_>>(),
        ["README.md", "gone.v1.md"]
    );
    assert_eq!(
        write_pages(&docs, &pages).expect("it writes"),
        written(1, 1)
    );
    assert!(at("mine.md").exists() && !at("gone.v1.md").exists());
}

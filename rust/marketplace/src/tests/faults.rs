//! The operator injects faults into the calls of the services, and removes them.

use super::{operator::operator, *};

const SET: &str = "/operator/faults/set";
const REMOVE: &str = "/operator/faults/remove";

/// The fields of the form, with the values that it proposes.
fn fields<'f>(target: &'f str, effect: &'f str) -> Vec<(&'static str, &'f str)> {
    vec![
        ("fault.service", target),
        ("effect", effect),
        ("fault.latency.delay", "500"),
        ("fault.latency.jitter", "0"),
        ("fault.percent", "100"),
        ("fault.max_calls", ""),
        ("lifetime", "5"),
    ]
}

fn with<'f>(
    mut fields: Vec<(&'static str, &'f str)>,
    name: &str,
    value: &'f str,
) -> Vec<(&'static str, &'f str)> {
    let field = fields.iter_mut().find(|(known, _)| *known == name);
    field.expect("a field").1 = value;
    fields
}

#[tokio::test]
async fn injected_fault_affects_pages_until_it_is_removed() {
    let shop = TestShop::of(&catalogue());
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/faults").await;
    assert!(page.body.contains("No fault is injected."), "{}", page.body);
    let target = format!("{RECOMMENDATIONS}/");
    browser.submit(SET, &fields(&target, "13")).await;
    let page = browser.follow().await;
    for part in [
        "RecommendationService: all methods",
        "Every call fails with INTERNAL.",
        "Calls so far: 0",
        "is injected from now on",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(shop.get("/").await.notice().is_some(), "a part is missing");
    let page = browser.get("/operator/faults").await;
    assert!(!page.body.contains("Calls so far: 0"), "{}", page.body);
    browser.submit(REMOVE, &[]).await;
    let page = browser.follow().await;
    assert!(page.body.contains("No fault is injected."), "{}", page.body);
    assert_eq!(shop.get("/").await.notice(), None);
}

#[tokio::test]
async fn effects_are_shown_in_words() {
    let shop = TestShop::of(&catalogue());
    let mut browser = operator(&shop).await;
    let get_book = "bookstore.inventory.v1.InventoryService/GetBook";
    let some_calls = with(fields(get_book, "latency"), "fault.percent", "30");
    let some_calls = with(some_calls, "fault.max_calls", "12");
    for (fields, expected) in [
        (
            with(fields(get_book, "latency"), "fault.latency.jitter", "250"),
            "Every call waits for 500 to 750 ms.",
        ),
        (some_calls, "A call in 30 of 100 cases waits for 500 ms."),
        (
            fields(get_book, "hang_up"),
            "Every call loses its connection.",
        ),
        (
            fields(get_book, "black_hole"),
            "Every call is never answered.",
        ),
    ] {
        browser.get("/operator/faults").await;
        browser.submit(SET, &fields).await;
        let page = browser.follow().await;
        assert!(page.body.contains("InventoryService: GetBook"));
        assert!(page.body.contains(expected), "{expected} in {}", page.body);
        assert_eq!(page.count(REMOVE), 1, "it replaces the one before");
    }
}

#[tokio::test]
async fn wrong_values_are_explained_at_their_fields() {
    let shop = TestShop::of(&catalogue());
    let mut browser = operator(&shop).await;
    let target = format!("{RECOMMENDATIONS}/");
    for (name, value, id) in [
        ("fault.percent", "101", "fault-percent-error"),
        ("fault.percent", "many", "fault-percent-error"),
        ("fault.max_calls", "0", "fault-max-calls-error"),
        ("fault.latency.delay", "0", "fault-latency-delay-error"),
        ("fault.latency.delay", "70000", "fault-latency-delay-error"),
        ("fault.latency.jitter", "-1", "fault-latency-jitter-error"),
        ("lifetime", "61", "lifetime-error"),
        ("fault.service", "nobody", "Faults cannot be injected"),
        ("effect", "17", "fault.error.code"),
    ] {
        browser.get("/operator/faults").await;
        let fields = with(fields(&target, "latency"), name, value);
        let page = browser.submit(SET, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.body.contains(id), "{id} in {}", page.body);
        assert!(page.body.contains("No fault is injected."), "{name}");
    }
}

#[tokio::test]
async fn page_tells_how_faults_are_allowed() {
    let options = Options {
        operator_token: rpc::OperatorToken::new(Some(OPERATOR_TOKEN)),
        ..Options::default()
    };
    let shop = TestShop::with_faults(&catalogue(), options, rpc::Faults::new(false));
    let mut browser = operator(&shop).await;
    let page = browser.get("/operator/faults").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("--allow-fault-injection"));
    assert!(!page.body.contains(SET), "there is no form");
}

#[tokio::test]
async fn monitor_shows_injected_faults() {
    let faults = rpc::Faults::new(true);
    let options = Options {
        active_faults: Arc::new({
            let faults = faults.clone();
            move || faults.list()
        }),
        ..Options::default()
    };
    let shop = TestShop::with_faults(&catalogue(), options, faults.clone());
    assert!(!shop.get("/monitor").await.body.contains("Injected faults"));
    let fault = rpc::Fault {
        target: rpc::Target {
            service: RECOMMENDATIONS,
            method: "",
        },
        percent: 40,
        max_calls: None,
        effect: rpc::Effect::BlackHole,
    };
    faults.set(fault, Duration::from_secs(100));
    let page = shop.get("/monitor").await;
    for part in [
        "Injected faults",
        "RecommendationService/*",
        "black_hole",
        "40",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
}

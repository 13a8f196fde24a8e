//! Signing up, in and out, and the account page.

use super::*;

#[tokio::test]
async fn visitor_signs_up_confirms_the_address_and_signs_in() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::open(&shop, "/sign-up").await;
    let fields = [
        ("email", "eve@example.org"),
        ("password", "correct horse"),
        ("display_name", "Eve <b>"),
    ];
    browser.submit("/sign-up", &fields).await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("Look into your mailbox")
    );

    let token = FakeAccounts::mailed_token("verify", "eve@example.org");
    let link = format!("/verify?token={token}");
    // A program that scans mails opens the link, but does not open the account.
    browser.get(&link).await;
    assert_eq!(shop.accounts.faults.calls("verify_email"), 0);
    browser.submit("/verify", &[]).await;
    assert!(browser.follow().await.body.contains("Your account is open"));

    let fields = [("email", "eve@example.org"), ("password", "correct horse")];
    browser.submit("/sign-in", &fields).await;
    let home = browser.follow().await;
    assert!(home.body.contains("<bdi>Eve &#60;b&#62;</bdi>"));
    assert!(!home.body.contains("href=\"/sign-in\""));

    browser.submit("/sign-out", &[]).await;
    assert_eq!(shop.accounts.open_sessions(), 0);
    assert!(browser.follow().await.body.contains("href=\"/sign-in\""));
    assert!(!browser.cookies.contains_key("session"));
}

#[tokio::test]
async fn sign_in_tells_the_address_of_the_browser() {
    let shop = TestShop::of(&[]);
    Browser::signed_in(&shop).await;
    assert_eq!(shop.accounts.told_clients(), [Some("192.0.2.7".to_owned())]);
}

#[tokio::test]
async fn wrong_password_keeps_the_address_and_shows_the_error() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::open(&shop, "/sign-in").await;
    let fields = [("email", "ada@example.org"), ("password", "swordfish")];
    let page = browser.submit("/sign-in", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("We know no account"));
    assert!(page.body.contains("value=\"ada@example.org\""));
    assert!(!page.body.contains("swordfish"));
    assert!(page.body.contains("<title>Error: "));
}

#[tokio::test]
async fn sign_in_leads_only_to_pages_of_the_shop() {
    for (next, expected) in [
        ("/books/4", "/books/4"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
    ] {
        let shop = TestShop::of(&[]);
        shop.accounts.add("ada@example.org", "correct horse", "");
        let mut browser = Browser::open(&shop, "/sign-in").await;
        let fields = [
            ("email", "ada@example.org"),
            ("password", "correct horse"),
            ("next", next),
        ];
        let page = browser.submit("/sign-in", &fields).await;
        assert_eq!(page.header("location"), expected, "{next}");
    }
}

#[tokio::test]
async fn signing_in_again_ends_the_old_session() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::signed_in(&shop).await;
    let old = browser.cookies["session"].clone();
    browser.get("/sign-in").await;
    browser.sign_in().await;
    assert_ne!(browser.cookies["session"], old);
    assert_eq!(shop.accounts.open_sessions(), 1);
}

#[tokio::test]
async fn expired_session_is_signed_out_without_an_error() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    shop.accounts.end_sessions();
    let page = browser.get("/books/101").await;
    assert_eq!((page.status, page.notice()), (StatusCode::OK, None));
    assert!(page.body.contains("href=\"/sign-in\""));
    assert!(!browser.cookies.contains_key("session"));

    let page = browser.get("/account").await;
    assert_eq!(page.header("location"), "/sign-in?next=/account");
}

#[tokio::test]
async fn no_page_of_a_visitor_is_cached() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    for path in [
        "/",
        "/books/101",
        "/account",
        "/cart",
        "/none",
        "/account/export",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.header("cache-control"), "private, no-store", "{path}");
    }
}

#[tokio::test]
async fn without_accounts_the_visitor_stays_signed_in() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    shop.accounts.faults.set("*", Fault::Down);
    let page = browser.get("/books/101").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Your account"));
    let page = browser.get("/account").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("still works"));
    shop.accounts.faults.set("*", Fault::None);
    assert!(browser.get("/").await.body.contains("<bdi>Ada</bdi>"));
}

#[tokio::test(start_paused = true)]
async fn slow_account_delays_no_page_beyond_its_timeout() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    let slow = Fault::Slow(Duration::from_secs(20));
    shop.accounts.faults.set("*", slow);
    shop.carts.faults.set("*", slow);
    shop.recommendations.set("*", slow);
    for path in ["/books/101", "/account", "/cart"] {
        let started = tokio::time::Instant::now();
        browser.get(path).await;
        let took = started.elapsed();
        let limit = PAGE_TIMEOUT + Duration::from_millis(1);
        assert!(took <= limit, "{path} took {took:?}");
    }
}

#[tokio::test]
async fn profile_and_address_are_saved() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::signed_in(&shop).await;
    browser.get("/account").await;
    let fields = [("profile.display_name", " Countess ")];
    browser.submit("/account/profile", &fields).await;
    let page = browser.follow().await;
    assert!(page.body.contains("Your name is saved"));
    assert!(page.body.contains("<bdi>Countess</bdi>"));

    const PATH: &str = "profile.default_shipping_address";
    let address = |country| {
        [
            (format!("{PATH}.recipient"), "Ada"),
            (format!("{PATH}.street_lines[0]"), "1 Main Street"),
            (format!("{PATH}.city"), "London"),
            (format!("{PATH}.country_code"), country),
        ]
    };
    let wrong = address("England");
    let fields = wrong
        .each_ref()
        .map(|(name, value)| (name.as_str(), *value));
    let page = browser.submit("/account/address", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let error = "profile-default-shipping-address-country-code-error";
    assert_eq!(page.count(&format!("id=\"{error}\"")), 1, "{}", page.body);
    assert!(page.body.contains("value=\"1 Main Street\""));
    assert!(page.body.contains("<title>Error: "));

    let right = address("gb");
    let fields = right
        .each_ref()
        .map(|(name, value)| (name.as_str(), *value));
    browser.submit("/account/address", &fields).await;
    let page = browser.follow().await;
    assert!(page.body.contains("value=\"GB\"") && page.body.contains("value=\"London\""));

    // Saved without values, it is removed.
    browser.submit("/account/address", &[]).await;
    assert!(!browser.follow().await.body.contains("value=\"London\""));
}

#[tokio::test]
async fn password_is_changed_with_the_old_one() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::signed_in(&shop).await;
    browser.get("/account").await;
    for (current, new, error) in [
        ("wrong", "a new password", "The current password is wrong"),
        ("correct horse", "password", "easy to guess"),
        ("correct horse", "short", "Use at least 8 characters"),
    ] {
        let fields = [("current_password", current), ("new_password", new)];
        let page = browser.submit("/account/password", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        assert!(page.body.contains(error), "{error}");
    }
    let fields = [
        ("current_password", "correct horse"),
        ("new_password", "a new password"),
    ];
    browser.submit("/account/password", &fields).await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("Your password is changed")
    );
}

#[tokio::test]
async fn forgotten_password_is_set_by_the_link() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::signed_in(&shop).await;
    browser.get("/forgot").await;
    browser
        .submit("/forgot", &[("email", "ada@example.org")])
        .await;
    browser.follow().await;
    let token = FakeAccounts::mailed_token("reset", "ada@example.org");
    browser.get(&format!("/reset?token={token}")).await;
    browser
        .submit("/reset", &[("new_password", "a new password")])
        .await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("Your new password is set")
    );
    assert!(!browser.cookies.contains_key("session"));

    browser.get("/reset?token=old").await;
    let page = browser
        .submit("/reset", &[("new_password", "a new password")])
        .await;
    assert!(page.body.contains("This link no longer works"));
}

#[tokio::test]
async fn other_devices_can_be_signed_out() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::signed_in(&shop).await;
    let mut phone = Browser::open(&shop, "/sign-in").await;
    phone.sign_in().await;
    assert_eq!(
        browser
            .get("/account")
            .await
            .count("action=\"/account/sessions\""),
        1
    );
    browser.submit("/account/sessions", &[]).await;
    assert!(
        browser
            .follow()
            .await
            .body
            .contains("The device is signed out")
    );
    assert!(phone.get("/").await.body.contains("href=\"/sign-in\""));
}

#[tokio::test]
async fn account_is_exported_and_deleted() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::signed_in(&shop).await;
    let file = browser.get("/account/export").await;
    assert!(file.header("content-disposition").starts_with("attachment"));
    let document: serde_json::Value = serde_json::from_str(&file.body).expect("all pieces");
    assert_eq!(document["accounts"]["email"], "ada@example.org");
    assert!(document["cart"]["orders"].is_array(), "{}", file.body);

    // The first piece comes, but not all of them.
    let faults = &shop.accounts.faults;
    faults.set("export_account_data", Fault::Down);
    let page = browser.get("/account/export").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("collect all of your data"));
    assert!(!page.body.contains("ada@example.org\"}"));

    browser.get("/account").await;
    let page = browser
        .submit("/account/delete", &[("current_password", "x")])
        .await;
    assert!(page.body.contains("The current password is wrong"));
    let fields = [("current_password", "correct horse")];
    browser.submit("/account/delete", &fields).await;
    assert!(browser.follow().await.body.contains("Goodbye"));
    assert!(!browser.cookies.contains_key("session"));
}

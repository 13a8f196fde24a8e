//! What every form has in common: protection, and once is once.

use super::*;

/// All addresses of forms.
const ACTIONS: [&str; 22] = [
    "/sign-up",
    "/verify",
    "/sign-in",
    "/sign-out",
    "/forgot",
    "/reset",
    "/account/profile",
    "/account/address",
    "/account/password",
    "/account/sessions",
    "/account/delete",
    "/cart/add",
    "/cart/update",
    "/cart/remove",
    "/cart/clear",
    "/cart/merge",
    "/checkout",
    "/orders/cancel",
    "/orders/receipt",
    "/reviews/write",
    "/reviews/delete",
    "/recently-viewed/clear",
];

/// The number of calls that change something.
fn changes(shop: &TestShop) -> usize {
    let methods = [
        "sign_up",
        "verify_email",
        "sign_in",
        "sign_out",
        "request_password_reset",
        "reset_password",
        "update_account",
        "change_password",
        "revoke_session",
        "delete_account",
    ];
    let carts = ["put_item", "remove_item", "clear_cart", "merge_cart"];
    let others = [
        shop.checkout.faults.calls("place_order"),
        shop.checkout.faults.calls("cancel_order"),
        shop.transactions.faults.calls("resend_receipt"),
        shop.reviews.faults.calls("put_review"),
        shop.reviews.faults.calls("delete_review"),
    ];
    let of_accounts = methods
        .iter()
        .map(|method| shop.accounts.faults.calls(method));
    let of_carts = carts.iter().map(|method| shop.carts.faults.calls(method));
    of_accounts.chain(of_carts).chain(others).sum()
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let shop = TestShop::of(&catalogue());
    let mut browser = Browser::signed_in(&shop).await;
    browser.get("/").await;
    let (_, token) = browser.form("/sign-out").remove(0);
    let before = changes(&shop);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let right = format!("form_token={token}");
    let other = Browser::open(&shop, "/books/101").await;
    let (_, foreign) = other.form("/cart/add").remove(0);
    let foreign = format!("form_token={foreign}");
    for action in ACTIONS {
        for (headers, body) in [
            (vec![form], ""),
            (vec![form], "form_token="),
            (vec![form], foreign.as_str()),
            (vec![form, ("sec-fetch-site", "cross-site")], right.as_str()),
            (
                vec![form, ("origin", "https://evil.example")],
                right.as_str(),
            ),
            (vec![("content-type", "text/plain")], right.as_str()),
        ] {
            let page = browser.send(Method::POST, action, &headers, body).await;
            assert_eq!(
                page.status,
                StatusCode::FORBIDDEN,
                "{action} {headers:?} {body}"
            );
        }
    }
    assert_eq!(changes(&shop), before);
    // The token alone is right.
    browser
        .send(Method::POST, "/sign-out", &[form], &right)
        .await;
    assert_eq!(browser.page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn form_that_is_sent_twice_acts_once() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::open(&shop, "/sign-up").await;
    let form = browser.form("/sign-up");
    let fields = [("email", "ada@example.org"), ("password", "correct horse")];
    for _ in 0..2 {
        browser.post("/sign-up", &form, &fields).await;
        assert_eq!(browser.page.header("location"), "/sign-up/sent");
    }
    assert_eq!(shop.accounts.sign_ups(), 1);

    // With other values it is another sign-up, but the visitor has to confirm that.
    let fields = [("email", "eve@example.org"), ("password", "correct horse")];
    let page = browser.post("/sign-up", &form, &fields).await;
    assert!(page.body.contains("This form was sent already"));
    browser.submit("/sign-up", &fields).await;
    assert_eq!(shop.accounts.sign_ups(), 2);
}

#[tokio::test]
async fn violations_are_shown_at_their_fields() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::open(&shop, "/sign-up").await;
    let name = "<script>alert(1)</script>".repeat(9);
    let fields = [
        ("email", "ada"),
        ("password", "short"),
        ("display_name", &name),
    ];
    let page = browser.submit("/sign-up", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in [
        "id=\"email-error\" role=\"alert\">This is not an email address",
        "id=\"password-error\" role=\"alert\">Use at least 8 characters.",
        "id=\"display-name-error\" role=\"alert\">Use at most 100 characters.",
        "value=\"ada\"",
        "aria-describedby=\"password-error password-hint\"",
    ] {
        assert!(page.body.contains(text), "{text} is not in {}", page.body);
    }
    assert!(!page.body.contains("value=\"short\"") && !page.body.contains("<script>alert"));
    let page = browser.submit("/sign-up", &[]).await;
    assert_eq!(page.count("Please fill this in."), 1, "{}", page.body);
}

#[tokio::test]
async fn form_is_kept_while_the_service_is_down() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::open(&shop, "/sign-up").await;
    shop.accounts.faults.set("*", Fault::Failing);
    let fields = [("email", "ada@example.org"), ("password", "correct horse")];
    let page = browser.submit("/sign-up", &fields).await;
    assert!(page.body.contains("doesn’t answer at the moment"));
    assert!(page.body.contains("value=\"ada@example.org\""));
    assert!(!page.body.contains("swordfish") && !page.body.contains("correct horse"));
}

#[tokio::test]
async fn too_large_form_is_refused() {
    let shop = TestShop::of(&[]);
    let mut browser = Browser::open(&shop, "/sign-up").await;
    let long = "x".repeat(100_000);
    let page = browser.submit("/sign-up", &[("email", &long)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn cookies_of_https_have_the_host_prefix() {
    let options = Options {
        secure_cookies: true,
        ..Options::default()
    };
    let shop = TestShop::with(&[], options);
    let mut browser = Browser::signed_in(&shop).await;
    let names: Vec<_> = browser.cookies.keys().map(String::as_str).collect();
    assert_eq!(names, ["__Host-forms", "__Host-session"]);
    assert!(browser.get("/").await.body.contains("<bdi>Ada</bdi>"));
}

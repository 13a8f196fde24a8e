//! The page with the kept mails.

use super::*;

/// A shop that keeps one mail, with the id of the mail.
async fn shop_with_mail(folder: &std::path::Path) -> (TestShop, String) {
    let mailer = mail::Mailer::folder(folder.to_owned(), "shop@example.org").expect("a mailer");
    let mail = mail::Mail {
        to: "ada@example.org".to_owned(),
        subject: "<b>Hello</b>".to_owned(),
        text: "Follow http://localhost:5000/verify?token=t-1\n<script>alert(1)</script>".to_owned(),
        html: "<script>alert(1)</script>".to_owned(),
    };
    let id = "0197-1".to_owned();
    mailer.send(&mail, &id).await.expect("kept");
    let options = Options {
        mails: mailer.kept().cloned(),
        ..Options::default()
    };
    (TestShop::with(&[], options), id)
}

#[tokio::test]
async fn kept_mails_are_shown_as_text_with_links() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shop, id) = shop_with_mail(folder.path()).await;
    let list = shop.get("/mail").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.body.contains("For development"));
    assert!(list.body.contains("&#60;b&#62;Hello"));
    let mail = shop.get(&format!("/mail/{id}")).await;
    let link = "<a href=\"http://localhost:5000/verify?token=t-1\"";
    assert!(mail.body.contains(link), "{}", mail.body);
    assert!(!mail.body.contains("<script>alert"));
    assert_eq!(shop.get("/mail/other").await.status, StatusCode::NOT_FOUND);
    assert!(
        shop.get("/sign-up/sent")
            .await
            .body
            .contains("href=\"/mail\"")
    );
}

#[tokio::test]
async fn mails_are_shown_only_on_this_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shop, id) = shop_with_mail(folder.path()).await;
    for path in ["/mail".to_owned(), format!("/mail/{id}")] {
        let other = shop
            .send_from([192, 0, 2, 7], Method::GET, &path, &[])
            .await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{path}");
        let headers = [("x-forwarded-for", "192.0.2.7")];
        let proxied = shop.send(Method::GET, &path, &headers).await;
        assert_eq!(proxied.status, StatusCode::NOT_FOUND, "{path}");
    }
    let sent = shop
        .send_from([192, 0, 2, 7], Method::GET, "/sign-up/sent", &[])
        .await;
    assert!(!sent.body.contains("/mail"));
    // A shop with a mail server has no such page.
    assert_eq!(
        TestShop::of(&[]).get("/mail").await.status,
        StatusCode::NOT_FOUND
    );
}

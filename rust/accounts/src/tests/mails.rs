use mail::Mailer;
use service::PeriodicTask as _;
use store::testing::TestDb;

use super::{NETWORK, TestAccounts, sign_up};
use crate::service::{AccountMail, MailKind};

store::both_engines! { crate::SCHEMA => committed_mails_are_sent_once }

async fn committed_mails_are_sent_once(database: TestDb) {
    let temporary = tempfile::tempdir().expect("a folder");
    let mailer = Mailer::folder(temporary.path().join("mail"), "shop@example.com");
    let mailer = mailer.expect("a sender");
    let service = TestAccounts::with_mailer(&database, mailer.clone());
    service
        .accounts
        .sign_up(&sign_up("ada@example.org"), NETWORK)
        .await
        .expect("accepted");
    for _ in 0..2 {
        let ran = service.accounts.mail_worker().run().await;
        ran.expect("the database answers");
    }
    let folder = mailer.kept().expect("a folder");
    let sent = folder.newest(10).await.expect("the folder is readable");
    assert_eq!(sent.len(), 1);
    let text = &sent[0].mail.text;
    let (_, token) = text
        .split_once("https://shop.example/verify?token=")
        .expect("a link");
    let token = token.lines().next().expect("a line");
    service
        .accounts
        .verify_email(token)
        .await
        .expect("the token is valid");
}

#[test]
fn names_cannot_inject_html() {
    let mail = AccountMail {
        to: "ada@example.org".to_owned(),
        name: "<b>Ada</b> & co".to_owned(),
        kind: MailKind::PasswordReset {
            token: "T".to_owned(),
        },
    };
    let written = mail
        .write("https://shop.example")
        .expect("written")
        .expect("sent");
    assert!(written.html.contains("&#60;b&#62;Ada"), "{}", written.html);
    assert!(
        written.text.starts_with("Hello <b>Ada</b> & co,\n"),
        "{}",
        written.text
    );
}

//! The mails that the shop has kept in place of sending them. Only in development, and only
//! for browsers on this machine.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use mail::KeptMail;

use super::{MessagePage, PageLayout, no_such_page, render};
use crate::{shop::Shop, visitor::Visitor};

/// The number of mails in the list.
const MAX_MAILS: usize = 50;

#[derive(Template)]
#[template(path = "mails.html")]
struct MailsPage {
    layout: PageLayout,
    folder: String,
    mails: Vec<KeptMail>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    layout: PageLayout,
    kept: KeptMail,
}

/// A part of the text of a mail.
#[derive(Debug, PartialEq, Eq)]
enum TextPart<'a> {
    Text(&'a str),
    Link(&'a str),
}

/// Whether the visitor can read the mails of the shop.
pub(super) fn mails_are_visible(shop: &Shop) -> bool {
    shop.mails().is_some() && Visitor::current().is_local
}

/// `GET /mail`
pub(crate) async fn list(State(shop): State<Arc<Shop>>, uri: Uri) -> Response {
    let Some(folder) = shop.mails().filter(|_| mails_are_visible(&shop)) else {
        return no_such_page(uri.path());
    };
    match folder.newest(MAX_MAILS).await {
        Ok(mails) => {
            let page = MailsPage {
                layout: PageLayout::new(&shop),
                folder: folder.path().display().to_string(),
                mails,
            };
            render(StatusCode::OK, &page)
        }
        Err(error) => unreadable(&error),
    }
}

/// `GET /mail/{id}`
pub(crate) async fn show(
    State(shop): State<Arc<Shop>>,
    uri: Uri,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let folder = shop.mails().filter(|_| mails_are_visible(&shop));
    let (Some(folder), Ok(Path(id))) = (folder, id) else {
        return no_such_page(uri.path());
    };
    match folder.get(&id).await {
        Ok(Some(kept)) => {
            let layout = PageLayout::new(&shop);
            render(StatusCode::OK, &MailPage { layout, kept })
        }
        Ok(None) => {
            let text = "There is no such mail. Only the newest ones are kept.".to_owned();
            MessagePage::not_found("This mail doesn’t exist", text).into_response()
        }
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &std::io::Error) -> Response {
    tracing::error!(%error, "the folder of the mails cannot be read");
    let text = "The folder of the mails cannot be read. The error has been logged.".to_owned();
    let heading = "That should not have happened";
    MessagePage::new(StatusCode::INTERNAL_SERVER_ERROR, heading, text).into_response()
}

impl MailPage {
    fn parts(&self) -> Vec<TextPart<'_>> {
        parts(&self.kept.mail.text)
    }
}

/// Finds the URLs in a text. They end at white space and at characters that no URL has.
fn parts(mut text: &str) -> Vec<TextPart<'_>> {
    let mut parts = Vec::new();
    while let Some(start) = ["https://", "http://"]
        .iter()
        .filter_map(|scheme| text.find(scheme))
        .min()
    {
        let (before, rest) = text.split_at(start);
        let end = rest
            .find(|character: char| character.is_whitespace() || "<>\"'`".contains(character))
            .unwrap_or(rest.len());
        // A full stop ends the sentence and not the URL.
        let url = rest[..end].trim_end_matches(['.', ',', ')', ';', ':', '!', '?']);
        parts.extend([TextPart::Text(before), TextPart::Link(url)]);
        text = &rest[url.len()..];
    }
    parts.push(TextPart::Text(text));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_links() {
        let text = "Open http://localhost:5000/verify?token=a-b_c.\nOr <https://x.example/>.";
        let expected = [
            TextPart::Text("Open "),
            TextPart::Link("http://localhost:5000/verify?token=a-b_c"),
            TextPart::Text(".\nOr <"),
            TextPart::Link("https://x.example/"),
            TextPart::Text(">."),
        ];
        assert_eq!(parts(text), expected);
        assert_eq!(
            parts("javascript:x http:/y"),
            [TextPart::Text("javascript:x http:/y")]
        );
        assert_eq!(parts("http://").len(), 3);
    }
}

//! The image of a cover from another site. The drawn cover lies below it, so that a page without
//! the image, or before it is loaded, looks as if the book had none.

use axum::http::{Uri, uri::Scheme};
use contract::bookstore::inventory::v1::Book;

/// An image and the site that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoverImage {
    /// The https address of the image.
    pub url: String,
    /// The only other site from which the page may load images: `https://images.example`.
    pub origin: String,
}

impl CoverImage {
    /// The image of a book; `None` if the book has none, or its address is not one of https that
    /// can stand in a policy.
    pub fn of(book: &Book) -> Option<Self> {
        let address: Uri = book.image_url.parse().ok()?;
        let authority = address.authority()?.as_str();
        let is_host = authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
        let is_safe = address.scheme() == Some(&Scheme::HTTPS) && is_host && !authority.is_empty();
        is_safe.then(|| Self {
            url: book.image_url.clone(),
            origin: format!("https://{authority}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(image_url: &str) -> Option<String> {
        let book = Book {
            image_url: image_url.to_owned(),
            ..Book::default()
        };
        CoverImage::of(&book).map(|image| image.origin)
    }

    #[test]
    fn only_https_addresses_of_a_host_are_shown() {
        assert_eq!(
            origin("https://images.example:8443/1.jpg?size=m;'").as_deref(),
            Some("https://images.example:8443")
        );
        for address in [
            "",
            "/covers/1.svg",
            "http://images.example/1.jpg",
            "https://user@images.example/1.jpg",
            "https://images.example;script-src/1.jpg",
            "https:///1.jpg",
            "data:image/png;base64,AA",
        ] {
            assert_eq!(origin(address), None, "{address}");
        }
    }
}

//! What search engines and other sites show of a page: its canonical address, a title, a
//! description, and facts as structured data.

mod structured_data;

pub(crate) use structured_data::{BookFacts, book, person, series, website};

/// A page on the way from the home page to the current page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breadcrumb {
    pub name: String,
    /// Such as `/categories/mystery`.
    pub path: String,
}

impl Breadcrumb {
    /// A page with its name and path.
    pub fn new(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
        }
    }
}

/// The description of a page for machines, by Open Graph and JSON-LD.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    /// The canonical address of the page: absolute, without parameters that do not matter.
    pub address: String,
    /// Without the name of the shop.
    pub title: String,
    pub description: String,
    /// The type in Open Graph: `website`, `book` or `profile`.
    pub kind: &'static str,
    /// The absolute address of an image in a format that other sites show. They show no SVG, so
    /// it is that of the shop.
    pub image: String,
    /// JSON-LD, escaped for a `script` element.
    pub structured_data: Vec<String>,
}

impl Metadata {
    /// The description of a page of the shop at a path.
    pub fn new(
        shop_url: &str,
        path: &str,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            address: format!("{shop_url}{path}"),
            title: title.into(),
            description: description.into(),
            kind: "website",
            image: format!("{shop_url}/assets/share.png"),
            structured_data: Vec::new(),
        }
    }

    /// Adds the breadcrumbs of the page as structured data.
    #[must_use]
    pub fn with_breadcrumbs(mut self, shop_url: &str, breadcrumbs: &[Breadcrumb]) -> Self {
        if !breadcrumbs.is_empty() {
            let list = structured_data::breadcrumbs(shop_url, breadcrumbs);
            self.structured_data.push(list);
        }
        self
    }
}

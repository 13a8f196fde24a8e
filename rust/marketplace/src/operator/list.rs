//! Links between the pages of a list that has page tokens.

use crate::pages::search::form_urlencode;

/// The links of one page.
pub(super) struct ListPager {
    /// The URL of the first page, unless this is it.
    pub first: Option<String>,
    /// The URL of the next page.
    pub next: Option<String>,
}

impl ListPager {
    /// The links for a list at `base`, such as `/operator/orders?show=all`. `token` is the page
    /// token of this page and `next_token` that of the next one; both may be empty.
    pub fn new(base: &str, token: &str, next_token: &str) -> Self {
        let separator = if base.contains('?') { '&' } else { '?' };
        Self {
            first: (!token.is_empty()).then(|| base.to_owned()),
            next: (!next_token.is_empty())
                .then(|| format!("{base}{separator}after={}", form_urlencode(next_token))),
        }
    }
}

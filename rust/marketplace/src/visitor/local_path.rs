//! The page to which a form leads back.

/// More than any path of the shop has.
const MAX_LENGTH: usize = 500;

/// A path of this site with its query, such as `/books/4`. It can't lead to another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// The path in a parameter; `None` if it is not a path of this site. Browsers treat `//`
    /// and `/\` as the start of a host, and ignore white space and control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let visible = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let local = text.starts_with('/') && !text.starts_with("//");
        (visible && local && text.len() <= MAX_LENGTH).then(|| Self(text.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn paths_of_other_sites_are_refused() {
        for path in ["/", "/books/4", "/search?q=a+b&page=2", "/a//b", "/@evil"] {
            assert!(LocalPath::parse(path).is_some(), "{path}");
        }
        for path in [
            "",
            "books",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            " /",
            "/é",
            "/a\r\nLocation: x",
        ] {
            assert!(LocalPath::parse(path).is_none(), "{path:?}");
        }
        assert!(LocalPath::parse(&format!("/{}", "a".repeat(MAX_LENGTH))).is_none());
    }

    proptest! {
        #[test]
        fn accepted_path_never_leaves_the_site(
            text in prop_oneof![any::<String>(), "[/\\\\\t\r\n .:@?#a-z]{0,12}", "/[/\\\\\t.:@a-z]{0,8}"]
        ) {
            let base = Url::parse("https://shop.example:8443/sign-in").expect("a URL");
            if let Some(path) = LocalPath::parse(&text) {
                let target = base.join(path.as_str()).expect("a URL");
                prop_assert_eq!(target.origin(), base.origin());
            }
        }
    }
}

//! The categories of the contract with the names and descriptions that the shop shows.

use contract::bookstore::inventory::v1::BookCategory;

/// A category of the contract with its display texts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CategoryInfo {
    pub id: BookCategory,
    /// The last part of the URL, as in `/categories/science-fiction`.
    pub slug: &'static str,
    pub name: &'static str,
    /// One line, without a full stop.
    pub description: &'static str,
}

macro_rules! categories {
    ($($category:ident $slug:literal $name:literal $description:literal)*) => {
        /// All categories in the order in which the shop shows them.
        pub(crate) static CATEGORIES: &[CategoryInfo] = &[$(CategoryInfo {
            id: BookCategory::$category,
            slug: $slug,
            name: $name,
            description: $description,
        }),*];
    };
}

categories! {
    Mystery "mystery" "Mystery" "Crimes and their investigation"
    ScienceFiction "science-fiction" "Science fiction" "Futures, machines and other worlds"
    Classics "classics" "Classics" "Literature that has lasted"
    Fantasy "fantasy" "Fantasy" "Magic and invented worlds"
    SelfHelp "self-help" "Self-help" "Advice for everyday life"
    Poetry "poetry" "Poetry" "Verse, to be read aloud"
    Thriller "thriller" "Thriller" "Suspense, one more chapter at a time"
    HistoricalFiction "historical-fiction" "Historical fiction" "Novels set in the past"
    Science "science" "Science" "How nature works"
    Romance "romance" "Romance" "Love stories"
    Horror "horror" "Horror" "To be read with the light on"
    Biography "biography" "Biography" "Life stories and memoirs"
    History "history" "History" "What happened, and why"
    Philosophy "philosophy" "Philosophy" "Thought about thought"
    Children "children" "Children" "For children, and those who read to them"
    Business "business" "Business" "Work, money and organisations"
    General "general" "General" "Books that fit no other category"
}

impl CategoryInfo {
    /// Looks up a category by its slug.
    pub fn from_slug(slug: &str) -> Option<&'static Self> {
        CATEGORIES.iter().find(|category| category.slug == slug)
    }

    /// Looks up a category by its enum number; `None` for a number of a newer contract.
    pub fn from_number(number: i32) -> Option<&'static Self> {
        let id = BookCategory::try_from(number).ok()?;
        CATEGORIES.iter().find(|category| category.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_category_of_the_contract_has_display_texts() {
        for number in 1..=100 {
            let Ok(category) = BookCategory::try_from(number) else {
                continue;
            };
            assert!(CategoryInfo::from_number(number).is_some(), "{category:?}");
        }
    }

    #[test]
    fn slugs_are_unique() {
        let slugs: HashSet<_> = CATEGORIES.iter().map(|category| category.slug).collect();
        assert_eq!(slugs.len(), CATEGORIES.len());
        assert!(
            CATEGORIES
                .iter()
                .all(|category| CategoryInfo::from_slug(category.slug) == Some(category))
        );
        assert_eq!(CategoryInfo::from_slug("Mystery"), None);
    }
}

//! The categories of the contract as the shop names them.

use contract::bookstore::inventory::v1::BookCategory;

/// A category with its place in the shop.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shelf {
    pub category: BookCategory,
    /// In addresses: `/categories/science-fiction`.
    pub slug: &'static str,
    pub name: &'static str,
    /// What stands on it, in one line.
    pub line: &'static str,
}

macro_rules! shelves {
    ($($category:ident $slug:literal $name:literal $line:literal)*) => {
        /// All shelves, in the order in which the shop shows them.
        pub(crate) static SHELVES: &[Shelf] = &[$(Shelf {
            category: BookCategory::$category,
            slug: $slug,
            name: $name,
            line: $line,
        }),*];
    };
}

shelves! {
    Mystery "mystery" "Mystery" "Crimes, and those who solve them"
    ScienceFiction "science-fiction" "Science fiction" "Futures, machines and other worlds"
    Classics "classics" "Classics" "Literature that has lasted"
    Fantasy "fantasy" "Fantasy" "Magic and invented worlds"
    SelfHelp "self-help" "Self-help" "Advice for one’s own life"
    Poetry "poetry" "Poetry" "Verse, to be read aloud"
    Thriller "thriller" "Thriller" "Suspense, one more chapter at a time"
    HistoricalFiction "historical-fiction" "Historical fiction" "Novels set in the past"
    Science "science" "Science" "How nature works"
    Romance "romance" "Romance" "Love stories"
    Horror "horror" "Horror" "To be read with the light on"
    Biography "biography" "Biography" "Lives, also one’s own"
    History "history" "History" "What happened, and why"
    Philosophy "philosophy" "Philosophy" "Thought about thought"
    Children "children" "Children" "For children, and those who read to them"
    Business "business" "Business" "Work, money and organisations"
    General "general" "General" "Everything that has no other shelf"
}

impl Shelf {
    /// The shelf of a slug.
    pub fn of_slug(slug: &str) -> Option<&'static Self> {
        SHELVES.iter().find(|shelf| shelf.slug == slug)
    }

    /// The shelf of a category; `None` for one of a newer contract.
    pub fn of(category: i32) -> Option<&'static Self> {
        let category = BookCategory::try_from(category).ok()?;
        SHELVES.iter().find(|shelf| shelf.category == category)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_category_of_the_contract_has_a_shelf() {
        for number in 1..=100 {
            let Ok(category) = BookCategory::try_from(number) else {
                continue;
            };
            assert!(Shelf::of(number).is_some(), "{category:?}");
        }
    }

    #[test]
    fn slugs_lead_to_one_shelf_each() {
        let slugs: HashSet<_> = SHELVES.iter().map(|shelf| shelf.slug).collect();
        assert_eq!(slugs.len(), SHELVES.len());
        assert!(
            SHELVES
                .iter()
                .all(|shelf| Shelf::of_slug(shelf.slug) == Some(shelf))
        );
        assert_eq!(Shelf::of_slug("Mystery"), None);
    }
}

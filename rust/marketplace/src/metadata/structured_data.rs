//! Structured data in JSON-LD, with the vocabulary of schema.org.

use contract::bookstore::{inventory::v1::Book, reviews::v1::Rating};
use serde_json::{Map, Value, json};

use super::Breadcrumb;
use crate::{cover_image::CoverImage, currency, pages::book_list::BookList, view::Stock};

const CONTEXT: &str = "https://schema.org";

/// What is known of a book on its page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BookFacts<'a> {
    pub book: &'a Book,
    /// `None` if the stock is unknown.
    pub stock: Option<Stock>,
    /// Whether the price is up to date.
    pub has_price: bool,
    /// The rating by the reviews of the shop; `None` if it is unknown.
    pub rating: Option<&'a Rating>,
    /// The absolute address of the drawn cover.
    pub cover: &'a str,
}

/// The shop and its search.
pub(crate) fn website(shop_url: &str) -> String {
    script(&json!({
        "@context": CONTEXT,
        "@type": "WebSite",
        "name": "Bindery",
        "url": format!("{shop_url}/"),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {
                "@type": "EntryPoint",
                "urlTemplate": format!("{shop_url}/search?q={{search_term_string}}"),
            },
            "query-input": "required name=search_term_string",
        },
    }))
}

/// The way from the home page to a page, which is the last one.
pub(super) fn breadcrumbs(shop_url: &str, breadcrumbs: &[Breadcrumb]) -> String {
    let items = (1..).zip(breadcrumbs).map(|(position, breadcrumb)| {
        json!({
            "@type": "ListItem",
            "position": position,
            "name": breadcrumb.name,
            "item": format!("{shop_url}{}", breadcrumb.path),
        })
    });
    script(&json!({
        "@context": CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": items.collect::<Vec<_>>(),
    }))
}

/// An author with the page at a path.
pub(crate) fn person(shop_url: &str, name: &str, path: &str) -> String {
    with_page("Person", shop_url, name, path)
}

/// A series of books with the page at a path.
pub(crate) fn series(shop_url: &str, name: &str, path: &str) -> String {
    with_page("BookSeries", shop_url, name, path)
}

fn with_page(kind: &str, shop_url: &str, name: &str, path: &str) -> String {
    let address = format!("{shop_url}{path}");
    script(&json!({
        "@context": CONTEXT,
        "@type": kind,
        "@id": address,
        "url": address,
        "name": name,
    }))
}

/// A book with its offer and its rating. Unknown facts are left out.
pub(crate) fn book(shop_url: &str, facts: &BookFacts<'_>) -> String {
    let book = facts.book;
    let address = format!("{shop_url}/books/{}", book.book_id);
    let mut data = Map::new();
    let mut set = |name: &str, value: Value| {
        let is_empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        if !value.is_null() && !is_empty {
            data.insert(name.to_owned(), value);
        }
    };
    set("@context", CONTEXT.into());
    set("@type", "Book".into());
    set("@id", address.clone().into());
    set("url", address.clone().into());
    set("name", book.title.clone().into());
    let image = CoverImage::of(book);
    let image = image.as_ref().map_or(facts.cover, |image| &image.url);
    set("image", image.into());
    set("description", book.description.clone().into());
    let authors = book.authors.iter();
    let with_url = |kind: &str, name: &str, list: BookList| match list.path(name) {
        Some(path) => json!({"@type": kind, "name": name, "url": format!("{shop_url}{path}")}),
        None => json!({"@type": kind, "name": name}),
    };
    let authors = authors.map(|name| with_url("Person", name, BookList::Author));
    set("author", authors.collect());
    set("isbn", book.isbn.clone().into());
    set("inLanguage", book.language.clone().into());
    set("alternateName", book.original_title.clone().into());
    // The format of dates has no years before our era.
    let year = book.publication_year.filter(|year| *year > 0);
    if !book.publisher.is_empty() {
        set(
            "publisher",
            json!({"@type": "Organization", "name": book.publisher}),
        );
    }
    set("numberOfPages", book.page_count.into());
    if !book.series.is_empty() {
        set(
            "isPartOf",
            with_url("BookSeries", &book.series, BookList::Series),
        );
        set("position", book.series_number.clone().into());
    }
    set(
        "datePublished",
        year.map(|year| format!("{year:04}")).into(),
    );
    set("offers", offer(&address, facts).unwrap_or_default());
    set("aggregateRating", rating(facts).unwrap_or_default());
    script(&Value::Object(data))
}

fn offer(address: &str, facts: &BookFacts<'_>) -> Option<Value> {
    let price = facts.book.price.as_ref().filter(|_| facts.has_price)?;
    let mut offer = json!({
        "@type": "Offer",
        "url": address,
        "price": currency::decimal(price)?,
        "priceCurrency": price.currency_code,
        "itemCondition": format!("{CONTEXT}/NewCondition"),
        "seller": {"@type": "Organization", "name": "Bindery"},
    });
    if let Some(stock) = facts.stock {
        let availability = match stock {
            Stock::Plenty => "InStock",
            Stock::Few(_) => "LimitedAvailability",
            Stock::None => "OutOfStock",
        };
        offer["availability"] = format!("{CONTEXT}/{availability}").into();
    }
    Some(offer)
}

/// The rating by the reviews, which the page shows. A rating of nobody is not valid.
fn rating(facts: &BookFacts<'_>) -> Option<Value> {
    let rating = facts.rating.filter(|rating| rating.review_count > 0)?;
    let average = rating.average_hundredths?;
    Some(json!({
        "@type": "AggregateRating",
        "ratingValue": format!("{}.{:02}", average / 100, average % 100),
        "reviewCount": rating.review_count,
        "bestRating": 5,
        "worstRating": 1,
    }))
}

/// The text of a `script` element. A script element ends at `</`, whatever is in it.
fn script(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use contract::bookstore::r#type::v1::Money;

    use super::*;

    const SHOP: &str = "https://shop.example";

    fn sea_wolf() -> Book {
        Book {
            book_id: 7,
            title: "The Sea-Wolf </script> & more".to_owned(),
            authors: vec!["Jack London".to_owned(), "!!!".to_owned()],
            publication_year: Some(1904),
            price: Some(Money {
                currency_code: "EUR".to_owned(),
                amount_minor: Some(1205),
            }),
            isbn: "9780451528483".to_owned(),
            language: "en".to_owned(),
            ..Book::default()
        }
    }

    fn facts(book: &Book) -> BookFacts<'_> {
        BookFacts {
            book,
            stock: Some(Stock::Few(2)),
            has_price: true,
            rating: None,
            cover: "https://shop.example/covers/7.svg",
        }
    }

    fn parsed(text: &str) -> Value {
        assert!(!text.contains(['<', '>', '&']), "{text}");
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn book_has_an_offer_and_a_rating() {
        let book_ = sea_wolf();
        let rating = Rating {
            book_id: 7,
            review_count: 3,
            average_hundredths: Some(433),
            star_counts: Vec::new(),
        };
        let facts = BookFacts {
            rating: Some(&rating),
            ..facts(&book_)
        };
        let data = parsed(&book(SHOP, &facts));
        assert_eq!(data["name"], "The Sea-Wolf </script> & more");
        assert_eq!(data["@id"], "https://shop.example/books/7");
        assert_eq!(data["datePublished"], "1904");
        let authors = json!([
            {
                "@type": "Person",
                "name": "Jack London",
                "url": "https://shop.example/authors/jack-london",
            },
            {"@type": "Person", "name": "!!!"},
        ]);
        assert_eq!(data["author"], authors);
        let offer = &data["offers"];
        assert_eq!(
            (&offer["price"], &offer["priceCurrency"]),
            (&json!("12.05"), &json!("EUR"))
        );
        assert_eq!(
            offer["availability"],
            "https://schema.org/LimitedAvailability"
        );
        let rating = &data["aggregateRating"];
        assert_eq!(
            (&rating["ratingValue"], &rating["reviewCount"]),
            (&json!("4.33"), &json!(3))
        );
    }

    #[test]
    fn book_names_its_publisher_pages_series_and_image() {
        let book_ = Book {
            description: "A collision.\nA ship.".to_owned(),
            publisher: "Macmillan".to_owned(),
            page_count: Some(366),
            series: "Novels of the Sea".to_owned(),
            series_number: "1.5".to_owned(),
            image_url: "https://images.example/7.jpg".to_owned(),
            ..sea_wolf()
        };
        let data = parsed(&book(SHOP, &facts(&book_)));
        assert_eq!(data["description"], "A collision.\nA ship.");
        let publisher = json!({"@type": "Organization", "name": "Macmillan"});
        assert_eq!(data["publisher"], publisher);
        assert_eq!(data["numberOfPages"], 366);
        let series = json!({
            "@type": "BookSeries",
            "name": "Novels of the Sea",
            "url": "https://shop.example/series/novels-of-the-sea",
        });
        assert_eq!(
            (&data["isPartOf"], &data["position"]),
            (&series, &json!("1.5"))
        );
        assert_eq!(data["image"], "https://images.example/7.jpg");
    }

    #[test]
    fn unknown_facts_are_left_out() {
        let unknown = Book {
            book_id: 7,
            title: "Odyssey".to_owned(),
            publication_year: Some(-750),
            ..Book::default()
        };
        let facts = BookFacts {
            stock: None,
            has_price: false,
            rating: Some(&Rating::default()),
            ..facts(&unknown)
        };
        let data = parsed(&book(SHOP, &facts));
        let mut names: Vec<_> = data.as_object().expect("an object").keys().collect();
        names.sort();
        assert_eq!(names, ["@context", "@id", "@type", "image", "name", "url"]);
    }

    #[test]
    fn breadcrumbs_are_numbered_from_one() {
        let way = [
            Breadcrumb::new("Home", "/"),
            Breadcrumb::new("Mystery", "/categories/mystery"),
        ];
        let data = parsed(&breadcrumbs(SHOP, &way));
        let last = &data["itemListElement"][1];
        assert_eq!(last["position"], 2);
        assert_eq!(last["item"], "https://shop.example/categories/mystery");
    }
}

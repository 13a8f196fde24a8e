//! Export as a message of ONIX 3.0 with reference tags.
//!
//! What ONIX does not have (the id, the category and the rating of the shop) is written as
//! proprietary identifiers and subjects, which other programs ignore. The numbers are those of the
//! ONIX code lists.

use std::io::{self, Write};

use contract::bookstore::inventory::v1::Book;
use jiff::Timestamp;
use quick_xml::{
    Writer,
    escape::escape,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use service::BookCategory;

use super::BookWriter;
use crate::import::{
    amount::{format_hundredths, format_price},
    categories,
    language::{normalize, three_letters},
    onix::{BOOK_ID_NAME, CATEGORY_SCHEME, LANGUAGE_SCHEME, RATING_COUNT_SCHEME, RATING_SCHEME},
};

/// The name of the schema, which every message of ONIX 3.0 with reference tags has.
const NAMESPACE: &str = "http://ns.editeur.org/onix/3.0/reference";

pub(super) struct OnixWriter<W: Write>(Writer<W>);

impl<W: Write> OnixWriter<W> {
    /// Writes the header of the message.
    pub(super) fn new(output: W, sent: Timestamp) -> io::Result<Self> {
        let mut xml = Self(Writer::new_with_indent(output, b' ', 1));
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let message = BytesStart::new("ONIXMessage")
            .with_attributes([("release", "3.0"), ("xmlns", NAMESPACE)]);
        xml.event(Event::Start(message))?;
        xml.element("Header", |xml| {
            xml.element("Sender", |xml| xml.text("SenderName", "Bindery"))?;
            xml.text("SentDateTime", &sent.strftime("%Y%m%d").to_string())
        })?;
        Ok(xml)
    }

    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        self.0.write_event(event)
    }

    /// An element with others in it.
    fn element(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        self.event(Event::Start(BytesStart::new(name)))?;
        content(self)?;
        self.event(Event::End(BytesEnd::new(name)))
    }

    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.element(name, |xml| {
            xml.event(Event::Text(BytesText::from_escaped(escape_text(text))))
        })
    }

    fn identifier(&mut self, kind: &str, name: Option<&str>, value: &str) -> io::Result<()> {
        self.element("ProductIdentifier", |xml| {
            xml.text("ProductIDType", kind)?;
            if let Some(name) = name {
                xml.text("IDTypeName", name)?;
            }
            xml.text("IDValue", value)
        })
    }

    fn title(&mut self, kind: &str, title: &str) -> io::Result<()> {
        self.element("TitleDetail", |xml| {
            xml.text("TitleType", kind)?;
            xml.element("TitleElement", |xml| {
                xml.text("TitleElementLevel", "01")?;
                xml.text("TitleText", title)
            })
        })
    }

    fn subject(&mut self, scheme: &str, code: &str) -> io::Result<()> {
        self.element("Subject", |xml| {
            xml.text("SubjectSchemeIdentifier", "24")?;
            xml.text("SubjectSchemeName", scheme)?;
            xml.text("SubjectCode", code)
        })
    }

    /// The series, with the number of the book in it.
    fn series(&mut self, name: &str, number: &str) -> io::Result<()> {
        self.element("Collection", |xml| {
            xml.text("CollectionType", "10")?;
            xml.element("TitleDetail", |xml| {
                xml.text("TitleType", "01")?;
                if !number.is_empty() {
                    xml.element("TitleElement", |xml| {
                        xml.text("TitleElementLevel", "01")?;
                        xml.text("PartNumber", number)
                    })?;
                }
                if name.is_empty() {
                    return Ok(());
                }
                xml.element("TitleElement", |xml| {
                    xml.text("TitleElementLevel", "02")?;
                    xml.text("TitleText", name)
                })
            })
        })
    }

    fn description(&mut self, book: &Book) -> io::Result<()> {
        self.text("ProductComposition", "00")?;
        self.text("ProductForm", "BA")?;
        if !book.series.is_empty() || !book.series_number.is_empty() {
            self.series(&book.series, &book.series_number)?;
        }
        self.title("01", &book.title)?;
        if !book.original_title.is_empty() {
            self.title("03", &book.original_title)?;
        }
        for (number, author) in (1..).zip(&book.authors) {
            self.element("Contributor", |xml| {
                xml.text("SequenceNumber", &u32::to_string(&number))?;
                xml.text("ContributorRole", "A01")?;
                xml.text("PersonName", author)
            })?;
        }
        if book.authors.is_empty() {
            self.element("NoContributor", |_| Ok(()))?;
        }
        let language = three_letters(&book.language);
        if !book.language.is_empty() {
            self.element("Language", |xml| {
                xml.text("LanguageRole", "01")?;
                xml.text("LanguageCode", language)
            })?;
        }
        if let Some(pages) = book.page_count {
            self.element("Extent", |xml| {
                xml.text("ExtentType", "00")?;
                xml.text("ExtentValue", &pages.to_string())?;
                xml.text("ExtentUnit", "03")
            })?;
        }
        if let Some(category) = BookCategory::from_number(book.category) {
            self.subject(CATEGORY_SCHEME, categories::name(category))?;
        }
        if let Some(rating) = book.rating_hundredths {
            self.subject(RATING_SCHEME, &format_hundredths(rating))?;
        }
        if book.rating_count > 0 {
            self.subject(RATING_COUNT_SCHEME, &book.rating_count.to_string())?;
        }
        if normalize(language) != book.language {
            self.subject(LANGUAGE_SCHEME, &book.language)?;
        }
        Ok(())
    }

    /// The text about the book and the image of its cover.
    fn collateral(&mut self, book: &Book) -> io::Result<()> {
        if !book.description.is_empty() {
            self.element("TextContent", |xml| {
                xml.text("TextType", "03")?;
                xml.text("ContentAudience", "00")?;
                xml.text("Text", &book.description)
            })?;
        }
        if book.image_url.is_empty() {
            return Ok(());
        }
        self.element("SupportingResource", |xml| {
            xml.text("ResourceContentType", "01")?;
            xml.text("ContentAudience", "00")?;
            xml.text("ResourceMode", "03")?;
            xml.element("ResourceVersion", |xml| {
                xml.text("ResourceForm", "01")?;
                xml.text("ResourceLink", &book.image_url)
            })
        })
    }

    fn publishing(&mut self, book: &Book) -> io::Result<()> {
        if !book.publisher.is_empty() {
            self.element("Publisher", |xml| {
                xml.text("PublishingRole", "01")?;
                xml.text("PublisherName", &book.publisher)
            })?;
        }
        let Some(year) = book.publication_year else {
            return Ok(());
        };
        self.element("PublishingDate", |xml| {
            xml.text("PublishingDateRole", "11")?;
            xml.text("Date", &year.to_string())
        })
    }

    fn supply(&mut self, book: &Book, on_hand: i32) -> io::Result<()> {
        self.element("Supplier", |xml| {
            xml.text("SupplierRole", "00")?;
            xml.text("SupplierName", "Bindery")
        })?;
        let availability = if on_hand > 0 { "21" } else { "31" };
        self.text("ProductAvailability", availability)?;
        self.element("Stock", |xml| xml.text("OnHand", &on_hand.to_string()))?;
        let Some(price) = &book.price else {
            return Ok(());
        };
        self.element("Price", |xml| {
            xml.text("PriceType", "02")?;
            xml.text("PriceAmount", &format_price(price))?;
            xml.text("CurrencyCode", &price.currency_code)
        })
    }
}

impl<W: Write + Send> BookWriter for OnixWriter<W> {
    fn write(&mut self, book: &Book, on_hand: i32) -> io::Result<()> {
        let id = book.book_id.to_string();
        self.element("Product", |xml| {
            xml.text("RecordReference", &format!("bindery-{id}"))?;
            xml.text("NotificationType", "03")?;
            xml.identifier("01", Some(BOOK_ID_NAME), &id)?;
            if !book.isbn.is_empty() {
                xml.identifier("15", None, &book.isbn)?;
            }
            xml.element("DescriptiveDetail", |xml| xml.description(book))?;
            if !book.description.is_empty() || !book.image_url.is_empty() {
                xml.element("CollateralDetail", |xml| xml.collateral(book))?;
            }
            if !book.publisher.is_empty() || book.publication_year.is_some() {
                xml.element("PublishingDetail", |xml| xml.publishing(book))?;
            }
            xml.element("ProductSupply", |xml| {
                xml.element("SupplyDetail", |xml| xml.supply(book, on_hand))
            })
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.event(Event::End(BytesEnd::new("ONIXMessage")))?;
        let output = self.0.get_mut();
        output.write_all(b"\n")?;
        output.flush()
    }
}

/// The text with references for what XML treats specially, for line breaks, and for blanks at the
/// ends, which readers may remove.
fn escape_text(text: &str) -> String {
    let inner = text.trim();
    let begin = text.len() - text.trim_start().len();
    let (before, rest) = text.split_at(begin);
    let after = &rest[inner.len()..];
    let blanks = |blanks: &str| -> String {
        let references = blanks
            .chars()
            .map(|blank| format!("&#{};", u32::from(blank)));
        references.collect()
    };
    let inner = escape(inner).replace('\n', "&#10;");
    format!("{}{inner}{}", blanks(before), blanks(after))
}

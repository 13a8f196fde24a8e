//! The properties of a book in a product of ONIX. The numbers are those of the ONIX code lists.

use super::{
    super::{
        categories::{self, SubjectScheme},
        field::Field,
        record::Record,
    },
    element::Element,
};

/// The name of the proprietary identifier with the id of the book, which an export writes.
pub(crate) const BOOK_ID_NAME: &str = "Bindery book id";

/// The names of the proprietary subject schemes that an export writes for what ONIX does not have.
pub(crate) const CATEGORY_SCHEME: &str = "Bindery category";
/// The rating, such as `4.33`.
pub(crate) const RATING_SCHEME: &str = "Bindery rating";
/// The number of ratings.
pub(crate) const RATING_COUNT_SCHEME: &str = "Bindery rating count";
/// The code of the language, if that of ONIX stands for another one.
pub(crate) const LANGUAGE_SCHEME: &str = "Bindery language";

/// The longest title of the contract.
const MAX_TITLE_CHARS: usize = 300;

/// The record of a product.
pub(super) fn record(product: &Element) -> Result<Record<'_>, String> {
    if product.text_of("NotificationType") == "05" {
        return Err(format!(
            "the product {:?} is a deletion, which an import does not do",
            product.text_of("RecordReference")
        ));
    }
    let mut record = Record::default();
    identifiers(product, &mut record);
    let titles = product.all_of(&["DescriptiveDetail", "TitleDetail"]);
    for detail in titles.into_iter().rev() {
        match detail.text_of("TitleType") {
            "01" => record.set(Field::Title, title(detail)),
            "03" => record.set(Field::OriginalTitle, title(detail)),
            _ => {}
        }
    }
    record.authors = authors(product);
    language(product, &mut record);
    subjects(product, &mut record);
    series(product, &mut record);
    record.set(Field::PageCount, page_count(product));
    record.set(Field::Description, description(product));
    record.set(Field::ImageUrl, image_url(product));
    record.set(Field::Publisher, publisher(product));
    record.set(Field::Year, year(product));
    supply(product, &mut record);
    Ok(record)
}

fn identifiers(product: &Element, record: &mut Record<'_>) {
    for identifier in product.all("ProductIdentifier") {
        let value = identifier.text_of("IDValue").to_owned();
        let name = identifier.text_of("IDTypeName");
        match identifier.text_of("ProductIDType") {
            "01" if name == BOOK_ID_NAME => {
                record.set(Field::Id, value);
                record.is_exact = true;
            }
            "02" if record.text(Field::Isbn10).is_empty() => record.set(Field::Isbn10, value),
            "15" => record.set(Field::Isbn, value),
            // The number of the bar code is the same for books.
            "03" if record.text(Field::Isbn).is_empty() && value.starts_with("97") => {
                record.set(Field::Isbn, value);
            }
            _ => {}
        }
    }
}

/// The title of the product itself, which is level 01, with its subtitle.
fn title(detail: &Element) -> String {
    let mut elements: Vec<_> = detail.all("TitleElement").collect();
    elements.sort_by_key(|element| element.text_of("TitleElementLevel") != "01");
    let Some(element) = elements.first() else {
        return String::new();
    };
    let title = title_text(element);
    let subtitle = element.text_of("Subtitle");
    let whole = format!("{title}: {subtitle}");
    if subtitle.is_empty() || whole.chars().count() > MAX_TITLE_CHARS {
        title
    } else {
        whole
    }
}

/// The title of an element, without its subtitle.
fn title_text(element: &Element) -> String {
    match element.text_of("TitleText") {
        "" => {
            let prefix = element.text_of("TitlePrefix");
            let rest = element.text_of("TitleWithoutPrefix");
            format!("{prefix} {rest}").trim().to_owned()
        }
        title => title.to_owned(),
    }
}

/// Those who wrote the book (roles that begin with A), or else all contributors.
fn authors(product: &Element) -> Vec<String> {
    let mut contributors = product.all_of(&["DescriptiveDetail", "Contributor"]);
    contributors.sort_by_key(|it| it.text_of("SequenceNumber").parse().unwrap_or(u32::MAX));
    let wrote = |it: &&Element| {
        it.all("ContributorRole")
            .any(|role| role.text().starts_with('A'))
    };
    let has_writers = contributors.iter().any(wrote);
    let chosen = contributors
        .iter()
        .filter(|it| !has_writers || wrote(it))
        .map(|it| name(it));
    chosen.filter(|name| !name.is_empty()).collect()
}

fn name(contributor: &Element) -> String {
    let key_names = contributor.text_of("KeyNames");
    let parts = format!("{} {key_names}", contributor.text_of("NamesBeforeKey"));
    let inverted = contributor.text_of("PersonNameInverted");
    let turned = match inverted.split_once(", ") {
        Some((last, first)) => format!("{first} {last}"),
        None => inverted.to_owned(),
    };
    let candidates = [
        contributor.text_of("PersonName"),
        if key_names.is_empty() {
            ""
        } else {
            parts.trim()
        },
        contributor.text_of("CorporateName"),
        &turned,
    ];
    let mut candidates = candidates.into_iter();
    candidates
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// The language of the text, which is role 01.
fn language(product: &Element, record: &mut Record<'_>) {
    let languages = product.all_of(&["DescriptiveDetail", "Language"]);
    let mut languages = languages.into_iter();
    if let Some(language) = languages.find(|it| it.text_of("LanguageRole") == "01") {
        let code = language.text_of("LanguageCode");
        record.set(Field::Language, super::super::language::normalize(code));
    }
}

fn subjects(product: &Element, record: &mut Record<'_>) {
    let mut category = None;
    for subject in product.all_of(&["DescriptiveDetail", "Subject"]) {
        let code = subject.text_of("SubjectCode");
        let of_scheme = |scheme| categories::of_subject(scheme, code);
        let found = match subject.text_of("SubjectSchemeIdentifier") {
            "10" => of_scheme(SubjectScheme::Bisac),
            "93" => of_scheme(SubjectScheme::Thema),
            "24" => {
                let field = match subject.text_of("SubjectSchemeName") {
                    CATEGORY_SCHEME => Some(Field::Category),
                    RATING_SCHEME => Some(Field::Rating),
                    RATING_COUNT_SCHEME => Some(Field::RatingCount),
                    LANGUAGE_SCHEME => Some(Field::Language),
                    _ => None,
                };
                if let Some(field) = field {
                    record.set(field, code.to_owned());
                }
                None
            }
            _ => None,
        };
        // The first subject is the main one.
        category = category.or(found);
        let heading = subject.text_of("SubjectHeadingText");
        let tags = heading.split(';').map(str::trim);
        let tags = tags.filter(|tag| !tag.is_empty()).map(str::to_owned);
        record.tags.extend(tags);
    }
    if let (Some(category), "") = (category, record.text(Field::Category)) {
        record.set(Field::Category, categories::name(category));
    }
}

/// The first collection: its name, which is a title of level 02, and the number of the product.
fn series(product: &Element, record: &mut Record<'_>) {
    let collections = product.all_of(&["DescriptiveDetail", "Collection"]);
    let Some(collection) = collections.first() else {
        return;
    };
    let elements = collection.all_of(&["TitleDetail", "TitleElement"]);
    let name = elements
        .iter()
        .find(|it| it.text_of("TitleElementLevel") == "02")
        .map(|element| title_text(element));
    record.set(Field::Series, name.unwrap_or_default());
    let sequences = collection.all_of(&["CollectionSequence", "CollectionSequenceNumber"]);
    let parts = elements
        .iter()
        .flat_map(|element| element.all("PartNumber"));
    if let Some(number) = parts.chain(sequences).next() {
        record.set(Field::SeriesNumber, number.text().to_owned());
    }
}

/// The number of pages: that of the main content, or else another one that is given in pages.
fn page_count(product: &Element) -> String {
    const TYPES: [&str; 7] = ["00", "11", "04", "06", "05", "07", "10"];
    let extents = product.all_of(&["DescriptiveDetail", "Extent"]);
    let in_pages = extents.iter().filter(|it| it.text_of("ExtentUnit") == "03");
    let ranked = in_pages.filter_map(|extent| {
        let kind = extent.text_of("ExtentType");
        let rank = TYPES.iter().position(|listed| *listed == kind)?;
        Some((rank, extent.text_of("ExtentValue")))
    });
    let best = ranked.min_by_key(|(rank, _)| *rank);
    best.map_or("", |(_, pages)| pages).to_owned()
}

/// The description (type 03), or else the short one (type 02).
fn description(product: &Element) -> String {
    let contents = product.all_of(&["CollateralDetail", "TextContent"]);
    let of_type = |kind| {
        let mut contents = contents.iter();
        contents.find(|content| content.text_of("TextType") == kind)
    };
    let content = of_type("03").or_else(|| of_type("02"));
    content
        .map_or("", |content| content.text_of("Text"))
        .to_owned()
}

/// The image (mode 03) of the front cover (type 01).
fn image_url(product: &Element) -> String {
    let resources = product.all_of(&["CollateralDetail", "SupportingResource"]);
    let cover = resources.iter().find(|resource| {
        resource.text_of("ResourceContentType") == "01" && resource.text_of("ResourceMode") == "03"
    });
    let links = cover.map(|cover| cover.all_of(&["ResourceVersion", "ResourceLink"]));
    let link = links.and_then(|links| links.first().map(|link| link.text()));
    link.unwrap_or_default().to_owned()
}

/// The publisher (role 01), or else another one or the imprint.
fn publisher(product: &Element) -> String {
    let mut publishers = product.all_of(&["PublishingDetail", "Publisher"]);
    publishers.sort_by_key(|it| it.text_of("PublishingRole") != "01");
    let names = publishers.iter().map(|it| it.text_of("PublisherName"));
    let imprints = product.all_of(&["PublishingDetail", "Imprint"]);
    let imprints = imprints.iter().map(|it| it.text_of("ImprintName"));
    let mut names = names.chain(imprints);
    names
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// The year of the first publication (role 11), or else of this one (role 01).
fn year(product: &Element) -> String {
    let dates = product.all_of(&["PublishingDetail", "PublishingDate"]);
    let of_role = |role| {
        let mut dates = dates.iter();
        let date = dates.find(|date| date.text_of("PublishingDateRole") == role)?;
        Some(date.text_of("Date"))
    };
    let date = of_role("11").or_else(|| of_role("01")).unwrap_or_default();
    // Dates are written as 2011, 201109 or 20110914.
    let is_long = date.len() >= 6 && date.bytes().all(|byte| byte.is_ascii_digit());
    if is_long { &date[..4] } else { date }.to_owned()
}

/// The copies in the warehouse, and the price: that with tax (type 02), or else the first one.
fn supply(product: &Element, record: &mut Record<'_>) {
    let supplies = product.all_of(&["ProductSupply", "SupplyDetail"]);
    let copies = supplies
        .iter()
        .flat_map(|supply| supply.all_of(&["Stock", "OnHand"]))
        .next();
    if let Some(copies) = copies {
        record.set(Field::Stock, copies.text().to_owned());
    }
    let mut prices: Vec<_> = supplies.iter().flat_map(|it| it.all("Price")).collect();
    prices.sort_by_key(|price| price.text_of("PriceType") != "02");
    if let Some(price) = prices.first() {
        record.set(Field::Price, price.text_of("PriceAmount").to_owned());
        record.set(Field::Currency, price.text_of("CurrencyCode").to_owned());
    }
}

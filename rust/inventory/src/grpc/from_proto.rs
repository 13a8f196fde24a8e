//! Converts contract messages to domain types.

use contract::bookstore::inventory::v1 as contract_v1;
use service::{BookCategory, BookId, ConversionError, convert, page_size};

use crate::{
    Book, Bounds, ImportedBook, ReservationId, ReservationLine, ReservationRequest, SearchFilters,
    SearchOrder, service::BookSearch,
};

/// A category filter; `None` (unset) means all categories.
pub(super) fn category_filter(number: i32) -> Result<Option<BookCategory>, ConversionError> {
    convert::optional_book_category("category", number)
}

/// A search; an unset order means the best match first.
pub(super) fn book_search(
    request: contract_v1::SearchBooksRequest,
) -> Result<BookSearch, ConversionError> {
    Ok(BookSearch {
        filters: SearchFilters {
            category: category_filter(request.category)?,
            price: Bounds {
                min: request.min_price_minor,
                max: request.max_price_minor,
            },
            year: Bounds {
                min: request.min_year,
                max: request.max_year,
            },
            language: non_empty(request.language),
            min_rating_hundredths: request.min_rating_hundredths,
            in_stock_only: request.in_stock_only,
            author: non_empty(request.author),
            series: non_empty(request.series),
        },
        order: search_order(request.order)?,
        page_size: page_size(request.page_size)?,
        skip: u32::try_from(request.skip).map_err(|error| ConversionError::new("skip", error))?,
        query: request.query,
        page_token: request.page_token,
        with_facets: request.with_facets,
    })
}

fn search_order(number: i32) -> Result<SearchOrder, ConversionError> {
    use contract_v1::SearchOrder as Contract;
    let order = Contract::try_from(number).map_err(|error| ConversionError::new("order", error))?;
    Ok(match order {
        Contract::Unspecified | Contract::Relevance => SearchOrder::Relevance,
        Contract::Title => SearchOrder::Title,
        Contract::PriceAscending => SearchOrder::PriceAscending,
        Contract::PriceDescending => SearchOrder::PriceDescending,
        Contract::Newest => SearchOrder::Newest,
        Contract::Rating => SearchOrder::Rating,
        Contract::Series => SearchOrder::Series,
    })
}

/// An empty text means that the value is unknown.
fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

pub(super) fn reservation_id(text: &str) -> Result<ReservationId, ConversionError> {
    convert::uuid("reservation_id", text).map(ReservationId)
}

pub(super) fn reservation_request(
    request: contract_v1::ReserveStockRequest,
) -> Result<ReservationRequest, ConversionError> {
    let duration = request.hold.map(|hold| convert::duration("hold", hold));
    Ok(ReservationRequest {
        request_id: convert::uuid("request_id", &request.request_id)?,
        lines: request.lines.into_iter().map(Into::into).collect(),
        duration: duration.transpose()?,
    })
}

/// A book to import.
pub(crate) fn imported_book(
    import: contract_v1::BookImport,
) -> Result<ImportedBook, ConversionError> {
    let book = convert::required("book", import.book)?;
    Ok(ImportedBook {
        book: Book {
            book_id: BookId(book.book_id),
            title: book.title,
            authors: book.authors,
            publication_year: book.publication_year,
            category: convert::book_category("category", book.category)?,
            price: convert::money("price", book.price)?,
            isbn: non_empty(book.isbn),
            original_title: non_empty(book.original_title),
            language: non_empty(book.language),
            rating_hundredths: book.rating_hundredths,
            rating_count: book.rating_count,
            description: non_empty(book.description),
            publisher: non_empty(book.publisher),
            page_count: book.page_count,
            series: non_empty(book.series),
            series_number: non_empty(book.series_number),
            image_url: non_empty(book.image_url),
        },
        on_hand: import.on_hand,
    })
}

impl From<contract_v1::ReservationLine> for ReservationLine {
    fn from(line: contract_v1::ReservationLine) -> Self {
        Self {
            book_id: BookId(line.book_id),
            quantity: line.quantity,
        }
    }
}

//! Converts domain types to contract messages.

use contract::bookstore::inventory::v1 as contract_v1;
use service::convert;

use crate::{Book, Facets, Reservation, ReservationLine, StockLevel, service::FoundBooks};

impl From<Book> for contract_v1::Book {
    fn from(book: Book) -> Self {
        Self {
            book_id: book.book_id.0,
            title: book.title,
            authors: book.authors,
            publication_year: book.publication_year,
            category: book.category.number(),
            price: Some(book.price.into()),
            isbn: book.isbn.unwrap_or_default(),
            original_title: book.original_title.unwrap_or_default(),
            language: book.language.unwrap_or_default(),
            rating_hundredths: book.rating_hundredths,
            rating_count: book.rating_count,
            description: book.description.unwrap_or_default(),
            publisher: book.publisher.unwrap_or_default(),
            page_count: book.page_count,
            series: book.series.unwrap_or_default(),
            series_number: book.series_number.unwrap_or_default(),
            image_url: book.image_url.unwrap_or_default(),
        }
    }
}

impl From<FoundBooks> for contract_v1::SearchBooksResponse {
    fn from(found: FoundBooks) -> Self {
        Self {
            books: found.page.items.into_iter().map(Into::into).collect(),
            next_page_token: found.page.next_page_token,
            total_count: found.total,
            did_you_mean: found.did_you_mean.unwrap_or_default(),
            facets: found.facets.map(Into::into),
        }
    }
}

impl From<Facets> for contract_v1::SearchFacets {
    fn from(facets: Facets) -> Self {
        let categories = facets.categories.into_iter();
        let prices = facets.prices.into_iter();
        let years = facets.years.into_iter();
        let languages = facets.languages.into_iter();
        let ratings = facets.ratings.into_iter();
        Self {
            categories: categories
                .map(|(category, book_count)| contract_v1::CategoryFacet {
                    category: category.number(),
                    book_count,
                })
                .collect(),
            prices: prices
                .map(|range| contract_v1::PriceFacet {
                    min_price_minor: range.min.unwrap_or_default(),
                    max_price_minor: range.max,
                    book_count: range.count,
                })
                .collect(),
            years: years
                .map(|range| contract_v1::YearFacet {
                    min_year: range.min,
                    max_year: range.max,
                    book_count: range.count,
                })
                .collect(),
            languages: languages
                .map(|(language, book_count)| contract_v1::LanguageFacet {
                    language,
                    book_count,
                })
                .collect(),
            ratings: ratings
                .map(
                    |(min_rating_hundredths, book_count)| contract_v1::RatingFacet {
                        min_rating_hundredths,
                        book_count,
                    },
                )
                .collect(),
            in_stock_count: facets.in_stock,
        }
    }
}

impl From<StockLevel> for contract_v1::StockLevel {
    fn from(level: StockLevel) -> Self {
        Self {
            book_id: level.book_id.0,
            on_hand: level.on_hand,
            reserved: level.reserved,
            available: level.available(),
        }
    }
}

impl From<ReservationLine> for contract_v1::ReservationLine {
    fn from(line: ReservationLine) -> Self {
        Self {
            book_id: line.book_id.0,
            quantity: line.quantity,
        }
    }
}

impl From<Reservation> for contract_v1::Reservation {
    fn from(reservation: Reservation) -> Self {
        Self {
            reservation_id: reservation.reservation_id.to_string(),
            lines: reservation.lines.into_iter().map(Into::into).collect(),
            state: reservation.state.number(),
            expire_time: Some(convert::timestamp_to_proto(reservation.expire_time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::bookstore::inventory::v1::ReservationState as ContractState;

    use crate::ReservationState;

    #[test]
    fn reservation_states_are_those_of_the_contract() {
        let of_the_contract = (1..).map_while(|number| ContractState::try_from(number).ok());
        let of_the_contract: Vec<_> = of_the_contract
            .map(|state| (state as i32, state.as_str_name()))
            .collect();
        let ours = (1..).map_while(ReservationState::from_number);
        let ours: Vec<_> = ours
            .map(|state| (state.number(), state.as_str_name()))
            .collect();
        assert_eq!(ours, of_the_contract);
    }
}

//! "Did you mean": the known name that is most similar to a misspelled one.

use strsim::{jaro_winkler, normalized_damerau_levenshtein};

/// Names below this similarity are not suggested. Found by trying typos such as a missing
/// letter, a wrong ending and a missing package.
const MIN_SIMILARITY: f64 = 0.6;

/// The most similar of the known names, or none below the least similarity.
pub fn nearest<'a, T: AsRef<str>>(misspelled: &str, known: &'a [T]) -> Option<&'a str> {
    let scored = known.iter().map(AsRef::as_ref).map(|name| {
        let similarity = similarity(misspelled, name);
        (name, similarity)
    });
    let best = scored.max_by(|left, right| left.1.total_cmp(&right.1))?;
    (best.1 >= MIN_SIMILARITY).then_some(best.0)
}

/// The end of an error message about a misspelled name: `; did you mean "seed"?`, or an
/// empty text.
pub fn did_you_mean<T: AsRef<str>>(misspelled: &str, known: &[T]) -> String {
    match nearest(misspelled, known) {
        Some(name) => format!("; did you mean {name:?}?"),
        None => String::new(),
    }
}

/// From 0 to 1. Names are compared in full and by the part after the last dot or slash,
/// which is the part of a qualified name that people remember.
fn similarity(misspelled: &str, name: &str) -> f64 {
    let (misspelled, name) = (misspelled.to_lowercase(), name.to_lowercase());
    let full_similarity = normalized_damerau_levenshtein(&misspelled, &name);
    let last = |text: &str| text.rsplit(['.', '/']).next().unwrap_or(text).to_owned();
    let (misspelled_last, name_last) = (last(&misspelled), last(&name));
    let is_qualified = name_last != name;
    if !is_qualified {
        return full_similarity.max(jaro_winkler(&misspelled, &name) - 0.25);
    }
    let last_similarity = normalized_damerau_levenshtein(&misspelled_last, &name_last);
    // Between equal last parts, the more similar full name wins.
    full_similarity.max(last_similarity * 0.9 + full_similarity * 0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_get_the_intended_name() {
        let keys = ["seed", "concurrency", "random_cases", "trailer_limit"];
        assert_eq!(nearest("seeed", &keys), Some("seed"));
        assert_eq!(nearest("concurency", &keys), Some("concurrency"));
        assert_eq!(nearest("random-cases", &keys), Some("random_cases"));
        assert_eq!(nearest("banana", &keys), None);
    }

    #[test]
    fn a_name_without_its_package_gets_the_full_name() {
        let methods = [
            "bookstore.cart.v1.CartService/GetCart",
            "bookstore.cart.v1.CartService/PutItem",
            "bookstore.inventory.v1.InventoryService/GetBook",
        ];
        assert_eq!(nearest("CartService/PutItm", &methods), Some(methods[1]));
        assert_eq!(
            nearest("bookstore.inventory.v1/GetBook", &methods),
            Some(methods[2])
        );
    }
}

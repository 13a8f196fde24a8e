//! "Did you mean": the known name that is nearest to a misspelled one.

use strsim::{jaro_winkler, normalized_damerau_levenshtein};

/// From how near on a name is worth being suggested: tried on slips such as a
/// dropped letter, a wrong ending and a forgotten package.
const NEAR: f64 = 0.6;

/// The nearest of the known names, where one is near enough.
pub fn nearest<'a, T: AsRef<str>>(wrong: &str, known: &'a [T]) -> Option<&'a str> {
    let scored = known.iter().map(AsRef::as_ref).map(|name| {
        let score = score(wrong, name);
        (name, score)
    });
    let best = scored.max_by(|left, right| left.1.total_cmp(&right.1))?;
    (best.1 >= NEAR).then_some(best.0)
}

/// What is appended to an error about a misspelled name: `; did you mean "seed"?`,
/// or nothing.
pub fn did_you_mean<T: AsRef<str>>(wrong: &str, known: &[T]) -> String {
    match nearest(wrong, known) {
        Some(name) => format!("; did you mean {name:?}?"),
        None => String::new(),
    }
}

/// Names are compared as a whole, and by what stands behind the last dot or slash,
/// which is what people remember of a qualified name.
fn score(wrong: &str, name: &str) -> f64 {
    let (wrong, name) = (wrong.to_lowercase(), name.to_lowercase());
    let whole = normalized_damerau_levenshtein(&wrong, &name);
    let last = |text: &str| text.rsplit(['.', '/']).next().unwrap_or(text).to_owned();
    let (wrong_last, name_last) = (last(&wrong), last(&name));
    let is_qualified = name_last != name;
    if !is_qualified {
        return whole.max(jaro_winkler(&wrong, &name) - 0.25);
    }
    let tail = normalized_damerau_levenshtein(&wrong_last, &name_last);
    // Of equal tails the nearer whole wins.
    whole.max(tail * 0.9 + whole * 0.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_understood() {
        let keys = ["seed", "concurrency", "random_cases", "trailer_limit"];
        assert_eq!(nearest("seeed", &keys), Some("seed"));
        assert_eq!(nearest("concurency", &keys), Some("concurrency"));
        assert_eq!(nearest("random-cases", &keys), Some("random_cases"));
        assert_eq!(nearest("banana", &keys), None);
    }

    #[test]
    fn a_forgotten_package_is_understood() {
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

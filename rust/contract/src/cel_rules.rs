//! The rules in CEL as functions: a rule with the id `isbn.check_digit` is `isbn_check_digit`. A
//! rule without a function does not compile, and a test compares each with its expression.

use prost_protovalidate::Violation;

/// Whether the last of 13 digits is the check digit of an ISBN-13: the digits, of which every
/// second one counts three times, add up to a multiple of 10. Other texts are judged by other
/// rules.
#[must_use]
pub fn isbn_check_digit(this: &str) -> bool {
    let is_isbn_13 = this.len() == 13 && this.bytes().all(|byte| byte.is_ascii_digit());
    let weights = [1, 3].into_iter().cycle();
    let digits = this.bytes().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    !is_isbn_13
        || weights
            .zip(digits)
            .map(|(weight, digit)| weight * digit)
            .sum::<u32>()
            % 10
            == 0
}

/// The violation of the rule with an index among the rules in CEL of a field.
pub(crate) fn violation(field: &str, index: usize, id: &str, message: &str) -> Violation {
    let mut violation = Violation::new(field, id, message);
    violation.set_rule_path(format!("cel[{index}]"));
    violation
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use prost::Message;
    use prost_protovalidate::{Error, Validate, Validator};
    use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

    use super::*;
    use crate::{IMAGE, bookstore::inventory::v1::Book};

    /// Path, rule id, path of the rule and message of each violation.
    type Violations = Vec<[String; 4]>;

    fn sorted(violations: &[Violation]) -> Violations {
        let mut sorted: Violations = violations
            .iter()
            .map(|it| {
                [
                    it.field_path(),
                    it.rule_id().to_owned(),
                    it.rule_path(),
                    it.message().to_owned(),
                ]
            })
            .collect();
        sorted.sort();
        sorted
    }

    /// The violations according to the interpreter.
    fn interpreted(book: &Book) -> Violations {
        static INTERPRETER: LazyLock<(Validator, MessageDescriptor)> = LazyLock::new(|| {
            let pool = DescriptorPool::decode(IMAGE).expect("the image is valid");
            let descriptor = pool.get_message_by_name("bookstore.inventory.v1.Book");
            (Validator::new(), descriptor.expect("the contract has it"))
        });
        let (validator, descriptor) = &*INTERPRETER;
        let bytes = book.encode_to_vec();
        let message =
            DynamicMessage::decode(descriptor.clone(), bytes.as_slice()).expect("it is a book");
        match validator.validate(&message) {
            Ok(()) => Vec::new(),
            Err(Error::Validation(error)) => sorted(error.violations()),
            Err(error) => panic!("{error}"),
        }
    }

    fn compiled(book: &Book) -> Violations {
        let error = book.validate().err();
        sorted(error.as_ref().map_or(&[], |error| error.violations()))
    }

    #[test]
    fn wrong_check_digit_is_refused() {
        let violations = |isbn: &str| {
            let book = Book {
                isbn: isbn.to_owned(),
                ..Book::default()
            };
            let of_isbn = compiled(&book).into_iter();
            let of_isbn = of_isbn.filter(|[path, ..]| path == "isbn");
            of_isbn.map(|[_, rule, ..]| rule).collect::<Vec<_>>()
        };
        assert_eq!(violations("9780439023481"), [""; 0]);
        assert_eq!(violations(""), [""; 0]);
        assert_eq!(violations("9780439023482"), ["isbn.check_digit"]);
        assert_eq!(violations("978043902348"), ["string.pattern"]);
    }

    proptest! {
        #[test]
        fn function_and_expression_agree(isbn in "97[89][0-9]{10}|[0-9]{0,14}|\\PC{0,13}|") {
            let book = Book { isbn, ..Book::default() };
            prop_assert_eq!(compiled(&book), interpreted(&book));
        }
    }
}

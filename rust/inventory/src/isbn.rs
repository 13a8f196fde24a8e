//! International Standard Book Numbers.

/// The ISBN-13 of an ISBN-10 or ISBN-13 with or without hyphens and spaces; `None` if it is
/// neither or its check digit is wrong.
///
/// An ISBN-10 may lack leading zeros, as in catalogues that were once edited as a spreadsheet.
pub(crate) fn parse(text: &str) -> Option<String> {
    let compact: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-' | '\u{2010}' | '–'))
        .collect();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match compact.len() {
        13 if digits(&compact) && compact.starts_with("97") => {
            let (body, check) = compact.split_at(12);
            (check_digit_13(body) == check).then_some(compact)
        }
        7..=10 => {
            let padded = format!("{compact:0>10}").to_ascii_uppercase();
            let (body, check) = padded.split_at_checked(9)?;
            if !digits(body) || check_digit_10(body) != check {
                return None;
            }
            let body = format!("978{body}");
            let check = check_digit_13(&body);
            Some(body + &check)
        }
        _ => None,
    }
}

fn check_digit_10(body: &str) -> String {
    let sum: u32 = (2..=10)
        .rev()
        .zip(values(body))
        .map(|(weight, digit)| weight * digit)
        .sum();
    match (11 - sum % 11) % 11 {
        10 => "X".to_owned(),
        digit => digit.to_string(),
    }
}

fn check_digit_13(body: &str) -> String {
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 = weights
        .zip(values(body))
        .map(|(weight, digit)| weight * digit)
        .sum();
    ((10 - sum % 10) % 10).to_string()
}

fn values(digits: &str) -> impl Iterator<Item = u32> {
    digits.chars().filter_map(|digit| digit.to_digit(10))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_become_an_isbn_13() {
        let hunger_games = Some("9780439023481".to_owned());
        for text in [
            "0439023483",
            "439023483",
            "0-439-02348-3",
            "978-0-439-02348-1",
            "9780439023481",
        ] {
            assert_eq!(parse(text), hunger_games, "{text}");
        }
        assert_eq!(parse("080442957x").as_deref(), Some("9780804429573"));
        assert_eq!(parse("080442957X").as_deref(), Some("9780804429573"));
    }

    #[test]
    fn wrong_check_digits_and_other_texts_are_refused() {
        for text in [
            "0439023484",
            "9780439023482",
            "1984",
            "",
            "abcdefghij",
            "9990439023481",
            "日本日本日",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_an_isbn_13(text in any::<String>()) {
            if let Some(isbn) = parse(&text) {
                prop_assert_eq!(parse(&isbn), Some(isbn.clone()));
            }
        }
    }
}

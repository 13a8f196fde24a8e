//! Strings of an exact length in characters or bytes.

use super::StringGenerator;

/// Strings longer than this have fewer variants, because they cost time and memory.
const LONG: usize = 50_000;

/// The filler character with one byte in UTF-8.
pub(super) const SINGLE_BYTE: char = 'a';
/// The filler characters with several bytes in UTF-8.
pub(super) const MULTIBYTE: [(char, &str); 3] = [
    ('é', "characters of two bytes"),
    ('漢', "characters of three bytes"),
    ('😀', "characters of four bytes"),
];

impl StringGenerator {
    /// Strings with `length` characters, those that most likely keep the other rules first.
    /// `base` is a string that keeps the rules.
    pub(super) fn of_length(&self, length: usize, base: Option<&str>) -> Vec<String> {
        let mut found = Vec::new();
        found.extend(self.format.and_then(|format| (format.of_length)(length)));
        found.extend(self.pattern.as_ref().and_then(|it| it.of_length(length)));
        found.push(self.with_parts(&SINGLE_BYTE.to_string().repeat(length), length));
        if let Some(base) = base {
            found.extend(stretched(base, length));
        }
        for filler in ["0", "A", "-", "a.", " "] {
            let filled: String = filler.chars().cycle().take(length).collect();
            found.push(self.with_parts(&filled, length));
        }
        found.retain(|text| text.chars().count() == length);
        if length > LONG {
            found.truncate(2);
        }
        found
    }

    /// Strings with `length` bytes.
    pub(super) fn of_bytes(&self, length: usize, base: Option<&str>) -> Vec<String> {
        let mut found = self.of_length(length, base);
        // They are usually ASCII, so that the number of bytes is that of characters.
        found.retain(|text| text.len() == length);
        found
    }

    /// A string with `length` characters that repeats one character.
    pub(super) fn of_multibyte(&self, filler: char, length: usize) -> String {
        self.with_parts(&filler.to_string().repeat(length), length)
    }

    /// A string with `bytes` bytes: characters of several bytes, then single-byte ones for
    /// the remainder.
    pub(super) fn of_multibyte_bytes(&self, filler: char, bytes: usize) -> String {
        let parts = self.with_parts("", 0);
        let room = bytes.saturating_sub(parts.len());
        let wide = filler.to_string().repeat(room / filler.len_utf8());
        let narrow = SINGLE_BYTE.to_string().repeat(room % filler.len_utf8());
        let filler = format!("{wide}{narrow}");
        let length = filler.chars().count() + parts.chars().count();
        self.with_parts(&filler, length)
    }

    /// The filler with the prefix, suffix and contained part that the rules require. They
    /// replace filler, so that the string has `length` characters if they fit.
    pub(super) fn with_parts(&self, filler: &str, length: usize) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let prefix = part(&self.rules.prefix);
        let suffix = part(&self.rules.suffix);
        let contains = part(&self.rules.contains);
        let ends_hold = prefix.contains(&contains) || suffix.contains(&contains);
        let contains = if ends_hold { String::new() } else { contains };
        let taken = [&prefix, &suffix, &contains].map(|it| it.chars().count());
        let room = length.saturating_sub(taken.iter().sum());
        let middle: String = filler.chars().take(room).collect();
        format!("{prefix}{middle}{contains}{suffix}")
    }
}

/// Copies of a string that are lengthened or shortened at different positions.
fn stretched(base: &str, length: usize) -> Vec<String> {
    let characters: Vec<char> = base.chars().collect();
    let count = characters.len();
    let positions = [count / 2, count, 0, 1.min(count), count.saturating_sub(1)];
    let stretched = positions.iter().map(|position| {
        let position = *position;
        if length >= count {
            let more = characters.get(position).or(characters.last()).copied();
            let more = std::iter::repeat_n(more.unwrap_or(SINGLE_BYTE), length - count);
            let (before, after) = characters.split_at(position);
            before
                .iter()
                .copied()
                .chain(more)
                .chain(after.iter().copied())
                .collect()
        } else {
            let fewer = count - length;
            let from = position.min(length);
            let (before, after) = (&characters[..from], &characters[from + fewer..]);
            before.iter().chain(after).collect()
        }
    });
    stretched.collect()
}

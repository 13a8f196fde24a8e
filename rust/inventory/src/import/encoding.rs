//! The character encoding of a file: UTF-8, UTF-16, Windows-1252 and the other legacy encodings.

use std::io::{self, Cursor, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

/// The encoding is detected by so many bytes at the beginning: 256 KiB.
const SAMPLE_BYTES: u64 = 256 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a file.
pub(super) struct Decoded {
    /// The file in UTF-8, without a byte order mark. In a file that is taken for UTF-8 later bytes
    /// may not be valid.
    pub(super) text: Box<dyn Read + Send>,
    /// The encoding of the file.
    pub(super) encoding: &'static Encoding,
}

/// Decodes a source by the given encoding, or by the one that its beginning suggests.
pub(super) fn decode(
    mut source: impl Read + Send + 'static,
    given: Option<&'static Encoding>,
) -> io::Result<Decoded> {
    let mut sample = Vec::new();
    source
        .by_ref()
        .take(SAMPLE_BYTES)
        .read_to_end(&mut sample)?;
    let is_whole = (sample.len() as u64) < SAMPLE_BYTES;
    let encoding = given.unwrap_or_else(|| detect(&sample, is_whole));
    if encoding == UTF_8 {
        let text = sample.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&sample);
        let begin = Cursor::new(text.to_vec());
        return Ok(Decoded {
            text: Box::new(begin.chain(source)),
            encoding,
        });
    }
    let decoder = DecodeReaderBytesBuilder::new()
        .encoding(Some(encoding))
        .strip_bom(true)
        .build(Cursor::new(sample).chain(source));
    Ok(Decoded {
        text: Box::new(decoder),
        encoding,
    })
}

fn detect(sample: &[u8], is_whole: bool) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return encoding;
    }
    // In UTF-16 every other byte of Latin text is zero, and in UTF-8 none is.
    match sample {
        [0, second, ..] if *second != 0 => return UTF_16BE,
        [first, 0, ..] if *first != 0 => return UTF_16LE,
        _ => {}
    }
    match str::from_utf8(sample) {
        Ok(_) => UTF_8,
        // The sample may end within a character.
        Err(error) if error.error_len().is_none() && !is_whole => UTF_8,
        Err(_) => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(sample, is_whole);
            detector.guess(None, Utf8Detection::Deny)
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;

    const TEXT: &str = "id;title\r\n1;Über die Gr\u{f6}\u{df}e – Caf\u{e9}\r\n";

    fn utf_16(order: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(TEXT.encode_utf16());
        units.flat_map(order).collect()
    }

    fn decoded(bytes: Vec<u8>) -> (&'static Encoding, String) {
        let mut decoded = decode(Cursor::new(bytes), None).expect("memory is read");
        let mut text = String::new();
        decoded
            .text
            .read_to_string(&mut text)
            .expect("it is decoded");
        (decoded.encoding, text)
    }

    #[test]
    fn encodings_are_detected() {
        let with_mark = [BYTE_ORDER_MARK, TEXT.as_bytes()].concat();
        let (windows, _, _) = WINDOWS_1252.encode(TEXT);
        for (bytes, encoding) in [
            (TEXT.as_bytes().to_vec(), UTF_8),
            (with_mark, UTF_8),
            (windows.into_owned(), WINDOWS_1252),
            (utf_16(u16::to_le_bytes, true), UTF_16LE),
            (utf_16(u16::to_be_bytes, true), UTF_16BE),
            (utf_16(u16::to_le_bytes, false), UTF_16LE),
            (utf_16(u16::to_be_bytes, false), UTF_16BE),
        ] {
            assert_eq!(decoded(bytes), (encoding, TEXT.to_owned()));
        }
        assert_eq!(decoded(Vec::new()), (UTF_8, String::new()));
    }

    #[test]
    fn sample_may_end_within_a_character() {
        let mut text = "x".repeat(SAMPLE_BYTES as usize - 1);
        text.push_str("日本");
        assert_eq!(decoded(text.clone().into_bytes()), (UTF_8, text));
    }

    #[test]
    fn given_encoding_is_not_questioned() {
        let decoded = decode(Cursor::new(b"\xe9".to_vec()), Some(UTF_8));
        let mut bytes = Vec::new();
        let mut text = decoded.expect("memory is read").text;
        text.read_to_end(&mut bytes).expect("memory is read");
        assert_eq!(bytes, b"\xe9", "the fields are checked later");
    }
}

//! The products of a message of ONIX 3.0 or 3.1, the format of the book trade, as records.
//!
//! Both the reference tags (`<TitleText>`) and the short tags (`<b203>`) are read. One product at a
//! time is in memory.

mod element;
mod product;

use std::{
    io::{BufReader, Read},
    sync::Arc,
};

use quick_xml::{
    Reader,
    events::{BytesRef, Event},
};

use self::element::{Element, reference_name};
use super::{
    bounded_reader::{ByteCounts, MAX_ROW_BYTES},
    record::{Advance, Record, Records},
};

pub(crate) use self::product::{
    BOOK_ID_NAME, CATEGORY_SCHEME, LANGUAGE_SCHEME, RATING_COUNT_SCHEME, RATING_SCHEME,
};

/// The element that may contain XHTML.
const TEXT: &str = "Text";

/// A message of ONIX.
pub(super) struct OnixRecords {
    events: Reader<BufReader<Box<dyn Read + Send>>>,
    counts: Arc<ByteCounts>,
    buffer: Vec<u8>,
    line: u64,
    has_root: bool,
    product: Element,
}

impl OnixRecords {
    pub(super) fn new(text: Box<dyn Read + Send>, counts: Arc<ByteCounts>) -> Self {
        let mut events = Reader::from_reader(BufReader::with_capacity(64 * 1024, text));
        events.config_mut().expand_empty_elements = true;
        Self {
            events,
            counts,
            buffer: Vec::new(),
            line: 1,
            has_root: false,
            product: Element::default(),
        }
    }

    /// Reads the next product, and returns the line on which it begins; `None` at the end.
    fn read_product(&mut self) -> Result<Option<u64>, String> {
        // The elements that are open within the product, the product first.
        let mut open: Vec<Element> = Vec::new();
        let mut begin = self.line;
        loop {
            self.buffer.clear();
            let event = match self.events.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(_)) if self.counts.row_is_too_long() => {
                    return Err(format!("a product is longer than {MAX_ROW_BYTES} bytes"));
                }
                Err(error) => return Err(format!("the XML is not well-formed: {error}")),
            };
            let line = self.line;
            self.line += event.iter().filter(|byte| **byte == b'\n').count() as u64;
            match event {
                Event::Start(start) => {
                    let name = start.local_name();
                    let element = Element::new(&String::from_utf8_lossy(name.as_ref()));
                    if let Some(text) = open.last_mut().filter(|it| it.name == TEXT) {
                        // XHTML in a text is treated like HTML that is written as text.
                        text.push_text(&format!("<{}>", element.name));
                    } else if !self.has_root {
                        let release = start.try_get_attribute("release").ok().flatten();
                        let release = release.map(|it| it.value.into_owned()).unwrap_or_default();
                        check_root(&element.name, &String::from_utf8_lossy(&release))?;
                        self.has_root = true;
                    } else if !open.is_empty() {
                        open.push(element);
                    } else if element.name == "Product" {
                        begin = line;
                        open.push(element);
                    }
                }
                Event::End(end) => {
                    if let Some(text) = open.last_mut().filter(|it| it.name == TEXT) {
                        let name = end.local_name();
                        let name = String::from_utf8_lossy(name.as_ref());
                        if reference_name(&name) != TEXT {
                            text.push_text(&format!("</{name}>"));
                            continue;
                        }
                    }
                    let Some(closed) = open.pop() else { continue };
                    match open.last_mut() {
                        Some(parent) => parent.push(closed),
                        None => {
                            self.product = closed;
                            return Ok(Some(begin));
                        }
                    }
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.push_text(&text.decode().map_err(|error| error.to_string())?);
                    }
                }
                Event::CData(text) => {
                    if let Some(element) = open.last_mut() {
                        element.push_text(&text.decode().map_err(|error| error.to_string())?);
                    }
                }
                Event::GeneralRef(reference) => {
                    if let Some(element) = open.last_mut() {
                        element.push_reference(letter(&reference)?);
                    }
                }
                Event::Eof if !open.is_empty() => {
                    return Err("the file ends within a product".to_owned());
                }
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }
}

impl Records for OnixRecords {
    fn advance(&mut self) -> Advance {
        self.counts.begin_row();
        match self.read_product() {
            Ok(Some(line)) => Advance::Record { line },
            Ok(None) => Advance::End,
            Err(message) => Advance::Failed {
                line: self.line,
                message: format!("{message}; the rest of the file is not read"),
            },
        }
    }

    fn record(&self) -> Result<Record<'_>, String> {
        product::record(&self.product)
    }
}

fn check_root(name: &str, release: &str) -> Result<(), String> {
    if name != "ONIXMessage" {
        return Err(format!(
            "the file is XML, but no message of ONIX: it begins with <{name}>"
        ));
    }
    if !release.starts_with("3.") {
        return Err(format!(
            "the message is of release {release:?} of ONIX: convert it to release 3.0"
        ));
    }
    Ok(())
}

/// The character of a reference such as `&amp;` or `&#32;`.
fn letter(reference: &BytesRef<'_>) -> Result<char, String> {
    let wrong = |error: quick_xml::Error| error.to_string();
    if let Some(letter) = reference.resolve_char_ref().map_err(wrong)? {
        return Ok(letter);
    }
    match &**reference {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        other => Err(format!(
            "the entity &{}; is not known: write the character itself",
            String::from_utf8_lossy(other)
        )),
    }
}

//! Builds the SVG document of a cover and escapes its text.
//!
//! Only presentation attributes are used, because the content security policy blocks `style`
//! when a cover is opened directly.

use std::fmt::Write;

/// The size of every cover, in units of the drawing.
pub(super) const WIDTH: f32 = 240.0;
pub(super) const HEIGHT: f32 = 360.0;

/// The font families of covers: only fonts that operating systems include.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Serif,
    Sans,
}

impl Face {
    fn family(self) -> &'static str {
        match self {
            Self::Serif => {
                "Iowan Old Style,Palatino Linotype,Palatino,Georgia,Liberation Serif,Times New Roman,serif"
            }
            Self::Sans => {
                "Avenir Next,Avenir,Gill Sans,Helvetica Neue,Liberation Sans,Arial,sans-serif"
            }
        }
    }
}

/// The typography of one line of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub face: Face,
    pub size: f32,
    pub weight: u16,
    pub italic: bool,
    pub spacing: f32,
    pub fill: &'a str,
    pub anchor: &'a str,
    /// The width to which the text is fitted, for lines that could leave the cover with a wider
    /// font than those whose widths are known; `None` leaves it to the font.
    pub length: Option<f32>,
    pub right_to_left: bool,
}

/// An SVG document under construction.
pub(super) struct Paper {
    svg: String,
}

impl Paper {
    /// An empty document. The title is for screen readers and for the tooltip of the file.
    pub fn new(title: &str) -> Self {
        let mut svg = String::with_capacity(6 * 1024);
        svg.push_str(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 240 360\" \
             width=\"240\" height=\"360\" role=\"img\"><title>",
        );
        escape(&mut svg, title);
        svg.push_str("</title>");
        Self { svg }
    }

    /// Adds an element without escaping. It must not contain data of the book.
    pub fn raw(&mut self, element: &str) {
        self.svg.push_str(element);
    }

    pub fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, fill: &str) {
        let _ = write!(
            self.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        );
    }

    pub fn frame(&mut self, inset: f32, stroke: &str, thickness: f32) {
        let (width, height) = (WIDTH - 2.0 * inset, HEIGHT - 2.0 * inset);
        let _ = write!(
            self.svg,
            "<rect x=\"{inset:.1}\" y=\"{inset:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{thickness:.1}\"/>"
        );
    }

    pub fn circle(&mut self, x: f32, y: f32, radius: f32, fill: &str) {
        let _ = write!(
            self.svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{fill}\"/>"
        );
    }

    pub fn ring(&mut self, x: f32, y: f32, radius: f32, stroke: &str, thickness: f32) {
        let _ = write!(
            self.svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"none\" \
             stroke=\"{stroke}\" stroke-width=\"{thickness:.1}\"/>"
        );
    }

    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), stroke: &str, thickness: f32) {
        let _ = write!(
            self.svg,
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{stroke}\" stroke-width=\"{thickness:.1}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    pub fn path(&mut self, outline: &str, fill: &str) {
        let _ = write!(self.svg, "<path d=\"{outline}\" fill=\"{fill}\"/>");
    }

    pub fn stroke(&mut self, outline: &str, stroke: &str, thickness: f32) {
        let _ = write!(
            self.svg,
            "<path d=\"{outline}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{thickness:.1}\"/>"
        );
    }

    pub fn text(&mut self, x: f32, baseline: f32, setting: &Setting<'_>, text: &str) {
        let _ = write!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{baseline:.1}\" font-family=\"{}\" font-size=\"{:.1}\" \
             fill=\"{}\" text-anchor=\"{}\"",
            setting.face.family(),
            setting.size,
            setting.fill,
            setting.anchor
        );
        if setting.weight != 400 {
            let _ = write!(self.svg, " font-weight=\"{}\"", setting.weight);
        }
        if setting.italic {
            self.svg.push_str(" font-style=\"italic\"");
        }
        if setting.spacing != 0.0 {
            let _ = write!(self.svg, " letter-spacing=\"{:.2}\"", setting.spacing);
        }
        if let Some(length) = setting.length {
            // With the glyphs, because joined letters must not be torn apart.
            let _ = write!(
                self.svg,
                " textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\""
            );
        }
        if setting.right_to_left {
            self.svg.push_str(" direction=\"rtl\"");
        }
        self.svg.push('>');
        escape(&mut self.svg, text);
        self.svg.push_str("</text>");
    }

    /// Adds the fold of the binding along the left edge and returns the document.
    pub fn finish(mut self) -> String {
        self.svg.push_str(
            "<linearGradient id=\"fold\"><stop offset=\"0\" stop-color=\"#000\" stop-opacity=\".28\"/>\
             <stop offset=\".25\" stop-color=\"#fff\" stop-opacity=\".16\"/>\
             <stop offset=\".62\" stop-color=\"#000\" stop-opacity=\".16\"/>\
             <stop offset=\"1\" stop-color=\"#000\" stop-opacity=\"0\"/></linearGradient>\
             <rect width=\"15\" height=\"360\" fill=\"url(#fold)\"/>\
             <rect x=\".5\" y=\".5\" width=\"239\" height=\"359\" fill=\"none\" stroke=\"#000\" stroke-opacity=\".14\"/>\
             </svg>",
        );
        self.svg
    }
}

/// Escapes text as XML content. [`super::wording`] has already removed the characters that XML
/// does not allow.
fn escape(svg: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => svg.push_str("&amp;"),
            '<' => svg.push_str("&lt;"),
            '>' => svg.push_str("&gt;"),
            _ => svg.push(character),
        }
    }
}

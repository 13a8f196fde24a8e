//! A small emblem for each category, and a decorated line.

use contract::bookstore::inventory::v1::BookCategory;

use super::paper::Paper;

/// Draws the emblem of the category around a point, about 40 units wide at scale 1.
pub(super) fn emblem(
    paper: &mut Paper,
    category: BookCategory,
    centre: (f32, f32),
    scale: f32,
    (fill, ground): (&str, &str),
) {
    let (x, y) = centre;
    paper.raw(&format!(
        "<g transform=\"translate({x:.1} {y:.1}) scale({scale:.2})\">"
    ));
    match category {
        BookCategory::Mystery => {
            paper.circle(0.0, -7.0, 9.0, fill);
            paper.path("M-4 -3L-8.5 18H8.5L4 -3Z", fill);
        }
        BookCategory::ScienceFiction => {
            paper.circle(0.0, 0.0, 10.0, fill);
            paper.raw(&format!(
                "<ellipse rx=\"20\" ry=\"5.5\" transform=\"rotate(-20)\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"2\"/>"
            ));
        }
        BookCategory::Fantasy => {
            paper.path("M5 -18A18 18 0 1 0 17 8A15 15 0 0 1 5 -18Z", fill);
            paper.path(
                "M11 -12L12.8 -7.8L17 -6L12.8 -4.2L11 0L9.2 -4.2L5 -6L9.2 -7.8Z",
                fill,
            );
        }
        BookCategory::Romance => {
            paper.path("M0 16C-24 -1 -13 -20 0 -9C13 -20 24 -1 0 16Z", fill);
        }
        BookCategory::Horror => {
            paper.path("M-20 0Q0 -18 20 0Q0 18 -20 0Z", fill);
            paper.circle(0.0, 0.0, 6.5, ground);
            paper.circle(0.0, 0.0, 2.8, fill);
        }
        BookCategory::Poetry => {
            paper.path("M0 20C-15 6 -13 -12 0 -20C13 -12 15 6 0 20Z", fill);
            paper.stroke(
                "M0 20V-12M0 10L-6 3M0 10L6 3M0 1L-5 -5M0 1L5 -5",
                ground,
                1.2,
            );
        }
        BookCategory::Science => {
            for turn in [0, 60, 120] {
                paper.raw(&format!(
                    "<ellipse rx=\"20\" ry=\"7\" transform=\"rotate({turn})\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"1.8\"/>"
                ));
            }
            paper.circle(0.0, 0.0, 3.2, fill);
        }
        BookCategory::History => {
            paper.path(
                "M-17 -12L0 -21L17 -12V-9H-17ZM-14 -7H-9V12H-14ZM-2.5 -7H2.5V12H-2.5ZM9 -7H14V12H9ZM-18 14H18V18H-18Z",
                fill,
            );
        }
        BookCategory::Philosophy => {
            paper.stroke("M0 -17L18 14H-18Z", fill, 2.0);
            paper.ring(0.0, 4.0, 9.0, fill, 2.0);
        }
        BookCategory::Children => {
            paper.path(
                "M0 -19L5.6 -6.6L19 -5.6L8.9 3.2L12 16.4L0 9.4L-12 16.4L-8.9 3.2L-19 -5.6L-5.6 -6.6Z",
                fill,
            );
        }
        BookCategory::Business => {
            paper.path("M-17 16V4H-8V16ZM-4.5 16V-5H4.5V16ZM8 16V-16H17V16Z", fill);
        }
        BookCategory::Biography => {
            paper.raw(&format!(
                "<ellipse rx=\"16\" ry=\"20\" fill=\"none\" stroke=\"{fill}\" stroke-width=\"1.8\"/>"
            ));
            paper.circle(0.0, -5.0, 6.0, fill);
            paper.path("M-11 13C-11 1 11 1 11 13C6 17 -6 17 -11 13Z", fill);
        }
        BookCategory::Thriller => {
            paper.ring(0.0, 0.0, 13.0, fill, 2.0);
            paper.stroke("M-20 0H-7M7 0H20M0 -20V-7M0 7V20", fill, 2.0);
            paper.circle(0.0, 0.0, 2.4, fill);
        }
        BookCategory::SelfHelp => {
            paper.path("M-11 8A11 11 0 0 1 11 8Z", fill);
            paper.stroke(
                "M-20 8H20M0 -18V-8M-13 -13L-8 -5M13 -13L8 -5M-20 -3L-13 1M20 -3L13 1M-12 13H12",
                fill,
                2.0,
            );
        }
        BookCategory::Classics => {
            for (x, y) in [(0.0, -9.5), (9.5, 0.0), (0.0, 9.5), (-9.5, 0.0)] {
                paper.ring(x, y, 8.5, fill, 1.8);
            }
            paper.circle(0.0, 0.0, 2.6, fill);
        }
        BookCategory::HistoricalFiction => {
            paper.path(
                "M-16 8L-19 -10L-9 -2L0 -17L9 -2L19 -10L16 8ZM-16 11H16V15H-16Z",
                fill,
            );
        }
        BookCategory::General | BookCategory::Unspecified => {
            paper.path(
                "M0 -8C-6 -14 -14 -14 -19 -12V12C-14 10 -6 10 0 15C6 10 14 10 19 12V-12C14 -14 6 -14 0 -8Z",
                fill,
            );
            paper.stroke("M0 -8V15", ground, 1.4);
        }
    }
    paper.raw("</g>");
}

/// A diamond between two horizontal lines, as at the end of a title page.
pub(super) fn rule(paper: &mut Paper, x: f32, y: f32, half: f32, fill: &str) {
    paper.line((x - half, y), (x - 7.0, y), fill, 0.9);
    paper.line((x + 7.0, y), (x + half, y), fill, 0.9);
    paper.path(&format!("M{x:.1} {:.1}l4 4l-4 4l-4 -4Z", y - 4.0), fill);
}

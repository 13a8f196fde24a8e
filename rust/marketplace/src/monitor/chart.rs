//! Line charts over the last five minutes as inline SVG. The style sheet of the page sets
//! their colours, so they follow light and dark mode.

use std::fmt::Write;

use super::history::POINTS;

/// The edges of the plot area in a drawing of 320 by 128 units.
const LEFT: f64 = 50.0;
const RIGHT: f64 = 312.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 102.0;

/// The data that the template of a chart needs.
#[derive(Debug)]
pub(super) struct Chart {
    pub title: &'static str,
    /// A text alternative for screen readers.
    pub summary: String,
    /// The y coordinates and labels of the left axis.
    pub ticks: Vec<(String, String)>,
    pub lines: Vec<Line>,
}

/// One line of a chart.
#[derive(Debug)]
pub(super) struct Line {
    /// The CSS class and the name in the legend.
    pub name: &'static str,
    /// The SVG path, with gaps for missing values.
    pub path: String,
    /// The newest value.
    pub latest: String,
}

/// The unit of the values of a chart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    PerSecond,
    Percent,
    Milliseconds,
}

impl Unit {
    /// Formats a value with its unit, to three significant digits.
    pub fn text(self, value: f64) -> String {
        let number = if value == 0.0 || value >= 100.0 {
            format!("{value:.0}")
        } else if value >= 10.0 {
            trim_trailing_zeros(&format!("{value:.1}"))
        } else {
            trim_trailing_zeros(&format!("{value:.2}"))
        };
        match self {
            Self::PerSecond => format!("{number}/s"),
            Self::Percent => format!("{number}%"),
            Self::Milliseconds => format!("{number} ms"),
        }
    }

    /// The upper end of the axis: the next of 1, 2, 5, 10, 20, ... At least 1, so that noise
    /// does not fill the chart.
    fn ceiling(largest: f64) -> f64 {
        let mut ceiling = 1.0;
        let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
        while ceiling < largest && ceiling < 1e12 {
            ceiling *= factors.next().unwrap_or(2.0);
        }
        ceiling
    }
}

fn trim_trailing_zeros(number: &str) -> String {
    number
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// Draws a chart of named lines. The values are ordered from oldest to newest.
pub(super) fn draw(
    title: &'static str,
    unit: Unit,
    lines: Vec<(&'static str, Vec<Option<f64>>)>,
) -> Chart {
    let values = lines.iter().flat_map(|(_, values)| values.iter().flatten());
    let ceiling = Unit::ceiling(values.copied().fold(0.0, f64::max));
    let height = |value: f64| BOTTOM - (BOTTOM - TOP) * (value / ceiling).clamp(0.0, 1.0);
    let ticks = [0.0, 0.5, 1.0].map(|part| {
        let value = ceiling * part;
        (format!("{:.1}", height(value)), unit.text(value))
    });
    let mut summary = format!("{title} over the last five minutes.");
    let lines = lines.into_iter().map(|(name, values)| {
        let latest = values.last().copied().flatten();
        let latest = latest.map_or_else(|| "–".to_owned(), |value| unit.text(value));
        let _ = write!(summary, " Now {name}: {latest}.");
        Line {
            name,
            path: path(&values, height),
            latest,
        }
    });
    let lines = lines.collect();
    Chart {
        title,
        summary,
        ticks: ticks.into(),
        lines,
    }
}

/// Draws a line from right (newest) to left through consecutive values.
fn path(values: &[Option<f64>], height: impl Fn(f64) -> f64) -> String {
    let step = (RIGHT - LEFT) / (POINTS - 1) as f64;
    let mut path = String::new();
    let mut drawing = false;
    for (age, value) in values.iter().rev().enumerate() {
        let Some(value) = value else {
            drawing = false;
            continue;
        };
        let (x, y) = (RIGHT - step * age as f64, height(*value));
        let verb = if drawing { 'L' } else { 'M' };
        let _ = write!(path, "{verb}{x:.1} {y:.1}");
        if !drawing {
            // A line of length zero: with round line caps, a single value is a dot.
            path.push_str("h0");
        }
        drawing = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_ends_at_a_round_number() {
        let ends = [0.0, 0.3, 1.0, 1.1, 3.0, 7.0, 12.0, 430.0, 90_000.0];
        let ends = ends.map(Unit::ceiling);
        assert_eq!(
            ends,
            [1.0, 1.0, 1.0, 2.0, 5.0, 10.0, 20.0, 500.0, 100_000.0]
        );
    }

    #[test]
    fn values_are_formatted_with_unit_and_three_digits() {
        assert_eq!(Unit::PerSecond.text(0.0), "0/s");
        assert_eq!(Unit::PerSecond.text(1234.5), "1234/s");
        assert_eq!(Unit::Percent.text(2.50), "2.5%");
        assert_eq!(Unit::Milliseconds.text(0.456), "0.46 ms");
        assert_eq!(Unit::Milliseconds.text(10.0), "10 ms");
    }

    #[test]
    fn missing_values_are_gaps() {
        let values = [Some(0.0), None, Some(1.0), Some(1.0)];
        let chart = draw("Requests", Unit::PerSecond, vec![("rate", values.into())]);
        let path = &chart.lines[0].path;
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert!(path.starts_with("M312.0 10.0"), "{path}");
        assert_eq!(
            chart.summary,
            "Requests over the last five minutes. Now rate: 1/s."
        );
    }
}

//! Describes ranges of numbers, durations and timestamps.

/// The lower bound of a range.
pub(super) enum Lower<T> {
    /// Exclusive.
    Gt(T),
    /// Inclusive.
    Gte(T),
}

/// The upper bound of a range.
pub(super) enum Upper<T> {
    /// Exclusive.
    Lt(T),
    /// Inclusive.
    Lte(T),
}

/// The words for exclusive bounds: "more than" for numbers, "after" for timestamps.
pub(super) struct RangeWording {
    pub(super) above: &'static str,
    pub(super) below: &'static str,
}

pub(super) const NUMBER_WORDING: RangeWording = RangeWording {
    above: "more than",
    below: "less than",
};

pub(super) const TIME_WORDING: RangeWording = RangeWording {
    above: "after",
    below: "before",
};

/// Describes a range, such as `1 to 100` or `more than 0`; `None` without bounds.
/// As in protovalidate, an upper bound below the lower bound means that the values
/// *outside* of both bounds are valid.
pub(super) fn range<T: PartialOrd>(
    lower: Option<Lower<T>>,
    upper: Option<Upper<T>>,
    wording: &RangeWording,
    show: impl Fn(&T) -> String,
) -> Option<String> {
    let inverted = match (&lower, &upper) {
        (Some(Lower::Gt(low) | Lower::Gte(low)), Some(Upper::Lt(high) | Upper::Lte(high))) => {
            high < low
        }
        _ => false,
    };
    let is_one_value = matches!((&lower, &upper),
        (Some(Lower::Gte(low)), Some(Upper::Lte(high))) if low == high);
    let at_least = |low: &T| format!("at least {}", show(low));
    let at_most = |high: &T| format!("at most {}", show(high));
    let above = |low: &T| format!("{} {}", wording.above, show(low));
    let below = |high: &T| format!("{} {}", wording.below, show(high));
    let lower_text = |lower: &Lower<T>| match lower {
        Lower::Gt(low) => above(low),
        Lower::Gte(low) => at_least(low),
    };
    let upper_text = |upper: &Upper<T>| match upper {
        Upper::Lt(high) => below(high),
        Upper::Lte(high) => at_most(high),
    };
    match (lower, upper) {
        (None, None) => None,
        (Some(lower), None) => Some(lower_text(&lower)),
        (None, Some(upper)) => Some(upper_text(&upper)),
        (Some(lower), Some(upper)) if inverted => {
            Some(format!("{} or {}", upper_text(&upper), lower_text(&lower)))
        }
        (Some(Lower::Gte(low)), Some(_)) if is_one_value => Some(format!("exactly {}", show(&low))),
        (Some(Lower::Gte(low)), Some(Upper::Lte(high))) => {
            Some(format!("{} to {}", show(&low), show(&high)))
        }
        (Some(lower), Some(upper)) => {
            Some(format!("{} and {}", lower_text(&lower), upper_text(&upper)))
        }
    }
}

//! Ranges, of numbers as well as of times.

/// The lower bound of a range.
pub(super) enum Lower<T> {
    /// The value itself is out.
    Gt(T),
    /// The value itself is in.
    Gte(T),
}

/// The upper bound of a range.
pub(super) enum Upper<T> {
    /// The value itself is out.
    Lt(T),
    /// The value itself is in.
    Lte(T),
}

/// How bounds of a kind are said: of numbers "more than", of times "after".
pub(super) struct Manner {
    pub(super) above: &'static str,
    pub(super) below: &'static str,
}

pub(super) const OF_NUMBERS: Manner = Manner {
    above: "more than",
    below: "less than",
};

pub(super) const OF_TIMES: Manner = Manner {
    above: "after",
    below: "before",
};

/// Describes a range. An upper bound below the lower one means, as in
/// protovalidate, that the values *outside* of both are valid.
pub(super) fn range<T: PartialOrd>(
    lower: Option<Lower<T>>,
    upper: Option<Upper<T>>,
    manner: &Manner,
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
    let above = |low: &T| format!("{} {}", manner.above, show(low));
    let below = |high: &T| format!("{} {}", manner.below, show(high));
    let low_words = |lower: &Lower<T>| match lower {
        Lower::Gt(low) => above(low),
        Lower::Gte(low) => at_least(low),
    };
    let high_words = |upper: &Upper<T>| match upper {
        Upper::Lt(high) => below(high),
        Upper::Lte(high) => at_most(high),
    };
    match (lower, upper) {
        (None, None) => None,
        (Some(lower), None) => Some(low_words(&lower)),
        (None, Some(upper)) => Some(high_words(&upper)),
        (Some(lower), Some(upper)) if inverted => {
            Some(format!("{} or {}", high_words(&upper), low_words(&lower)))
        }
        (Some(Lower::Gte(low)), Some(_)) if is_one_value => Some(format!("exactly {}", show(&low))),
        (Some(Lower::Gte(low)), Some(Upper::Lte(high))) => {
            Some(format!("{} to {}", show(&low), show(&high)))
        }
        (Some(lower), Some(upper)) => {
            Some(format!("{} and {}", low_words(&lower), high_words(&upper)))
        }
    }
}

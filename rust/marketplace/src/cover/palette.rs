//! The colour palettes of covers, four for each category.

use contract::bookstore::inventory::v1::BookCategory;

use super::SeededRng;

/// A set of matching colours. `ink` on `ground` and `LABEL_INK` on `LABEL` have enough
/// contrast for text; `accent` and `second` are only for shapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    pub ground: &'static str,
    pub ink: &'static str,
    pub accent: &'static str,
    pub second: &'static str,
    pub category: BookCategory,
}

/// The background of labels.
pub(super) const LABEL: &str = "#f6f0e1";
/// The text colour of labels.
pub(super) const LABEL_INK: &str = "#1f1c18";

/// In this order: ground, ink, accent, second.
type Colours = [&'static str; 4];

const MYSTERY: &[Colours] = &[
    ["#15181d", "#f2e9d8", "#c8352b", "#39424e"],
    ["#e9dfc6", "#1b1a17", "#a3271f", "#b9a77c"],
    ["#0f3d3e", "#f5ead2", "#e0a526", "#0a2829"],
    ["#f2c230", "#17140c", "#b3261e", "#d9a411"],
];
const SCIENCE_FICTION: &[Colours] = &[
    ["#101c3d", "#f3efe4", "#ff7a45", "#2c4687"],
    ["#f1e6d3", "#20203a", "#e4572e", "#2e86ab"],
    ["#2a1a44", "#f6e9ff", "#f2b134", "#5b3d86"],
    ["#0d4f5c", "#fdf3da", "#ff9f5a", "#083640"],
];
const CLASSICS: &[Colours] = &[
    ["#f0e7d6", "#23201b", "#7a1f2b", "#c9b184"],
    ["#22382f", "#f3ead6", "#c9a55c", "#16261f"],
    ["#5a1a22", "#f6ead8", "#d8b26a", "#3e1016"],
    ["#26354f", "#f3ecdd", "#c9a55c", "#182338"],
];
const FANTASY: &[Colours] = &[
    ["#1f2f46", "#f4ead2", "#d9a441", "#3f5d7d"],
    ["#2f4a36", "#f5edd6", "#e3b34c", "#1d3022"],
    ["#4a2545", "#f8ead8", "#e6a15c", "#2f152c"],
    ["#e8dcc0", "#2a2233", "#6d3b73", "#c39a5f"],
];
const SELF_HELP: &[Colours] = &[
    ["#f6d860", "#1c1b17", "#e4572e", "#fbf1c4"],
    ["#f7f2e8", "#17324d", "#2a9d8f", "#f4a261"],
    ["#e9805f", "#1b1410", "#fff3df", "#c65b3a"],
    ["#1d5c63", "#fdf6e3", "#f4c95d", "#134147"],
];
const POETRY: &[Colours] = &[
    ["#e9e4f0", "#2b2440", "#7a5ea8", "#c9bddc"],
    ["#dfe8e0", "#1f332b", "#5f8a72", "#b7ccbd"],
    ["#f4e3df", "#3d1f24", "#b4535f", "#e3bdb7"],
    ["#27364a", "#eef1f4", "#9fb7cc", "#1b2635"],
];
const THRILLER: &[Colours] = &[
    ["#101010", "#f4f1ea", "#e02b20", "#3a3a3a"],
    ["#b8211a", "#fff7ef", "#141414", "#861510"],
    ["#1a2730", "#eef2f3", "#f2b705", "#2f4756"],
    ["#e8e6e1", "#141414", "#c4221b", "#bab6ac"],
];
const HISTORICAL_FICTION: &[Colours] = &[
    ["#6b3e26", "#f7ead3", "#e0b060", "#4a2916"],
    ["#e6d6b4", "#33251a", "#8a3b22", "#c2a26d"],
    ["#2d4250", "#f3e8d2", "#c98d4b", "#1d2c36"],
    ["#43492d", "#f4ecd4", "#d9a648", "#2e331e"],
];
const SCIENCE: &[Colours] = &[
    ["#f3f1ec", "#14213d", "#fca311", "#2a6f97"],
    ["#0b3954", "#f4f7f5", "#ff6663", "#126086"],
    ["#e3efe9", "#12372a", "#2d8659", "#a3c9b5"],
    ["#1f1f3a", "#f1f0ff", "#6ee7c8", "#3b3b6d"],
];
const ROMANCE: &[Colours] = &[
    ["#f6d6d2", "#4a1528", "#c3324f", "#eeb1ad"],
    ["#8c1c3b", "#fdeee6", "#f3b6a0", "#66112a"],
    ["#fbe8d8", "#3b1f2b", "#e0607e", "#f4bfa1"],
    ["#2f2440", "#fbe9ef", "#f28ca8", "#4b3b63"],
];
const HORROR: &[Colours] = &[
    ["#0f0f12", "#efe8dc", "#a32222", "#2b2b31"],
    ["#1d2b1f", "#e8ecd8", "#8fb339", "#121b13"],
    ["#2a0f14", "#f1dfd3", "#d94a2b", "#17070a"],
    ["#d9d5cc", "#17130f", "#8f1d1d", "#aaa497"],
];
const BIOGRAPHY: &[Colours] = &[
    ["#efe9df", "#20262e", "#b5542c", "#c5ccd1"],
    ["#2e3f52", "#f5eee0", "#e2a458", "#1f2c3a"],
    ["#c9d6d8", "#18272d", "#1f5f6b", "#a3b9bd"],
    ["#403129", "#f4e9d8", "#d79a5b", "#2a1f19"],
];
const HISTORY: &[Colours] = &[
    ["#3a2b20", "#f3e5c9", "#c27b3a", "#261b13"],
    ["#ddd0b3", "#2b241b", "#7c2d1e", "#bfa87c"],
    ["#1f3a3a", "#f1e7cf", "#d2a24c", "#142727"],
    ["#7a2a1f", "#f8ead4", "#e5b65f", "#561b13"],
];
const PHILOSOPHY: &[Colours] = &[
    ["#f5f3ee", "#1a1a1a", "#c73e1d", "#d0cbc0"],
    ["#203a5c", "#f2eee2", "#e7c15a", "#14263d"],
    ["#d9dfe2", "#1c2429", "#51717f", "#b4c2c8"],
    ["#3b2e4a", "#f3ecf4", "#d8a7b1", "#281f33"],
];
const CHILDREN: &[Colours] = &[
    ["#ffd166", "#22223b", "#ef476f", "#118ab2"],
    ["#0b6e8f", "#ffffff", "#ffd166", "#ef6f6c"],
    ["#f7f3e3", "#2d2a4a", "#f25f5c", "#70c1b3"],
    ["#326b49", "#fffaf0", "#ffd166", "#224b33"],
];
const BUSINESS: &[Colours] = &[
    ["#f4f4f1", "#10243e", "#0f6fb5", "#c3ccd6"],
    ["#10243e", "#f4f1e8", "#e9b44c", "#1f3f66"],
    ["#d8e2dc", "#1b2a2f", "#2f6f5e", "#b3c9be"],
    ["#2b2b2b", "#f5f2ea", "#f26b38", "#474747"],
];
const GENERAL: &[Colours] = &[
    ["#e7e2d6", "#23221f", "#43626b", "#c9bea6"],
    ["#35505a", "#f4eee0", "#dba55a", "#243840"],
    ["#5c4340", "#f7ecdf", "#d9b48f", "#443230"],
    ["#c7cfc4", "#1f2a22", "#4f7355", "#a9b8a6"],
];

/// Chooses one of the palettes of the category.
pub(super) fn choose(category: BookCategory, rng: &mut SeededRng) -> Palette {
    let [ground, ink, accent, second] = *rng.choose(of(category));
    Palette {
        ground,
        ink,
        accent,
        second,
        category,
    }
}

fn of(category: BookCategory) -> &'static [Colours] {
    match category {
        BookCategory::Mystery => MYSTERY,
        BookCategory::ScienceFiction => SCIENCE_FICTION,
        BookCategory::Classics => CLASSICS,
        BookCategory::Fantasy => FANTASY,
        BookCategory::SelfHelp => SELF_HELP,
        BookCategory::Poetry => POETRY,
        BookCategory::Thriller => THRILLER,
        BookCategory::HistoricalFiction => HISTORICAL_FICTION,
        BookCategory::Science => SCIENCE,
        BookCategory::Romance => ROMANCE,
        BookCategory::Horror => HORROR,
        BookCategory::Biography => BIOGRAPHY,
        BookCategory::History => HISTORY,
        BookCategory::Philosophy => PHILOSOPHY,
        BookCategory::Children => CHILDREN,
        BookCategory::Business => BUSINESS,
        BookCategory::General | BookCategory::Unspecified => GENERAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of `#rrggbb`, as WCAG 2 defines it.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("two hex digits");
            let value = f64::from(value) / 255.0;
            if value <= 0.039_28 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        (one / other).max(other / one)
    }

    #[test]
    fn text_has_enough_contrast() {
        assert!(contrast(LABEL, LABEL_INK) >= 7.0);
        for number in 0..=17 {
            let category = BookCategory::try_from(number).expect("a category");
            for [ground, ink, ..] in of(category) {
                let contrast = contrast(ground, ink);
                assert!(contrast >= 5.5, "{category:?} {ground} {ink} {contrast:.1}");
            }
        }
    }
}

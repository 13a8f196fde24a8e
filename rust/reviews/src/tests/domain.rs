//! Properties of ratings.

use proptest::{collection::vec, prelude::*};

use crate::{StarCounts, Stars};

fn stars(number: i64) -> Stars {
    Stars::new(number).expect("it is from 1 to 5")
}

proptest! {
    #[test]
    fn average_is_rounded_half_up(numbers in vec(1_i64..=5, 1..300)) {
        let mut counts = StarCounts::default();
        for number in &numbers {
            counts.add(stars(*number));
        }
        let (sum, total) = (numbers.iter().sum::<i64>(), numbers.len() as i64);
        prop_assert_eq!(counts.total(), total);
        let average = i64::from(counts.average_hundredths().expect("there are reviews"));
        // average - 1/2 <= 100 * sum / total < average + 1/2, in whole numbers.
        prop_assert!((2 * average - 1) * total <= 200 * sum);
        prop_assert!(200 * sum < (2 * average + 1) * total);
        for number in &numbers {
            counts.remove(stars(*number));
        }
        prop_assert_eq!(counts, StarCounts::default());
    }
}

#[test]
fn average_of_the_largest_counts_does_not_overflow() {
    let largest = StarCounts([999_999_999; 5]);
    assert_eq!(largest.average_hundredths(), Some(300));
    assert_eq!(StarCounts::default().average_hundredths(), None);
}

#[test]
fn half_a_hundredth_is_rounded_up() {
    // 801 stars in 200 reviews are 4.005.
    assert_eq!(
        StarCounts([0, 0, 0, 199, 1]).average_hundredths(),
        Some(401)
    );
}

#[test]
fn stars_are_from_one_to_five() {
    let valid: Vec<_> = (-300..300).filter(|n| Stars::new(*n).is_some()).collect();
    assert_eq!(valid, [1, 2, 3, 4, 5]);
}

//! Estimates quantiles from histogram buckets, as Prometheus does.

use super::exposition::Buckets;

/// Estimates the `q` quantile (0 to 1) by linear interpolation within its bucket, like
/// `histogram_quantile` of Prometheus. A quantile in the last, infinite bucket is reported
/// as the highest finite bound. `None` without observations.
pub(super) fn quantile(buckets: &Buckets, q: f64) -> Option<f64> {
    let total = *buckets.values().next_back()?;
    if total <= 0.0 {
        return None;
    }
    let rank = q * total;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        let upper = f64::from_bits(*bound);
        if *count >= rank && *count > below {
            if upper.is_infinite() {
                return Some(lower);
            }
            return Some(lower + (upper - lower) * (rank - below) / (count - below));
        }
        (lower, below) = (upper, count.max(below));
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(counts: &[(f64, f64)]) -> Buckets {
        let counts = counts
            .iter()
            .map(|(bound, count)| (bound.to_bits(), *count));
        counts.collect()
    }

    #[test]
    fn quantiles_are_interpolated_within_a_bucket() {
        let even = buckets(&[(1.0, 50.0), (2.0, 100.0), (f64::INFINITY, 100.0)]);
        assert_eq!(quantile(&even, 0.25), Some(0.5));
        assert_eq!(quantile(&even, 0.5), Some(1.0));
        assert_eq!(quantile(&even, 0.75), Some(1.5));
        assert_eq!(quantile(&even, 1.0), Some(2.0));
    }

    #[test]
    fn quantile_in_the_infinite_bucket_is_the_highest_bound() {
        let slow = buckets(&[(1.0, 1.0), (f64::INFINITY, 100.0)]);
        assert_eq!(quantile(&slow, 0.99), Some(1.0));
    }

    #[test]
    fn no_observations_give_no_quantile() {
        assert_eq!(quantile(&Buckets::new(), 0.5), None);
        assert_eq!(quantile(&buckets(&[(1.0, 0.0)]), 0.5), None);
    }
}

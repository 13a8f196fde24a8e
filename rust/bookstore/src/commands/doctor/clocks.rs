//! Whether the clocks of the machines agree. Tokens, leases and reservations have times of one
//! machine that others compare with theirs.

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use service::{Clock, SystemClock};

use super::Finding;

/// A header `date` has whole seconds, and the answer takes time.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2);
/// A payment must be answered a minute before its reservation expires.
const LARGEST: SignedDuration = SignedDuration::from_secs(30);

/// Compares the header `date` of an answer that has just come with the clock of this machine.
/// `None` if it cannot be read.
pub fn check_date(subject: &str, date: &str) -> Option<Finding> {
    let theirs = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(compare(subject, theirs, SystemClock.now()))
}

/// Compares a time that was read from another clock with that of this machine.
pub fn compare(subject: &str, theirs: Timestamp, ours: Timestamp) -> Finding {
    let difference = theirs.duration_since(ours);
    let distance = difference.abs();
    if distance <= TOLERANCE {
        return Finding::fine(subject, "agrees with the clock of this machine".to_owned());
    }
    let side = if difference.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let text = format!(
        "is {} s {side} the clock of this machine",
        distance.as_secs()
    );
    let finding = if distance <= LARGEST {
        Finding::warning(subject, text)
    } else {
        Finding::failure(subject, text)
    };
    finding.advise("let both machines synchronize their clocks, for example by chrony")
}

#[cfg(test)]
mod tests {
    use super::{super::report::Level, *};

    #[test]
    fn difference_of_seconds_is_a_warning_and_of_minutes_a_failure() {
        let ours = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9);
        for (seconds, level, text) in [
            (2, Level::Fine, "agrees with the clock of this machine"),
            (
                -20,
                Level::Warning,
                "is 20 s behind the clock of this machine",
            ),
            (
                31,
                Level::Failure,
                "is 31 s ahead of the clock of this machine",
            ),
        ] {
            let theirs = ours + SignedDuration::from_secs(seconds);
            let finding = compare("clock", theirs, ours);
            assert_eq!((finding.level, &*finding.text), (level, text));
        }
    }

    #[test]
    fn header_of_http_is_read() {
        let finding = check_date("clock", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(finding.expect("a date").level, Level::Failure);
        assert_eq!(check_date("clock", "yesterday"), None);
    }
}

//! When enough of an answer is seen.

use std::time::Duration;

use crate::{case::Expect, contract::Code};

/// When to hang up on a stream that the server goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// After so many messages.
    pub messages: usize,
    /// When there is no message, and no end, after so long.
    pub first: Duration,
    /// When no other message follows for so long.
    pub quiet: Duration,
}

impl Stop {
    /// For a method whose answer is a stream. One that may say nothing for hours is left
    /// soon; one that must be refused has all the time of a call to say so.
    pub fn of(expect: &Expect, client_streaming: bool, timeout: Duration) -> Self {
        let runs = match expect {
            Expect::Accepted | Expect::Survives => true,
            Expect::OneOf(codes) => codes.contains(&Code(0)),
            Expect::Refused(_) | Expect::Http(_) => false,
        };
        // The call runs out of time before that.
        let whole = timeout * 2;
        let soon = Self {
            messages: 3,
            first: timeout.min(Duration::from_secs(1)),
            quiet: Duration::from_millis(20),
        };
        match (runs, client_streaming) {
            (true, _) => soon,
            (false, false) => Self {
                first: whole,
                ..soon
            },
            // What is refused may come after messages that are not, and are answered.
            (false, true) => Self {
                messages: usize::MAX,
                first: whole,
                quiet: whole,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[test]
    fn a_refusal_behind_messages_that_are_answered_is_waited_for() {
        let stop = Stop::of(&Expect::Refused(Vec::new()), true, TIMEOUT);
        assert!(stop.messages > 100 && stop.first > TIMEOUT && stop.quiet > TIMEOUT);
    }

    #[test]
    fn a_refusal_of_one_message_may_take_all_the_time_of_a_call() {
        let stop = Stop::of(&Expect::Refused(Vec::new()), false, TIMEOUT);
        assert!(stop.first > TIMEOUT && stop.quiet < TIMEOUT);
    }

    #[test]
    fn a_stream_that_runs_is_left_soon() {
        for client_streaming in [false, true] {
            let stop = Stop::of(&Expect::Accepted, client_streaming, TIMEOUT);
            assert!(stop.messages < 10 && stop.first < TIMEOUT);
        }
    }
}

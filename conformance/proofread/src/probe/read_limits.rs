//! Limits for reading answers that are streams.

use std::time::Duration;

use crate::{case::Expect, contract::Code};

/// When to stop reading a stream that the server does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Stop after this many messages.
    pub max_messages: usize,
    /// Stop when neither a message nor the end has arrived after this time.
    pub first_message_timeout: Duration,
    /// Stop when no further message arrives within this time.
    pub idle_timeout: Duration,
}

impl ReadLimits {
    /// The limits for a server-streaming method. A stream that may stay open is left soon;
    /// a call that must be refused may take the whole `timeout`.
    pub fn for_expectation(expect: &Expect, client_streaming: bool, timeout: Duration) -> Self {
        let may_run = match expect {
            Expect::Accepted | Expect::AnyAnswer => true,
            Expect::OneOf(codes) => codes.contains(&Code(0)),
            Expect::MissingRequired(due) => due.is_empty(),
            Expect::Refused(_) | Expect::Http(_) => false,
        };
        // Longer than the timeout of the call, so that it never takes effect.
        let unlimited = timeout * 2;
        let short = Self {
            max_messages: 3,
            first_message_timeout: timeout.min(Duration::from_secs(1)),
            idle_timeout: Duration::from_millis(20),
        };
        match (may_run, client_streaming) {
            (true, _) => short,
            (false, false) => Self {
                first_message_timeout: unlimited,
                ..short
            },
            // The refused message may follow valid ones, which the server answers.
            (false, true) => Self {
                max_messages: usize::MAX,
                first_message_timeout: unlimited,
                idle_timeout: unlimited,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[test]
    fn refusal_after_answered_messages_is_waited_for() {
        let limits = ReadLimits::for_expectation(&Expect::Refused(Vec::new()), true, TIMEOUT);
        assert!(
            limits.max_messages > 100
                && limits.first_message_timeout > TIMEOUT
                && limits.idle_timeout > TIMEOUT
        );
    }

    #[test]
    fn refusal_of_one_message_may_take_the_whole_timeout() {
        let limits = ReadLimits::for_expectation(&Expect::Refused(Vec::new()), false, TIMEOUT);
        assert!(limits.first_message_timeout > TIMEOUT && limits.idle_timeout < TIMEOUT);
    }

    #[test]
    fn accepted_stream_is_left_soon() {
        for client_streaming in [false, true] {
            let limits = ReadLimits::for_expectation(&Expect::Accepted, client_streaming, TIMEOUT);
            assert!(limits.max_messages < 10 && limits.first_message_timeout < TIMEOUT);
        }
    }
}

//! What happens to a call with a fault, and its conversion from and to the contract.

use std::time::Duration;

use contract::bookstore::faults::v1::{
    BlackHoleEffect, ErrorEffect, Fault, HangUpEffect, LatencyEffect,
};
use tonic::Code;

/// What happens to an affected call.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It waits for `delay` and a random part of `jitter`, and is then handled.
    Latency {
        /// The shortest time.
        delay: Duration,
        /// How much longer it can be.
        jitter: Duration,
    },
    /// It fails with this code.
    Error {
        /// Not OK.
        code: Code,
    },
    /// Its connection is closed.
    HangUp,
    /// It is never answered.
    BlackHole,
}

impl Effect {
    /// Its name in metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Error { .. } => "error",
            Self::HangUp => "hang_up",
            Self::BlackHole => "black_hole",
        }
    }
}

impl Effect {
    /// `None` for a message that the rules of the contract refuse, which no validated request has.
    pub(super) fn from_message(fault: &Fault) -> Option<Self> {
        let duration = |duration: Option<prost_types::Duration>| {
            Duration::try_from(duration.unwrap_or_default()).ok()
        };
        if let Some(LatencyEffect { delay, jitter }) = fault.latency {
            Some(Self::Latency {
                delay: duration(delay)?,
                jitter: duration(jitter)?,
            })
        } else if let Some(ErrorEffect { code }) = fault.error {
            // The numbers are those of the protocol.
            let code = Code::from(code);
            Some(Self::Error { code })
        } else if fault.hang_up.is_some() {
            Some(Self::HangUp)
        } else {
            fault.black_hole.map(|_| Self::BlackHole)
        }
    }
}

/// A fault that says only what happens to its calls.
impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        let mut fault = Self::default();
        match effect {
            Effect::Latency { delay, jitter } => {
                fault.latency = Some(LatencyEffect {
                    delay: prost_types::Duration::try_from(delay).ok(),
                    jitter: prost_types::Duration::try_from(jitter).ok(),
                });
            }
            Effect::Error { code } => fault.error = Some(ErrorEffect { code: code as i32 }),
            Effect::HangUp => fault.hang_up = Some(HangUpEffect {}),
            Effect::BlackHole => fault.black_hole = Some(BlackHoleEffect {}),
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_survive_the_conversion() {
        let effects = [
            Effect::Latency {
                delay: Duration::from_millis(250),
                jitter: Duration::ZERO,
            },
            Effect::Latency {
                delay: Duration::from_secs(1),
                jitter: Duration::from_millis(1),
            },
            Effect::HangUp,
            Effect::BlackHole,
        ];
        let codes = (1..=16).map(|number| Effect::Error {
            code: Code::from(number),
        });
        for effect in effects.into_iter().chain(codes) {
            let message = Fault::from(effect.clone());
            assert_eq!(Effect::from_message(&message), Some(effect));
        }
    }
}

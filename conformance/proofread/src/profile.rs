//! Profiles: which reactions to protocol anomalies are accepted from a server, by its
//! gRPC stack, and which details an INVALID_ARGUMENT status must have.
//!
//! `profile.md` beside this file gives the sources of the entries.

mod protocol_anomaly;
mod stacks;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    case::{Expect, Violation},
    contract::Code,
};

pub use protocol_anomaly::{ProtocolAnomaly, Reaction};

/// The expectations of one gRPC stack.
#[derive(Debug, Clone)]
pub struct Profile {
    /// One of [`Profile::NAMES`].
    pub name: &'static str,
    /// The status details that a server must send when a request breaks rules.
    pub details: Details,
    /// The greatest size of the trailer fields in bytes, as HTTP/2 counts them.
    pub trailer_limit: usize,
    reactions: BTreeMap<ProtocolAnomaly, Reaction>,
}

/// Which messages `grpc-status-details-bin` must contain when a request breaks rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// `buf.validate.Violations` and then `google.rpc.BadRequest` with the same violations.
    /// Its reasons are the rule ids in Google's form, `STRING_MIN_LEN` for example.
    Both,
    /// `buf.validate.Violations`. A `BadRequest` is checked where it is present.
    Violations,
    /// `google.rpc.BadRequest`. `Violations` are checked where they are present.
    BadRequest,
    /// Neither is required. Details that are present must be correct.
    #[default]
    Any,
    /// Details are not checked.
    None,
}

impl Profile {
    /// The names of the built-in profiles.
    pub const NAMES: [&'static str; 7] = [
        "strict",
        "tonic",
        "grpcio",
        "grpc-go",
        "grpc-java",
        "connect",
        "connect-node",
    ];

    /// The default trailer limit of 8 KiB, where proxies and clients cut trailers:
    /// PROTOCOL-HTTP2.md, Responses.
    pub const TRAILER_LIMIT: usize = 8 * 1024;

    /// The built-in profile with this name.
    pub fn named(name: &str) -> Option<Self> {
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        let reactions = ProtocolAnomaly::ALL
            .iter()
            .map(|anomaly| (*anomaly, stacks::reaction(*anomaly, index)));
        Some(Self {
            name: Self::NAMES[index],
            details: Details::Any,
            trailer_limit: Self::TRAILER_LIMIT,
            reactions: reactions.collect(),
        })
    }

    /// The profile that accepts whatever the specification allows.
    pub fn strict() -> Self {
        Self::named("strict").unwrap_or_else(|| unreachable!("it is in the list"))
    }

    /// This profile with other required details.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// This profile with another trailer limit.
    #[must_use]
    pub fn with_trailer_limit(mut self, bytes: usize) -> Self {
        self.trailer_limit = bytes;
        self
    }

    /// The accepted reactions to an anomaly.
    pub fn reaction(&self, anomaly: ProtocolAnomaly) -> &Reaction {
        // The map contains every anomaly.
        self.reactions
            .get(&anomaly)
            .unwrap_or(&Reaction::Unspecified)
    }

    /// The expectation of a message without a required field. A server whose stack parses it
    /// reads the default value of the field, and must report the rules that this breaks.
    pub(crate) fn expectation_of_incomplete_message(&self, broken: &[Violation]) -> Expect {
        const INVALID_ARGUMENT: Code = Code(3);
        let expect = self.expectation(ProtocolAnomaly::MissingRequiredField);
        match expect {
            Expect::OneOf(mut codes) if codes.contains(&Code(0)) && !broken.is_empty() => {
                codes.retain(|code| *code != Code(0));
                codes.push(INVALID_ARGUMENT);
                Expect::OneOf(codes)
            }
            expect => expect,
        }
    }

    /// The accepted reactions to an anomaly, as the expectation of a case.
    pub fn expectation(&self, anomaly: ProtocolAnomaly) -> Expect {
        let codes = |codes: &[i32]| -> Vec<Code> { codes.iter().copied().map(Code).collect() };
        match self.reaction(anomaly) {
            Reaction::Runs => Expect::Accepted,
            Reaction::Fails(with) => Expect::OneOf(codes(with)),
            Reaction::RunsOr(with) => {
                let failing = codes(with).into_iter();
                Expect::OneOf([Code(0)].into_iter().chain(failing).collect())
            }
            Reaction::Http(statuses) => Expect::Http(statuses.to_vec()),
            Reaction::Unspecified => Expect::AnyAnswer,
        }
    }
}

impl FromStr for Details {
    type Err = UnknownDetails;

    fn from_str(text: &str) -> Result<Self, UnknownDetails> {
        match text {
            "both" => Ok(Self::Both),
            "violations" => Ok(Self::Violations),
            "bad_request" => Ok(Self::BadRequest),
            "any" => Ok(Self::Any),
            "none" => Ok(Self::None),
            _ => Err(UnknownDetails(text.to_owned())),
        }
    }
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both => "both",
            Self::Violations => "violations",
            Self::BadRequest => "bad_request",
            Self::Any => "any",
            Self::None => "none",
        })
    }
}

/// The error for a text that names no [`Details`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("details must be both, violations, bad_request, any or none, not {0:?}")]
pub struct UnknownDetails(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_profile_and_each_anomaly_a_reaction() {
        for name in Profile::NAMES {
            let profile = Profile::named(name).expect("built in");
            assert_eq!(profile.name, name);
            assert_eq!(profile.reactions.len(), ProtocolAnomaly::ALL.len());
        }
        assert!(Profile::named("other").is_none());
    }

    #[test]
    fn details_parse_from_their_display_form() {
        for details in [
            Details::Both,
            Details::Violations,
            Details::BadRequest,
            Details::Any,
            Details::None,
        ] {
            assert_eq!(details.to_string().parse(), Ok(details));
        }
        assert!("most".parse::<Details>().is_err());
    }

    #[test]
    fn document_contains_the_table_of_the_code() {
        let document = include_str!("profile.md");
        let table = stacks::table();
        assert!(
            document.contains(&table),
            "replace the table in profile.md by:\n{table}"
        );
    }
}

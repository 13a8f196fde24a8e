//! What a server may do where the gRPC specification leaves it open, and what real
//! stacks do otherwise; and which details a refusal carries.
//!
//! `profile.md` beside this file says for each entry where it comes from.

mod oddity;
mod stacks;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{case::Expect, contract::Code};

pub use oddity::{Oddity, Reaction};

/// What is expected of the stack of a server.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name: one of [`Profile::NAMES`].
    pub name: &'static str,
    /// The details that a refusal by rules carries.
    pub details: Details,
    /// The greatest size of the trailer fields in bytes, counted as HTTP/2 does.
    pub trailer_limit: usize,
    reactions: BTreeMap<Oddity, Reaction>,
}

/// The details of a refusal by rules: INVALID_ARGUMENT with which messages in
/// `grpc-status-details-bin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// `buf.validate.Violations` and then `google.rpc.BadRequest`, which says the
    /// same, with the rule in Google's spelling as the reason.
    Both,
    /// `buf.validate.Violations`; the other is judged where it is there.
    Violations,
    /// `google.rpc.BadRequest`; the other is judged where it is there.
    BadRequest,
    /// Whatever is there must be right, and nothing need be there.
    #[default]
    Any,
    /// They are not looked at.
    None,
}

impl Profile {
    /// The names of the built-in profiles.
    pub const NAMES: [&'static str; 6] = [
        "strict",
        "tonic",
        "grpcio",
        "grpc-go",
        "grpc-java",
        "connect",
    ];

    /// 8 KiB is where proxies and clients cut trailers: PROTOCOL-HTTP2.md, Responses.
    pub const TRAILER_LIMIT: usize = 8 * 1024;

    /// A built-in profile.
    pub fn named(name: &str) -> Option<Self> {
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        let reactions = Oddity::ALL
            .iter()
            .map(|oddity| (*oddity, stacks::reaction(*oddity, index)));
        Some(Self {
            name: Self::NAMES[index],
            details: Details::Any,
            trailer_limit: Self::TRAILER_LIMIT,
            reactions: reactions.collect(),
        })
    }

    /// The union of what the specification allows.
    pub fn strict() -> Self {
        Self::named("strict").unwrap_or_else(|| unreachable!("it is in the list"))
    }

    /// The same with other details.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// The same with another limit.
    #[must_use]
    pub fn with_trailer_limit(mut self, bytes: usize) -> Self {
        self.trailer_limit = bytes;
        self
    }

    /// What the server does when something is odd.
    pub fn reaction(&self, oddity: Oddity) -> &Reaction {
        // All are there: the map is made of them.
        self.reactions.get(&oddity).unwrap_or(&Reaction::Open)
    }

    /// The same, as what is expected of a case.
    pub fn expects(&self, oddity: Oddity) -> Expect {
        let codes = |codes: &[i32]| -> Vec<Code> { codes.iter().copied().map(Code).collect() };
        match self.reaction(oddity) {
            Reaction::Runs => Expect::Accepted,
            Reaction::Fails(with) => Expect::OneOf(codes(with)),
            Reaction::RunsOr(with) => {
                let failing = codes(with).into_iter();
                Expect::OneOf([Code(0)].into_iter().chain(failing).collect())
            }
            Reaction::Http(statuses) => Expect::Http(statuses.to_vec()),
            Reaction::Open => Expect::Survives,
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

/// A word that names no [`Details`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("details are both, violations, bad_request, any or none, not {0:?}")]
pub struct UnknownDetails(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_profile_and_every_oddity_a_reaction() {
        for name in Profile::NAMES {
            let profile = Profile::named(name).expect("built in");
            assert_eq!(profile.name, name);
            assert_eq!(profile.reactions.len(), Oddity::ALL.len());
        }
        assert!(Profile::named("other").is_none());
    }

    #[test]
    fn details_are_read_as_they_are_written() {
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
    fn the_document_has_the_table_of_the_code() {
        let document = include_str!("profile.md");
        let table = stacks::table();
        assert!(
            document.contains(&table),
            "put this table into profile.md:\n{table}"
        );
    }
}

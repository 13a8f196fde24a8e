//! Generates answers: random messages that keep the rules of the contract, the same for
//! equal requests.

use std::cell::RefCell;

use prost::Message as _;
use prost_reflect::DynamicMessage;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{paging::Lists, status::Status};
use crate::{
    case::Expect,
    cases::{Fixtures, make_field_invalid},
    contract::{Contract, Method},
    generator::{MessageGenerator, hash, hash_bytes},
    judge::MethodContract,
    oracle::Oracle,
};

/// The nesting depths that are tried, until a message keeps every rule.
const DEPTHS: [usize; 10] = [3, 3, 3, 2, 2, 2, 1, 1, 0, 0];

/// How many attempts are made to break a rule of an answer.
const ATTEMPTS: usize = 30;

/// The greatest size of a generated answer in bytes.
const MAX_BYTES: usize = 64 << 10;

/// The greatest number of messages of a stream.
const MAX_STREAM: u64 = 3;

/// Generates the answers of one contract.
pub(super) struct Answers<'c> {
    pub(super) contract: &'c Contract,
    pub(super) oracle: Oracle,
    pub(super) generator: RefCell<MessageGenerator<'c>>,
    pub(super) lists: RefCell<Lists>,
    seed: u64,
}

impl<'c> Answers<'c> {
    pub(super) fn new(
        contract: &'c Contract,
        oracle: &Oracle,
        fixtures: &'c Fixtures,
        seed: u64,
    ) -> Self {
        Self {
            contract,
            oracle: oracle.clone(),
            generator: RefCell::new(MessageGenerator::new(contract, oracle.clone(), fixtures)),
            lists: RefCell::default(),
            seed,
        }
    }

    /// The encoded answer with this number to requests that keep every rule.
    pub(super) fn answer(
        &self,
        method: &MethodContract<'c>,
        requests: &[DynamicMessage],
        number: u64,
    ) -> Result<Vec<u8>, Status> {
        if let [request] = requests
            && let Some(page) = self.page(method, request)?
        {
            return Ok(page.encode_to_vec());
        }
        let salt = self.salt(method.method, requests) ^ number;
        Ok(self.message(method.method, salt).encode_to_vec())
    }

    /// How many messages the stream of answers has.
    pub(super) fn stream_length(&self, method: &Method, requests: &[DynamicMessage]) -> u64 {
        1 + self.salt(method, requests) % MAX_STREAM
    }

    /// A number that depends on the seed, the method and the requests. Unlike their bytes,
    /// their text does not depend on the order of a map.
    pub(super) fn salt(&self, method: &Method, requests: &[DynamicMessage]) -> u64 {
        let salt = self.seed ^ hash(&method.path);
        requests.iter().fold(salt, |salt, request| {
            let text = serde_json::to_value(request).map(|json| json.to_string());
            let text = text.unwrap_or_default();
            salt.rotate_left(7) ^ hash_bytes(text.as_bytes())
        })
    }

    /// A random response that keeps every rule, or the smallest one. If no such response
    /// is found, an empty one.
    pub(super) fn message(&self, method: &Method, salt: u64) -> DynamicMessage {
        let empty = DynamicMessage::new(method.descriptor.output());
        // Messages of protobuf itself have no rules.
        let Some(response) = self.contract.message(&method.response) else {
            return empty;
        };
        let mut generator = self.generator.borrow_mut();
        let mut rng = StdRng::seed_from_u64(salt);
        for depth in DEPTHS {
            let message = generator.random_message(response, &mut rng, depth);
            if message.encoded_len() <= MAX_BYTES && self.is_valid(&message) {
                return message;
            }
        }
        generator.smallest(response).unwrap_or(empty)
    }

    /// An encoded response that breaks a rule, or that does not decode if no rule can be
    /// broken.
    pub(super) fn invalid(&self, method: &Method, salt: u64) -> Vec<u8> {
        let mut message = self.message(method, salt);
        let mut rng = StdRng::seed_from_u64(salt);
        if let Some(response) = self.contract.message(&method.response) {
            let mut generator = self.generator.borrow_mut();
            for _ in 0..ATTEMPTS {
                make_field_invalid(&mut generator, response, &mut message, &mut rng);
                if !self.is_valid(&message) {
                    return message.encode_to_vec();
                }
            }
        }
        // The beginning of a field without its end.
        vec![rng.random_range(0x80..=0xff)]
    }

    pub(super) fn is_valid(&self, message: &DynamicMessage) -> bool {
        self.oracle.expectation([message]) == Ok(Expect::Accepted)
    }
}

//! Slow hashes of passwords, computed on blocking threads, a bounded number at once.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, PasswordHash},
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use tokio::{sync::Semaphore, task, time};

/// The memory and time that one hash costs. Higher costs make stolen hashes harder to attack.
#[derive(Debug, Clone, PartialEq)]
pub struct HashCost(Params);

/// The cost is outside what argon2 allows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("argon2 does not allow {memory_kib} KiB of memory with {passes} passes: {cause}")]
pub struct InvalidHashCost {
    memory_kib: u32,
    passes: u32,
    cause: argon2::Error,
}

impl HashCost {
    /// A cost of `memory_kib` KiB, at least 8, and `passes` over that memory, at least 1.
    pub fn new(memory_kib: u32, passes: u32) -> Result<Self, InvalidHashCost> {
        Params::new(memory_kib, passes, 1, None)
            .map(Self)
            .map_err(|cause| InvalidHashCost {
                memory_kib,
                passes,
                cause,
            })
    }
}

impl Default for HashCost {
    /// 19 MiB and 2 passes: the minimum for argon2id in OWASP's Password Storage Cheat Sheet,
    /// which is also the default of the crate `argon2`.
    fn default() -> Self {
        Self(Params::DEFAULT)
    }
}

/// Whether a password is the one of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is another password, or there is no account.
    Wrong,
    /// It is the password.
    Right {
        /// The hash has another cost than new ones: store a new hash of this password.
        outdated: bool,
    },
}

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// As many hashes as allowed were being computed for the whole time that a caller waits.
    #[error("too many passwords are being hashed")]
    Overloaded,
    /// A stored hash is not a hash of argon2.
    #[error("a stored password hash is invalid: {0}")]
    InvalidHash(password_hash::Error),
    /// The password or the salt is longer than argon2 allows.
    #[error("a password cannot be hashed: {0}")]
    Hash(argon2::Error),
    /// The thread that computed the hash panicked, or the runtime is being shut down.
    #[error("the computation of a password hash ended early: {0}")]
    Ended(#[from] task::JoinError),
}

/// Hashes and verifies passwords with argon2id.
///
/// At most `concurrency` hashes are computed at once, so a flood of sign-ins uses at most
/// `concurrency` times the memory of [`HashCost`], and no thread of the async runtime. The memory
/// is kept and used again: if each hash allocated its own, the allocator would keep some of it for
/// each thread. Callers wait in order, and get [`PasswordError::Overloaded`] after `max_wait`.
#[derive(Clone)]
pub struct Passwords {
    cost: HashCost,
    permits: Arc<Semaphore>,
    memory: Arc<MemoryPool>,
    max_wait: Duration,
    /// A hash that no password has, for addresses without an account.
    nobodys_hash: Arc<str>,
}

/// The memory of hashes that are not being computed; at most one piece for each permit.
#[derive(Default)]
struct MemoryPool(Mutex<Vec<Vec<Block>>>);

impl MemoryPool {
    /// The output of argon2, computed in memory of the pool.
    fn output(
        &self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), PasswordError> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = lock().pop().unwrap_or_default();
        let blocks = argon2.params().block_count();
        memory.resize(memory.len().max(blocks), Block::default());
        let hashed = argon2.hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            output,
            &mut memory[..blocks],
        );
        lock().push(memory);
        hashed.map_err(PasswordError::Hash)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Passwords")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

impl Passwords {
    /// A good `concurrency` is the number of cores.
    pub fn new(cost: HashCost, concurrency: usize, max_wait: Duration) -> Self {
        Self {
            nobodys_hash: nobodys_hash(&cost).into(),
            cost,
            permits: Arc::new(Semaphore::new(concurrency)),
            memory: Arc::default(),
            max_wait,
        }
    }

    /// Returns the hash of a new password with a random salt, in the PHC string format.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let (cost, memory) = (self.cost.clone(), Arc::clone(&self.memory));
        self.compute(move || {
            let salt: [u8; 16] = rand::random();
            let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.0.clone());
            memory.output(&argon2, &password, &salt, &mut output)?;
            Ok(phc_string(&cost, salt, output))
        })
        .await
    }

    /// Compares a password with the stored hash. Without one, because no account has the
    /// address, the same work is done and the verdict is [`Verdict::Wrong`].
    ///
    /// The work depends on the cost in the hash, so it differs for an outdated hash.
    pub async fn verify(
        &self,
        password: String,
        stored_hash: Option<&str>,
    ) -> Result<Verdict, PasswordError> {
        let hash = PasswordHash::new(stored_hash.unwrap_or(&self.nobodys_hash))
            .map_err(|error| PasswordError::InvalidHash(error.into()))?;
        let hash_cost = Params::try_from(&hash).map_err(PasswordError::InvalidHash)?;
        let outdated = hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
            || hash_cost.m_cost() != self.cost.0.m_cost()
            || hash_cost.t_cost() != self.cost.0.t_cost()
            || hash_cost.p_cost() != self.cost.0.p_cost();
        let invalid = || PasswordError::InvalidHash(password_hash::Error::EncodingInvalid);
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| invalid())?;
        let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from);
        let argon2 = Argon2::new(algorithm, version.map_err(|_| invalid())?, hash_cost);
        let (salt, expected) = hash.salt.zip(hash.hash).ok_or_else(invalid)?;
        let memory = Arc::clone(&self.memory);
        self.compute(move || {
            let mut output = vec![0; expected.len()];
            memory.output(&argon2, &password, &salt, &mut output)?;
            // The comparison takes the same time wherever the outputs differ.
            let output = Output::new(&output).map_err(|_| invalid())?;
            Ok(if output == expected {
                Verdict::Right { outdated }
            } else {
                Verdict::Wrong
            })
        })
        .await
    }

    /// Runs `work` on a blocking thread. The permit belongs to the work and not to the caller:
    /// a caller that goes away does not make room while its hash is still being computed.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = match time::timeout(self.max_wait, self.permits.clone().acquire_owned()).await
        {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) | Err(_) => return Err(PasswordError::Overloaded),
        };
        task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await?
    }
}

/// A well-formed hash of the given cost whose output is random instead of computed.
fn nobodys_hash(cost: &HashCost) -> String {
    let (salt, output) = rand::random();
    phc_string(cost, salt, output)
}

/// A hash in the PHC string format.
fn phc_string(cost: &HashCost, salt: [u8; 16], output: [u8; Params::DEFAULT_OUTPUT_LEN]) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        cost.0.m_cost(),
        cost.0.t_cost(),
        cost.0.p_cost(),
        BASE64_STANDARD_NO_PAD.encode(salt),
        BASE64_STANDARD_NO_PAD.encode(output),
    )
}

#[cfg(test)]
mod tests;

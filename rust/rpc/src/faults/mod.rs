//! Fault injection: the faults that the operator has set for the calls of this process, and the
//! service `bookstore.faults.v1` that sets them. The layer `inject_faults` applies them.
//!
//! Nothing is injected unless the process was started for it, and every fault has an end. A
//! process has its own faults; they are in no database.

mod effect;
mod grpc;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

pub use self::effect::Effect;
pub(crate) use self::grpc::FaultHandler;
use crate::method::MethodInfo;

/// The faults of a process. Clones share them.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    allowed: bool,
    /// Whether there are faults. Every call reads it, so that a process without faults takes no
    /// lock.
    any: AtomicBool,
    table: Mutex<BTreeMap<Target, Entry>>,
}

/// What a fault affects: a service, or one method of it. An empty method stands for all methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The full name of the service.
    pub service: &'static str,
    /// The name of the method; empty for all methods of the service.
    pub method: &'static str,
}

/// A fault as it was set.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Which calls it affects.
    pub target: Target,
    /// The share of affected calls, from 1 to 100.
    pub percent: u8,
    /// After how many affected calls it is removed; `None` for no limit.
    pub max_calls: Option<u32>,
    /// What happens to an affected call.
    pub effect: Effect,
}

/// A fault that is in effect.
#[derive(Clone, Debug)]
pub struct ActiveFault {
    /// The fault.
    pub fault: Fault,
    /// The time until it is removed.
    pub remaining: Duration,
    /// How many calls it has affected.
    pub affected_calls: u32,
}

#[derive(Debug)]
struct Entry {
    fault: Fault,
    until: Instant,
    affected_calls: u32,
}

impl Faults {
    /// No faults. `allowed` tells whether some can be set.
    pub fn new(allowed: bool) -> Self {
        Self(Arc::new(Shared {
            allowed,
            any: AtomicBool::new(false),
            table: Mutex::default(),
        }))
    }

    /// Whether faults can be set.
    pub fn are_allowed(&self) -> bool {
        self.0.allowed
    }

    /// Injects a fault for some time, in place of that of the same target. Without effect if
    /// faults are not allowed.
    pub fn set(&self, fault: Fault, lifetime: Duration) {
        if !self.0.allowed {
            return;
        }
        let entry = Entry {
            until: Instant::now() + lifetime,
            affected_calls: 0,
            fault,
        };
        let mut table = self.table();
        table.insert(entry.fault.target, entry);
        self.0.any.store(true, Relaxed);
    }

    /// Removes the fault of a target. Returns whether there was one.
    pub fn remove(&self, target: Target) -> bool {
        self.table().remove(&target).is_some()
    }

    /// The faults that are in effect, by service and method.
    pub fn list(&self) -> Vec<ActiveFault> {
        let now = Instant::now();
        let table = self.table();
        let entries = table.values();
        entries
            .map(|entry| ActiveFault {
                fault: entry.fault.clone(),
                remaining: entry.until.saturating_duration_since(now),
                affected_calls: entry.affected_calls,
            })
            .collect()
    }

    /// What happens to the next call of a method; `None` for nothing. `roll` is a random
    /// number from 0 to 99.
    pub(crate) fn next_effect(
        &self,
        method: &MethodInfo,
        roll: impl FnOnce() -> u8,
    ) -> Option<Effect> {
        if !self.0.any.load(Relaxed) || method.infrastructure {
            return None;
        }
        let mut table = self.table();
        let of_method = Target {
            service: method.service,
            method: method.name,
        };
        let of_service = Target {
            method: "",
            ..of_method
        };
        let target = [of_method, of_service]
            .into_iter()
            .find(|target| table.contains_key(target))?;
        let entry = table.get_mut(&target)?;
        if roll() >= entry.fault.percent {
            return None;
        }
        entry.affected_calls = entry.affected_calls.saturating_add(1);
        let (effect, affected_calls) = (entry.fault.effect.clone(), entry.affected_calls);
        if entry.fault.max_calls == Some(affected_calls) {
            table.remove(&target);
            let Target { service, method } = target;
            tracing::warn!(
                service,
                method,
                affected_calls,
                "a fault is removed: it has affected all its calls"
            );
        }
        Some(effect)
    }

    /// The table without the faults whose time has passed.
    fn table(&self) -> MutexGuard<'_, BTreeMap<Target, Entry>> {
        // The table is valid after every statement.
        let mut table = self.0.table.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        table.retain(|target, entry| {
            let lasts = entry.until > now;
            if !lasts {
                let (service, method) = (target.service, target.method);
                let affected_calls = entry.affected_calls;
                tracing::warn!(
                    service,
                    method,
                    affected_calls,
                    "a fault is removed: its lifetime has passed"
                );
            }
            lasts
        });
        self.0.any.store(!table.is_empty(), Relaxed);
        table
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::method::lookup;

    const SERVICE: &str = "bookstore.inventory.v1.InventoryService";
    const MINUTE: Duration = Duration::from_secs(60);

    fn get_book() -> &'static MethodInfo {
        lookup("/bookstore.inventory.v1.InventoryService/GetBook")
    }

    fn fault(method: &'static str, percent: u8, code: Code) -> Fault {
        Fault {
            target: Target {
                service: SERVICE,
                method,
            },
            percent,
            max_calls: None,
            effect: Effect::Error { code },
        }
    }

    fn allowed(faults: impl IntoIterator<Item = Fault>) -> Faults {
        let set = Faults::new(true);
        faults.into_iter().for_each(|fault| set.set(fault, MINUTE));
        set
    }

    /// The code with which the call fails for a roll.
    fn code(faults: &Faults, method: &MethodInfo, roll: u8) -> Option<Code> {
        match faults.next_effect(method, || roll)? {
            Effect::Error { code } => Some(code),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_injected_unless_it_is_allowed() {
        let faults = Faults::new(false);
        faults.set(fault("", 100, Code::Internal), MINUTE);
        assert!(faults.list().is_empty());
        assert_eq!(code(&faults, get_book(), 0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn share_of_the_calls_is_affected() {
        let faults = allowed([fault("GetBook", 30, Code::Internal)]);
        let affected = (0..100).filter(|roll| code(&faults, get_book(), *roll).is_some());
        assert_eq!(affected.count(), 30);
        assert_eq!(faults.list()[0].affected_calls, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn fault_of_a_method_takes_the_place_of_that_of_its_service() {
        let faults = allowed([
            fault("", 100, Code::Internal),
            fault("GetBook", 1, Code::Unavailable),
        ]);
        assert_eq!(code(&faults, get_book(), 0), Some(Code::Unavailable));
        assert_eq!(code(&faults, get_book(), 50), None);
        let list_books = lookup("/bookstore.inventory.v1.InventoryService/ListBooks");
        assert_eq!(code(&faults, list_books, 50), Some(Code::Internal));
        let other = lookup("/bookstore.cart.v1.CartService/GetCart");
        assert_eq!(code(&faults, other, 0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn fault_ends_when_its_lifetime_has_passed() {
        let faults = allowed([fault("", 100, Code::Internal)]);
        tokio::time::advance(MINUTE - Duration::from_millis(1)).await;
        assert!(code(&faults, get_book(), 0).is_some());
        assert_eq!(faults.list()[0].remaining, Duration::from_millis(1));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(code(&faults, get_book(), 0), None);
        assert!(faults.list().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn fault_ends_when_it_has_affected_its_calls() {
        let two_calls = Fault {
            max_calls: Some(2),
            ..fault("", 50, Code::Internal)
        };
        let faults = allowed([two_calls]);
        let rolls = [10, 60, 20, 30].map(|roll| code(&faults, get_book(), roll).is_some());
        assert_eq!(rolls, [true, false, true, false]);
        assert!(faults.list().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn new_fault_replaces_the_old_one_and_can_be_removed() {
        let faults = allowed([
            fault("", 100, Code::Internal),
            fault("", 100, Code::Aborted),
        ]);
        assert_eq!(code(&faults, get_book(), 0), Some(Code::Aborted));
        let target = fault("", 1, Code::Ok).target;
        assert!(faults.remove(target));
        assert!(!faults.remove(target));
        assert_eq!(code(&faults, get_book(), 0), None);
    }
}

//! The kill table: every fault is tested by proofread, and must be caught by the
//! phase that claims it; the correct server is, too, and must not be.

mod alarms;
mod hunt;
mod sections;
mod table;

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use proofread::contract::Contract;

pub use alarms::{Alarms, alarms};
pub use hunt::{Catch, Hunted, hunt};
pub use sections::{Sections, stale, write};
pub use table::{markdown, summary};

use crate::{faults::Fault, image};

/// Hunts all faults, some at a time; answers in their order.
///
/// `program` is this program: a fault that ends its process is served by a child.
///
/// # Errors
/// When a server can't be started or reached.
pub fn hunt_all(faults: Vec<Fault>, program: &Path, at_once: usize) -> anyhow::Result<Vec<Hunted>> {
    let contract = Contract::decode(image::contract())?;
    let faults: Vec<_> = faults.into_iter().map(std::sync::Arc::new).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    // A thread and a runtime each: what a fault does to its server stays there.
    let work = || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
            let hunted = runtime.block_on(hunt(&contract, fault, program))?;
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push(hunted);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let hunters: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        hunters
            .into_iter()
            .try_for_each(|hunter| match hunter.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let place = |id: &str| faults.iter().position(|fault| fault.id == id);
    done.sort_by_key(|hunted| place(&hunted.fault.id));
    Ok(done)
}

//! The kill table: proofread runs on every fault, and the expected phase must detect it;
//! it also runs on the correct server, where it must report nothing.

mod false_positives;
mod markdown;
mod markdown_sections;
mod run_fault;

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use proofread::contract::Contract;

pub use false_positives::{CorrectServerReport, test_correct_server};
pub use markdown::{markdown, summary};
pub use markdown_sections::update;
pub use run_fault::{Detection, FaultResult, run_fault};

use crate::{faults::Fault, image};

/// Runs proofread on all faults, `concurrency` at a time. The results are in the order of
/// the faults.
///
/// `program` is the path of the `faults` binary: a fault that exits the process is served
/// by a child process.
///
/// # Errors
/// When a server can't be started or reached.
pub fn run_faults(
    faults: Vec<Fault>,
    program: &Path,
    concurrency: usize,
) -> anyhow::Result<Vec<FaultResult>> {
    let contract = Contract::decode(image::contract())?;
    let faults: Vec<_> = faults.into_iter().map(std::sync::Arc::new).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    // A thread and a runtime for each: a fault must not affect the other servers.
    let work = || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = runtime.block_on(run_fault(&contract, fault, program))?;
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push(result);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..concurrency).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let position = |id: &str| faults.iter().position(|fault| fault.id == id);
    done.sort_by_key(|result| position(&result.fault.id));
    Ok(done)
}

//! Transactions: so far only the second tutorial's contract.

use futures::{FutureExt, future};
use transactions::StubGateway;

use super::Definition;
use crate::assembly::Assembly;

pub static DEFINITION: Definition = Definition {
    calls: &[],
    grpc_services: &["payment.PaymentService"],
    needs_data_folder: false,
    start: |assembly| future::ready(start(assembly)).boxed(),
};

#[expect(
    clippy::unnecessary_wraps,
    reason = "all services start in the same way, and most of them can fail"
)]
fn start(assembly: &mut Assembly) -> anyhow::Result<()> {
    assembly.add_server(transactions::legacy(StubGateway));
    Ok(())
}

//! A crash at each point before or after a commit or a call of the provider.

use std::sync::Arc;

use service::CrashPoints;
use store::testing::TestDb;

use super::{TestTransactions, charge_request, refund_request};
use crate::{
    ChargeRequest, Options, RefundRequest, TransactionState, Transactions, TransactionsError,
};

store::both_engines! { crate::SCHEMA => money_is_moved_once_whatever_crashes }

/// A charge that is paid back in two parts.
pub(super) struct Scenario {
    charge: ChargeRequest,
    part_id: uuid::Uuid,
    rest_id: uuid::Uuid,
}

impl Scenario {
    pub(super) fn new() -> Self {
        Self {
            charge: charge_request("tok_visa", 10_000),
            part_id: uuid::Uuid::new_v4(),
            rest_id: uuid::Uuid::new_v4(),
        }
    }

    pub(super) async fn run(
        &self,
        service: &Transactions,
    ) -> Result<TransactionState, TransactionsError> {
        let id = service.charge(&self.charge).await?.transaction_id;
        let part = RefundRequest {
            request_id: self.part_id,
            ..refund_request(id, Some(4_000))
        };
        service.refund(&part).await?;
        let rest = RefundRequest {
            request_id: self.rest_id,
            ..refund_request(id, None)
        };
        Ok(service.refund(&rest).await?.1.state())
    }
}

async fn money_is_moved_once_whatever_crashes(database: TestDb) {
    let service = TestTransactions::open(&database);
    for number in 0.. {
        let crash_points = Arc::new(CrashPoints::stop_at(number));
        let crashing = service.with_options(Options {
            crash_points: Arc::clone(&crash_points),
            ..service.options()
        });
        let scenario = Scenario::new();
        let crashed = tokio::select! {
            finished = scenario.run(&crashing) => {
                finished.expect("the provider answers");
                false
            }
            () = crash_points.stopped() => true,
        };
        // After the restart the background task finishes what was acknowledged to nobody.
        service.resume().await;
        service.assert_balanced().await;
        // A client that retries gets the same charge and the same refunds.
        let retried = scenario.run(&service.transactions).await;
        let state = retried.expect("the provider answers");
        assert_eq!(state, TransactionState::Refunded, "point {number}");
        assert_eq!(service.provider.charges(), number + 1, "point {number}");
        service.assert_balanced().await;
        // The provider keeps its fee of each charge, and nothing else is left.
        let charges = i64::try_from(service.provider.charges()).expect("they are few");
        assert_eq!(service.provider.balance(), charges * -100, "point {number}");
        if !crashed {
            assert_eq!(number, 12, "the number of points");
            return;
        }
    }
}

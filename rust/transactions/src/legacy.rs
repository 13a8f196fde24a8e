//! The service `/payment.PaymentService/ProcessPayment` of the second tutorial, compatible
//! with its clients.

use contract::payment::{
    PaymentRequest, PaymentResponse,
    payment_service_server::{PaymentService, PaymentServiceServer},
};
use service::{IdSource, UuidV7Ids};
use tonic::{Request, Response, Status};

use crate::{Amount, ChargeRequest, InvalidPayment, Transactions};

/// The line that the original prints when it is ready.
pub const READY: &str = "Payment Processing Service ready!";

/// The payment method of every payment, because the contract has none.
const TOKEN: &str = "tok_visa";

/// The handler of the second tutorial's `payment.PaymentService`.
#[derive(Debug)]
pub struct Legacy(Transactions);

impl Transactions {
    /// The gRPC service of the second tutorial, to be added to a router. Logs [`READY`], which
    /// the original prints.
    pub fn legacy_server(&self) -> PaymentServiceServer<Legacy> {
        tracing::info!("{READY}");
        PaymentServiceServer::new(Legacy(self.clone()))
    }
}

#[tonic::async_trait]
impl PaymentService for Legacy {
    async fn process_payment(
        &self,
        request: Request<PaymentRequest>,
    ) -> Result<Response<PaymentResponse>, Status> {
        let charge = charge_request(request.into_inner())?;
        let transaction = self.0.charge(&charge).await?;
        let status = match transaction.decline_reason {
            None => "SUCCESS",
            Some(_) => "FAILED",
        };
        Ok(Response::new(PaymentResponse {
            payment_id: transaction.transaction_id.to_string(),
            status: status.to_owned(),
        }))
    }
}

/// Validates a request. If several fields are invalid, the error is about the first one.
///
/// Each call is a new charge, as in the original: the contract has no request id. The user is
/// not the owner of an account, because anybody may call this method in any name.
pub(crate) fn charge_request(request: PaymentRequest) -> Result<ChargeRequest, InvalidPayment> {
    if request.order_id.trim().is_empty() {
        return Err(InvalidPayment::OrderIdUnset);
    }
    let amount = Amount::from_major(request.amount, &request.currency)?;
    if request.user_id.trim().is_empty() {
        return Err(InvalidPayment::UserIdUnset);
    }
    Ok(ChargeRequest {
        request_id: UuidV7Ids.next_id(),
        amount: amount.into(),
        token: TOKEN.to_owned(),
        reference: request.order_id,
        account_id: None,
        receipt_email: None,
    })
}

//! The service `/payment.PaymentService/ProcessPayment` of the second tutorial, compatible
//! with its clients.

use contract::payment::{
    PaymentRequest, PaymentResponse,
    payment_service_server::{PaymentService, PaymentServiceServer},
};
use tonic::{Request, Response, Status};

use crate::{
    Amount, ChargeError, ChargeReceipt, InvalidPayment, OrderId, Payment, PaymentGateway, UserId,
};

/// The line that the original prints when it is ready.
pub const READY: &str = "Payment Processing Service ready!";

/// The handler of the second tutorial's `payment.PaymentService`.
#[derive(Debug)]
pub struct Legacy<Gateway>(Gateway);

/// The gRPC service of the second tutorial, to be added to a router. Logs [`READY`], which
/// the original prints.
pub fn legacy<Gateway: PaymentGateway>(gateway: Gateway) -> PaymentServiceServer<Legacy<Gateway>> {
    tracing::info!("{READY}");
    PaymentServiceServer::new(Legacy(gateway))
}

#[tonic::async_trait]
impl<Gateway: PaymentGateway> PaymentService for Legacy<Gateway> {
    async fn process_payment(
        &self,
        request: Request<PaymentRequest>,
    ) -> Result<Response<PaymentResponse>, Status> {
        let payment = payment(request.into_inner())?;
        let (payment_id, status) = match self.0.charge(&payment).await {
            Ok(ChargeReceipt { payment_id }) => (payment_id, "SUCCESS"),
            Err(ChargeError::Declined { payment_id }) => (payment_id, "FAILED"),
            Err(failed @ ChargeError::Failed(_)) => return Err(rpc::internal(&failed)),
        };
        Ok(Response::new(PaymentResponse {
            payment_id: payment_id.to_string(),
            status: status.to_owned(),
        }))
    }
}

/// Validates a request. If several fields are invalid, the error is about the first one.
fn payment(request: PaymentRequest) -> Result<Payment, InvalidPayment> {
    Ok(Payment {
        order_id: OrderId::new(request.order_id)?,
        amount: Amount::from_major(request.amount, &request.currency)?,
        user_id: UserId::new(request.user_id)?,
    })
}

//! The second tutorial's `/payment.PaymentService/ProcessPayment`.

use contract::payment::{
    PaymentRequest, PaymentResponse,
    payment_service_server::{PaymentService, PaymentServiceServer},
};
use tonic::{Request, Response, Status};

use crate::{Amount, Charge, Charged, Invalid, NotCharged, OrderId, Payment, UserId};

/// What the original printed when it was ready to serve.
pub const READY: &str = "Payment Processing Service ready!";

/// The handler of the second tutorial's `payment.PaymentService`.
#[derive(Debug)]
pub struct Legacy<Charges>(Charges);

/// Serves the second tutorial's contract, and logs [`READY`] as the original did.
pub fn legacy<Charges: Charge>(charges: Charges) -> PaymentServiceServer<Legacy<Charges>> {
    tracing::info!("{READY}");
    PaymentServiceServer::new(Legacy(charges))
}

#[tonic::async_trait]
impl<Charges: Charge> PaymentService for Legacy<Charges> {
    async fn process_payment(
        &self,
        request: Request<PaymentRequest>,
    ) -> Result<Response<PaymentResponse>, Status> {
        let payment = payment(request.into_inner())?;
        let (payment_id, status) = match self.0.charge(&payment).await {
            Ok(Charged { payment_id }) => (payment_id, "SUCCESS"),
            Err(NotCharged::Declined { payment_id }) => (payment_id, "FAILED"),
            Err(failed @ NotCharged::Failed(_)) => return Err(rpc::internal(&failed)),
        };
        Ok(Response::new(PaymentResponse {
            payment_id: payment_id.to_string(),
            status: status.to_owned(),
        }))
    }
}

/// Of several things that are wrong, the first in the order of the fields is told.
fn payment(request: PaymentRequest) -> Result<Payment, Invalid> {
    Ok(Payment {
        order_id: OrderId::new(request.order_id)?,
        amount: Amount::from_major(request.amount, &request.currency)?,
        user_id: UserId::new(request.user_id)?,
    })
}

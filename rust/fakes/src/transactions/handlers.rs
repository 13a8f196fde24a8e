//! The methods of the fake.

use contract::{
    bookstore::transactions::v1::{transaction_service_server::TransactionService, *},
    errors::transactions as errors,
};
use rpc::{Caller, failure};
use tonic::{Request, Response, Status};

use super::FakeTransactions;
use crate::{lock, paging::page};

fn not_faked<A>() -> Result<Response<A>, Status> {
    Err(Status::unimplemented("not part of the fake"))
}

#[tonic::async_trait]
impl TransactionService for FakeTransactions {
    async fn charge(
        &self,
        request: Request<ChargeRequest>,
    ) -> Result<Response<ChargeResponse>, Status> {
        let charge = || lock(&self.state).charge(request.into_inner());
        let transaction = Some(self.faults.serve("charge", charge).await?);
        Ok(Response::new(ChargeResponse { transaction }))
    }

    async fn refund(
        &self,
        request: Request<RefundRequest>,
    ) -> Result<Response<RefundResponse>, Status> {
        let refund = || lock(&self.state).refund(request.into_inner());
        let response = self.faults.serve("refund", refund).await?;
        Ok(Response::new(response))
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> Result<Response<GetTransactionResponse>, Status> {
        self.faults.apply("get_transaction").await?;
        let mut transactions = self.transactions().into_iter();
        let transaction_id = request.into_inner().transaction_id;
        let found = transactions.find(|found| found.transaction_id == transaction_id);
        if found.is_none() {
            let message = "no such transaction";
            return Err(failure(errors::TRANSACTION_NOT_FOUND, message).into_status());
        }
        Ok(Response::new(GetTransactionResponse { transaction: found }))
    }

    async fn list_outbox_messages(
        &self,
        request: Request<ListOutboxMessagesRequest>,
    ) -> Result<Response<ListOutboxMessagesResponse>, Status> {
        self.faults.apply("list_outbox_messages").await?;
        Ok(Response::new(ListOutboxMessagesResponse {
            messages: self.outbox.list(request.into_inner().dead_only),
            next_page_token: String::new(),
        }))
    }

    async fn retry_outbox_message(
        &self,
        request: Request<RetryOutboxMessageRequest>,
    ) -> Result<Response<RetryOutboxMessageResponse>, Status> {
        self.faults.apply("retry_outbox_message").await?;
        let message = self.outbox.retry(request.into_inner().message_id);
        let missing = || failure(errors::MESSAGE_NOT_FOUND, "no such message").into_status();
        Ok(Response::new(RetryOutboxMessageResponse {
            message: Some(message.ok_or_else(missing)?),
        }))
    }

    async fn list_transactions(
        &self,
        _: Request<ListTransactionsRequest>,
    ) -> Result<Response<ListTransactionsResponse>, Status> {
        not_faked()
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        self.faults.apply("list_payments").await?;
        let parked_only = request.into_inner().parked_only;
        let mut payments = self.payments();
        payments.retain(|payment| !parked_only || !payment.parked_reason.is_empty());
        payments.reverse();
        Ok(Response::new(ListPaymentsResponse {
            payments,
            next_page_token: String::new(),
        }))
    }

    async fn get_payment(
        &self,
        request: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        self.faults.apply("get_payment").await?;
        let id = request.into_inner().transaction_id;
        let mut payments = self.payments().into_iter();
        let payment = payments.find(|payment| payment.transaction_id == id);
        let missing = || failure(errors::TRANSACTION_NOT_FOUND, "none").into_status();
        Ok(Response::new(GetPaymentResponse {
            payment: Some(payment.ok_or_else(missing)?),
        }))
    }

    async fn resolve_parked_payment(
        &self,
        request: Request<ResolveParkedPaymentRequest>,
    ) -> Result<Response<ResolveParkedPaymentResponse>, Status> {
        let request = request.into_inner();
        let resolve = || self.resolve(request);
        let resolution = self.faults.serve("resolve_parked_payment", resolve).await?;
        Ok(Response::new(ResolveParkedPaymentResponse {
            resolution: Some(resolution),
        }))
    }

    async fn export_account_data(
        &self,
        request: Request<ExportAccountDataRequest>,
    ) -> Result<Response<ExportAccountDataResponse>, Status> {
        self.faults.apply("export_account_data").await?;
        let account_id = Caller::require_account(&request)?.to_string();
        let request = request.into_inner();
        let payments = self.transactions().into_iter().rev();
        let payments = payments.filter(|transaction| transaction.account_id == account_id);
        let (payments, next_page_token) = page(
            payments,
            request.page_size,
            &request.page_token,
            errors::PAGE_TOKEN_INVALID,
        )?;
        let payments = payments.into_iter().map(|transaction| AccountPayment {
            transaction_id: transaction.transaction_id.clone(),
            reference: transaction.reference.clone(),
            amount: transaction.amount.clone(),
            request_time: transaction.create_time,
            receipt_email: transaction.receipt_email.clone(),
            transaction: Some(transaction),
            receipt_resend_times: Vec::new(),
        });
        Ok(Response::new(ExportAccountDataResponse {
            payments: payments.collect(),
            next_page_token,
        }))
    }

    async fn get_ledger(
        &self,
        _: Request<GetLedgerRequest>,
    ) -> Result<Response<GetLedgerResponse>, Status> {
        not_faked()
    }

    async fn resend_receipt(
        &self,
        request: Request<ResendReceiptRequest>,
    ) -> Result<Response<ResendReceiptResponse>, Status> {
        Caller::require_account(&request)?;
        let resend = || self.resend(request.into_inner().request_id);
        let response = self.faults.serve("resend_receipt", resend).await?;
        Ok(Response::new(response))
    }
}

//! The gRPC service `bookstore.transactions.v1`: converts messages and calls [`Transactions`].
//! The codec has validated every request before it arrives here.

mod from_proto;
mod to_proto;

use contract::bookstore::transactions::v1::{
    self as contract_v1, ChargeRequest, ChargeResponse, ExportAccountDataRequest,
    ExportAccountDataResponse, GetLedgerRequest, GetLedgerResponse, GetPaymentRequest,
    GetPaymentResponse, GetTransactionRequest, GetTransactionResponse, ListOutboxMessagesRequest,
    ListOutboxMessagesResponse, ListPaymentsRequest, ListPaymentsResponse, ListTransactionsRequest,
    ListTransactionsResponse, RefundRequest, RefundResponse, ResendReceiptRequest,
    ResendReceiptResponse, ResolveParkedPaymentRequest, ResolveParkedPaymentResponse,
    RetryOutboxMessageRequest, RetryOutboxMessageResponse,
    transaction_service_server::{TransactionService, TransactionServiceServer},
};
use rpc::Caller;
use service::{AccountId, convert, page_size};
use tonic::{Request, Response, Status};

use self::{
    from_proto::{charge_request, refund_request, transaction_id},
    to_proto::refund_to_proto,
};
use crate::{Transactions, TransactionsError};

/// The handler of `bookstore.transactions.v1.TransactionService`.
#[derive(Debug, Clone)]
pub struct Grpc(Transactions);

impl Transactions {
    /// The gRPC service `bookstore.transactions.v1`, to be added to a router.
    pub fn server(&self) -> TransactionServiceServer<Grpc> {
        TransactionServiceServer::new(Grpc(self.clone()))
    }
}

type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TransactionService for Grpc {
    async fn charge(&self, request: Request<ChargeRequest>) -> RpcResult<ChargeResponse> {
        let charge = charge_request(request.into_inner())?;
        let transaction = self.0.charge(&charge).await?;
        Ok(Response::new(ChargeResponse {
            transaction: Some(transaction.into()),
        }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> RpcResult<RefundResponse> {
        let refund = refund_request(request.into_inner())?;
        let (refund, transaction) = self.0.refund(&refund).await?;
        let currency_code = &transaction.amount.currency_code;
        Ok(Response::new(RefundResponse {
            refund: Some(refund_to_proto(refund, currency_code)),
            transaction: Some(transaction.into()),
        }))
    }

    async fn get_transaction(
        &self,
        request: Request<GetTransactionRequest>,
    ) -> RpcResult<GetTransactionResponse> {
        let account_id = reader(&request)?;
        let id = transaction_id(&request.into_inner().transaction_id)?;
        let transaction = self.0.transaction(id, account_id).await?;
        Ok(Response::new(GetTransactionResponse {
            transaction: Some(transaction.into()),
        }))
    }

    async fn list_transactions(
        &self,
        request: Request<ListTransactionsRequest>,
    ) -> RpcResult<ListTransactionsResponse> {
        let account_id = AccountId(Caller::require_account(&request)?.0);
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self.0.list(account_id, size, &request.page_token).await?;
        Ok(Response::new(ListTransactionsResponse {
            transactions: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> RpcResult<ListPaymentsResponse> {
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self
            .0
            .payments(request.parked_only, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ListPaymentsResponse {
            payments: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_payment(
        &self,
        request: Request<GetPaymentRequest>,
    ) -> RpcResult<GetPaymentResponse> {
        let id = transaction_id(&request.into_inner().transaction_id)?;
        let payment = Some(self.0.payment(id).await?.into());
        Ok(Response::new(GetPaymentResponse { payment }))
    }

    async fn resolve_parked_payment(
        &self,
        request: Request<ResolveParkedPaymentRequest>,
    ) -> RpcResult<ResolveParkedPaymentResponse> {
        let request = from_proto::resolve_payment(request.into_inner())?;
        let resolution = Some(self.0.resolve_parked(&request).await?.into());
        Ok(Response::new(ResolveParkedPaymentResponse { resolution }))
    }

    async fn get_ledger(&self, _: Request<GetLedgerRequest>) -> RpcResult<GetLedgerResponse> {
        let balances = self.0.ledger_balances().await?.into_iter();
        let balances = balances.map(|balance| contract_v1::LedgerBalance {
            currency_code: balance.currency_code,
            sum_minor: balance.sum_minor,
            provider_balance_minor: balance.provider_balance_minor,
        });
        Ok(Response::new(GetLedgerResponse {
            balances: balances.collect(),
            unbalanced_postings: self.0.unbalanced_postings().await?,
        }))
    }

    async fn resend_receipt(
        &self,
        request: Request<ResendReceiptRequest>,
    ) -> RpcResult<ResendReceiptResponse> {
        let account_id = reader(&request)?;
        let request = request.into_inner();
        let request_id = convert::uuid("request_id", &request.request_id)?;
        let id = transaction_id(&request.transaction_id)?;
        let receipt_email = self.0.resend_receipt(request_id, id, account_id).await?;
        Ok(Response::new(ResendReceiptResponse { receipt_email }))
    }

    async fn list_outbox_messages(
        &self,
        request: Request<ListOutboxMessagesRequest>,
    ) -> RpcResult<ListOutboxMessagesResponse> {
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let outbox = self.0.outbox();
        let token = &request.page_token;
        let page = outbox
            .list::<TransactionsError>(request.dead_only, size, token)
            .await?;
        Ok(Response::new(ListOutboxMessagesResponse {
            messages: page.items,
            next_page_token: page.next_page_token,
        }))
    }

    async fn retry_outbox_message(
        &self,
        request: Request<RetryOutboxMessageRequest>,
    ) -> RpcResult<RetryOutboxMessageResponse> {
        let message_id = request.into_inner().message_id;
        let message = self
            .0
            .outbox()
            .retry::<TransactionsError>(message_id)
            .await?;
        let message = Some(message.ok_or(TransactionsError::MessageNotFound(message_id))?);
        Ok(Response::new(RetryOutboxMessageResponse { message }))
    }

    async fn export_account_data(
        &self,
        request: Request<ExportAccountDataRequest>,
    ) -> RpcResult<ExportAccountDataResponse> {
        let account_id = AccountId(Caller::require_account(&request)?.0);
        let request = request.into_inner();
        let size = page_size(request.page_size)?;
        let page = self.0.account_data(account_id, size, &request.page_token);
        let page = page.await?;
        Ok(Response::new(ExportAccountDataResponse {
            payments: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }))
    }
}

/// The account whose transactions the caller may read; `None` is the operator or a service that
/// the contract lets in, which may read all.
fn reader<T>(request: &Request<T>) -> Result<Option<AccountId>, Status> {
    if matches!(Caller::of(request), Caller::Operator | Caller::Service(_)) {
        return Ok(None);
    }
    Ok(Some(AccountId(Caller::require_account(request)?.0)))
}

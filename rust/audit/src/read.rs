//! Reads the records by the clients of the services.

use contract::bookstore::{
    cart::v1::{ListAllOrdersRequest, checkout_service_client::CheckoutServiceClient},
    inventory::v1::{
        BatchGetStockRequest, ListBooksRequest, ListReservationsRequest,
        inventory_service_client::InventoryServiceClient,
    },
    transactions::v1::{
        GetLedgerRequest, ListPaymentsRequest, transaction_service_client::TransactionServiceClient,
    },
};
use rpc::Channel;
use tonic::Status;

use crate::Records;

/// The largest page of the lists.
const PAGE_SIZE: i32 = 200;

/// The services that are compared.
#[derive(Debug, Clone)]
pub struct Services {
    checkout: CheckoutServiceClient<Channel>,
    inventory: InventoryServiceClient<Channel>,
    transactions: TransactionServiceClient<Channel>,
}

/// A service could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{service} cannot be read: {}", status.message())]
pub struct AuditError {
    service: &'static str,
    status: Status,
}

/// Reads all pages of a list; `$request` makes the request of a page from its token.
macro_rules! all_pages {
    ($service:literal, $client:expr, $method:ident, $request:expr, $items:ident) => {{
        let mut items = Vec::new();
        let mut page_token = String::new();
        loop {
            let answer = $client.$method($request(page_token)).await;
            let page = answer.map_err(failed($service))?.into_inner();
            items.extend(page.$items);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break items;
            }
        }
    }};
}

fn failed(service: &'static str) -> impl Fn(Status) -> AuditError {
    move |status| AuditError { service, status }
}

impl Services {
    /// The services at the ends of these channels, whose calls carry the operator token.
    pub fn new(checkout: Channel, inventory: Channel, transactions: Channel) -> Self {
        Self {
            checkout: CheckoutServiceClient::new(checkout),
            inventory: InventoryServiceClient::new(inventory),
            transactions: TransactionServiceClient::new(transactions),
        }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// [`AuditError`] if a service does not answer.
    pub async fn read(&mut self) -> Result<Records, AuditError> {
        // Orders come first: what an order names must exist, but not the other way round.
        let orders = all_pages!(
            "cart",
            self.checkout,
            list_all_orders,
            |page_token| ListAllOrdersRequest {
                page_size: PAGE_SIZE,
                page_token,
                state: 0,
                parked_only: false,
            },
            orders
        );
        let payments = all_pages!(
            "transactions",
            self.transactions,
            list_payments,
            |page_token| ListPaymentsRequest {
                page_size: PAGE_SIZE,
                page_token,
                parked_only: false,
            },
            payments
        );
        let ledger = self.transactions.get_ledger(GetLedgerRequest {}).await;
        let ledger = ledger.map_err(failed("transactions"))?.into_inner();
        let books = all_pages!(
            "inventory",
            self.inventory,
            list_books,
            |page_token| ListBooksRequest {
                page_size: PAGE_SIZE,
                page_token,
                category: 0,
            },
            books
        );
        let mut stock = Vec::with_capacity(books.len());
        for books in books.chunks(100) {
            let book_ids = books.iter().map(|book| book.book_id).collect();
            let levels = self
                .inventory
                .batch_get_stock(BatchGetStockRequest { book_ids });
            let levels = levels.await.map_err(failed("inventory"))?.into_inner();
            stock.extend(levels.levels);
        }
        let reservations = all_pages!(
            "inventory",
            self.inventory,
            list_reservations,
            |page_token| ListReservationsRequest {
                page_size: PAGE_SIZE,
                page_token,
            },
            reservations
        );
        Ok(Records {
            orders,
            payments,
            ledger,
            reservations,
            stock,
        })
    }
}

//! What visitors, clients of the tutorials and an operator do. The result is the same for
//! every deployment.

use std::collections::HashSet;

use contract::{
    RecommendationRequest,
    bookstore::{
        accounts::v1::{
            Address, ExportAccountRequest, GetAccountRequest, VerifyEmailRequest,
            account_service_client::AccountServiceClient,
        },
        cart::v1::{
            Order, OrderState, PlaceOrderRequest, PutItemRequest, WatchOrderRequest,
            cart_service_client::CartServiceClient, checkout_service_client::CheckoutServiceClient,
        },
        inventory::v1::{
            BatchGetStockRequest, BookCategory, CommitReservationRequest, ReservationLine,
            ReservationState, ReserveStockRequest, SetStockRequest, StockLevel,
        },
        recommendations::v1::{ListAlsoBoughtRequest, RecommendRequest},
        reviews::v1::{
            GetRatingRequest, PutReviewRequest, review_service_client::ReviewServiceClient,
        },
        transactions::v1::PaymentMethod,
    },
    payment::{PaymentRequest, payment_service_client::PaymentServiceClient},
    recommendations_client::RecommendationsClient,
};

use super::{CommandOutput, Folder, Page, TestProcess, eventually, run};
use crate::accounts::{mailed_token, session_token, sign_up, with_token};

/// The process of each service, or one process for all of them.
#[derive(Clone, Copy)]
pub struct Deployment<'h> {
    pub folder: &'h Folder,
    pub shop: &'h TestProcess,
    pub inventory: &'h TestProcess,
    pub recommendations: &'h TestProcess,
    pub cart: &'h TestProcess,
    pub transactions: &'h TestProcess,
    pub accounts: &'h TestProcess,
    pub reviews: &'h TestProcess,
}

impl<'h> Deployment<'h> {
    /// All services in one process.
    pub fn single_process(folder: &'h Folder, process: &'h TestProcess) -> Self {
        Self {
            folder,
            shop: process,
            inventory: process,
            recommendations: process,
            cart: process,
            transactions: process,
            accounts: process,
            reviews: process,
        }
    }

    /// Uses every service once.
    pub async fn run_user_journey(self) {
        self.recommend().await;
        self.call_tutorial_services().await;
        self.browse().await;
        self.fill_a_cart().await;
        let token = self.order().await;
        self.review(&token).await;
        self.recommend_to_buyer(&token).await;
        self.export(&token).await;
        let agree = self.audit();
        assert_eq!((agree.code, agree.stderr.as_str()), (0, ""));
        assert!(agree.stdout.contains("1 orders, "), "{}", agree.stdout);
        let reservation_id = self.buy().await;
        // Nobody has ordered these copies.
        let disagree = self.audit();
        let expected =
            format!("reservation {reservation_id} is committed, but no order names it\n");
        assert_eq!((disagree.code, disagree.stdout), (1, expected));
        assert!(
            disagree.stderr.contains("1 disagreements in"),
            "{}",
            disagree.stderr
        );
    }

    fn audit(self) -> CommandOutput {
        let server = format!("--server={}", self.cart.grpc_url());
        let inventory = format!("--peer=inventory={}", self.inventory.grpc_url());
        let transactions = format!("--peer=transactions={}", self.transactions.grpc_url());
        let mut arguments = vec!["audit", &server, &inventory, &transactions, "--data=data"];
        let certificates = self.cart.certificates();
        let tls_dir = certificates.map(|made| format!("--tls-dir={}", made.folder()));
        arguments.extend(tls_dir.as_deref());
        run(self.folder, &arguments)
    }

    /// Waits for a page without notices: processes that start at the same time need a moment to
    /// connect to each other, and on a busy machine a part of a page can come too late for it.
    pub async fn complete_page(self, path: &str) -> Page {
        eventually(&format!("a complete page {path}"), async || {
            let page = self.shop.page(path).await;
            (page.status == 200 && page.notice().is_none()).then_some(page)
        })
        .await
    }

    /// [`Self::complete_page`] of the home page.
    pub async fn complete_home_page(self) -> Page {
        self.complete_page("/").await
    }

    async fn browse(self) {
        let home = self.complete_home_page().await;
        assert!(home.cards() >= 30, "{} books", home.cards());
        assert!(home.body.contains("700 books in"), "{}", home.body);
        let found = self.complete_page("/search?q=dune+chron").await;
        assert!(found.body.contains("The Dune Chronicles"), "{}", found.body);
        let book = self.complete_page("/books/1").await;
        assert!(book.body.contains("Dashiell Hammett"), "{}", book.body);
        assert_eq!(self.shop.page("/books/123456").await.status, 404);
    }

    async fn recommend(self) {
        let request = RecommendRequest {
            user_id: String::new(),
            category: BookCategory::Mystery.into(),
            max_results: 5,
        };
        let mut client = self.recommendations.recommendations();
        let books = eventually("a recommendation", async || {
            let answer = client.recommend(request.clone()).await.ok()?;
            Some(answer.into_inner().recommendations)
        })
        .await;
        let numbers: HashSet<_> = books.iter().map(|book| book.book_id).collect();
        assert_eq!((books.len(), numbers.len()), (5, 5));
    }

    async fn call_tutorial_services(self) {
        let request = RecommendationRequest {
            user_id: 1,
            category: contract::BookCategory::SelfHelp.into(),
            max_results: 3,
        };
        let mut client = RecommendationsClient::new(self.recommendations.channel());
        let answer = client.recommend(request).await.expect("books of self-help");
        assert_eq!(answer.into_inner().recommendations.len(), 3);

        let payment = PaymentRequest {
            order_id: "order123".to_owned(),
            amount: 99.99,
            currency: "USD".to_owned(),
            user_id: "user456".to_owned(),
        };
        let mut client = PaymentServiceClient::new(self.transactions.channel());
        let answer = client.process_payment(payment).await.expect("it is paid");
        let answer = answer.into_inner();
        assert_eq!(answer.status, "SUCCESS");
        uuid::Uuid::parse_str(&answer.payment_id).expect("payments have UUIDs");
    }

    async fn fill_a_cart(self) {
        let mut client = CartServiceClient::new(self.cart.channel());
        let request = PutItemRequest {
            cart_id: uuid::Uuid::new_v4().to_string(),
            book_id: 7,
            quantity: 2,
        };
        let answer = client.put_item(request).await.expect("there is room");
        let cart = answer.into_inner().cart.expect("required");
        assert_eq!(
            cart.lines[0].title,
            "The 7 Habits of Highly Effective People"
        );
        assert_eq!(cart.subtotals.len(), 1);
    }

    /// Signs up, and orders and pays two copies of a book. Returns the session token.
    async fn order(self) -> String {
        sign_up(self.accounts).await;
        let request = VerifyEmailRequest {
            verification_token: mailed_token(&self.folder.path("data")).await,
        };
        let mut accounts = AccountServiceClient::new(self.accounts.channel());
        accounts.verify_email(request).await.expect("it is valid");
        let token = session_token(self.accounts).await;

        let placed = place_order(self.cart, &token, &[(8, 2)]).await;
        let paid = wait_until_paid(self.cart, placed, &token).await;
        assert_ne!(paid.transaction_id, "");
        token
    }

    /// Recommends books to the buyer, but not the one that was bought.
    async fn recommend_to_buyer(self, token: &str) {
        let mut accounts = AccountServiceClient::new(self.accounts.channel());
        let account = accounts.get_account(with_token(GetAccountRequest {}, token));
        let account = account.await.expect("it is signed in").into_inner().account;
        let request = RecommendRequest {
            user_id: account.expect("required").account_id,
            category: BookCategory::SelfHelp.into(),
            max_results: 100,
        };
        let mut client = self.recommendations.recommendations();
        let books = eventually("a recommendation to the buyer", async || {
            let answer = client.recommend(request.clone()).await.ok()?;
            Some(answer.into_inner().recommendations)
        })
        .await;
        assert!(books.len() > 20, "{} books", books.len());
        assert!(books.iter().all(|book| book.book_id != 8), "{books:?}");
        // Nobody else has bought it, so nothing may show.
        let request = ListAlsoBoughtRequest {
            book_id: 8,
            max_results: 10,
        };
        let also_bought = client.list_also_bought(request).await;
        let also_bought = also_bought.expect("the catalogue is loaded").into_inner();
        assert_eq!(also_bought.recommendations, []);
    }

    /// Reviews the book that was bought.
    async fn review(self, token: &str) {
        let request = PutReviewRequest {
            book_id: 8,
            stars: 4,
            ..PutReviewRequest::default()
        };
        let mut reviews = ReviewServiceClient::new(self.reviews.channel());
        let written = reviews.put_review(with_token(request, token)).await;
        let review = written.expect("the book exists").into_inner().review;
        assert!(review.expect("required").verified_purchase);
        let rating = reviews.get_rating(GetRatingRequest { book_id: 8 }).await;
        let rating = rating.expect("it is served").into_inner().rating;
        assert_eq!(rating.expect("required").average_hundredths, Some(400));
        let book = self.complete_page("/books/8").await;
        assert!(book.body.contains("Verified purchase"), "{}", book.body);
    }

    /// Exports what all services know about the account.
    async fn export(self, token: &str) {
        let mut accounts = AccountServiceClient::new(self.accounts.channel());
        let exported = accounts.export_account(with_token(ExportAccountRequest {}, token));
        let mut pieces = exported.await.expect("it is signed in").into_inner();
        let mut document = String::new();
        while let Some(piece) = pieces.message().await.expect("all services answer") {
            document.push_str(&piece.document_piece);
        }
        let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        assert_eq!(document["accounts"]["email"], "ada@example.org");
        let order = &document["cart"]["orders"][0];
        assert_eq!(order["lines"][0]["book_id"], 8, "{document}");
        assert_eq!(order["shipping_address"]["recipient"], "Ada Lovelace");
        let payment = &document["transactions"]["payments"][0];
        assert_eq!(payment["reference"], order["order_id"], "{document}");
        assert_eq!(payment["receipt_email"], "ada@example.org");
        let review = &document["reviews"]["reviews"][0];
        assert_eq!(review["stars"], 4, "{document}");
    }

    /// Sets the stock of a book to three copies and sells two. Returns the reservation.
    async fn buy(self) -> String {
        let mut operator = self.inventory.operator();
        let stock = SetStockRequest {
            book_id: 7,
            on_hand: Some(3),
            expected_on_hand: None,
        };
        operator
            .set_stock(stock)
            .await
            .expect("there is such a book");
        let request = ReserveStockRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            lines: vec![ReservationLine {
                book_id: 7,
                quantity: 2,
            }],
            hold: None,
        };
        let mut ids = HashSet::new();
        for _ in 0..2 {
            let answer = operator.reserve_stock(request.clone()).await;
            let answer = answer.expect("there are enough").into_inner();
            let held = answer.reservation.expect("required");
            assert_eq!(held.state(), ReservationState::Held);
            ids.insert(held.reservation_id);
        }
        assert_eq!(ids.len(), 1, "the repeated request reserves nothing more");
        assert_eq!(self.stock_of_book_7().await, (3, 2, 1));

        let reservation_id = ids.into_iter().next().expect("there is one");
        let commit = CommitReservationRequest {
            reservation_id: reservation_id.clone(),
        };
        let answer = self.inventory.cart().commit_reservation(commit).await;
        let paid = answer.expect("it is held").into_inner().reservation;
        let state = paid.expect("required").state();
        assert_eq!(state, ReservationState::Committed);
        assert_eq!(self.stock_of_book_7().await, (1, 0, 1));
        let book = self.shop.page("/books/7").await;
        assert!(book.body.contains("class=\"stock"), "{}", book.body);
        reservation_id
    }

    async fn stock_of_book_7(self) -> (i32, i32, i32) {
        let request = BatchGetStockRequest { book_ids: vec![7] };
        let answer = self.inventory.inventory().batch_get_stock(request).await;
        let levels = answer
            .expect("the method needs no credential")
            .into_inner()
            .levels;
        let [
            StockLevel {
                on_hand,
                reserved,
                available,
                ..
            },
        ] = levels[..]
        else {
            panic!("one book was requested: {levels:?}");
        };
        (on_hand, reserved, available)
    }
}

/// Orders copies of books, each with its number of copies.
pub async fn place_order(cart: &TestProcess, token: &str, items: &[(i32, i32)]) -> Order {
    let mut carts = CartServiceClient::new(cart.channel());
    let mut cart_etag = String::new();
    for (book_id, quantity) in items {
        let request = PutItemRequest {
            cart_id: String::new(),
            book_id: *book_id,
            quantity: *quantity,
        };
        let added = carts.put_item(with_token(request, token)).await;
        let added = added.expect("there is room").into_inner().cart;
        cart_etag = added.expect("required").etag;
    }
    let request = PlaceOrderRequest {
        request_id: uuid::Uuid::new_v4().to_string(),
        cart_etag,
        shipping_address: Some(Address {
            recipient: "Ada Lovelace".to_owned(),
            street_lines: vec!["12 St James's Square".to_owned()],
            city: "London".to_owned(),
            region: String::new(),
            postal_code: "SW1Y 4JH".to_owned(),
            country_code: "GB".to_owned(),
        }),
        payment_method: Some(PaymentMethod {
            token: "tok_visa".to_owned(),
        }),
    };
    let mut checkout = CheckoutServiceClient::new(cart.channel());
    let placed = checkout.place_order(with_token(request, token)).await;
    let placed = placed.expect("there are copies").into_inner().order;
    placed.expect("required")
}

/// Waits for the payment of an order.
pub async fn wait_until_paid(cart: &TestProcess, placed: Order, token: &str) -> Order {
    let request = WatchOrderRequest {
        order_id: placed.order_id,
    };
    let mut checkout = CheckoutServiceClient::new(cart.channel());
    let watching = checkout.watch_order(with_token(request, token)).await;
    let mut orders = watching.expect("it is the buyer's").into_inner();
    loop {
        let message = orders.message().await.expect("the stream does not fail");
        let order = message.and_then(|response| response.order);
        let order = order.expect("the order is not final");
        if order.state() != OrderState::Placed {
            assert_eq!(order.state(), OrderState::Paid, "{order:?}");
            return order;
        }
    }
}

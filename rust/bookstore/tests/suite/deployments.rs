//! The same user journey in one process and in seven processes, on both databases, and with
//! mutual TLS.

use std::time::Duration;

use contract::bookstore::cart::v1::{PutItemRequest, cart_service_client::CartServiceClient};
use store::Location;
use tonic::Code;

use crate::test_process::{
    Certificates, Folder, Page, TestProcess, eventually, free_address, user_journey::Deployment,
};

/// Far more than the 800 ms for which the shop waits, because the machine may be busy, and
/// less than the 10 s for which it would wait without a limit of its own.
const PAGE_TIME_LIMIT: Duration = Duration::from_secs(8);

#[tokio::test]
async fn all_in_one_on_sqlite() {
    let folder = Folder::new();
    let process = TestProcess::up(&folder);
    Deployment::single_process(&folder, &process)
        .run_user_journey()
        .await;
    process.stop().await;
}

#[tokio::test]
async fn all_in_one_on_postgres() {
    let folder = Folder::new();
    let process = TestProcess::start(&folder, &["up", &postgres().await]);
    Deployment::single_process(&folder, &process)
        .run_user_journey()
        .await;
    process.stop().await;
}

#[tokio::test]
async fn seven_processes_on_sqlite() {
    let folder = Folder::new();
    seven_processes(&folder, SevenProcesses::start(&folder, "--data=data")).await;
}

#[tokio::test]
async fn seven_processes_on_postgres() {
    let folder = Folder::new();
    let storage = postgres().await;
    seven_processes(&folder, SevenProcesses::start(&folder, &storage)).await;
}

#[tokio::test]
async fn seven_processes_with_mutual_tls() {
    let folder = Folder::new();
    let certificates = Certificates::make(&folder, "certs");
    let start =
        |arguments: &[&str]| TestProcess::with_certificates(&folder, &certificates, arguments);
    seven_processes(&folder, SevenProcesses::start_each("--data=data", start)).await;
}

async fn seven_processes(folder: &Folder, seven: SevenProcesses) {
    seven.deployment(folder).run_user_journey().await;
    let home = seven.deployment(folder).complete_home_page().await;
    for (name, process) in [
        ("InventoryService", &seven.inventory),
        ("RecommendationService", &seven.recommendations),
    ] {
        let count = process.metrics_page().await.body;
        assert!(count.contains(name), "{name} was not called");
    }
    assert!(home.took < PAGE_TIME_LIMIT, "{:?}", home.took);
    for process in [
        seven.shop,
        seven.cart,
        seven.transactions,
        seven.reviews,
        seven.accounts,
        seven.recommendations,
        seven.inventory,
    ] {
        process.stop().await;
    }
}

#[tokio::test]
async fn shop_degrades_while_services_are_down() {
    let folder = Folder::new();
    let seven = SevenProcesses::start(&folder, "--data=data");
    seven.deployment(&folder).complete_home_page().await;
    let catalogue_missing = |page: &Page| {
        assert_eq!(page.status, 200);
        let notice = page.notice().expect("a notice about the missing catalogue");
        assert!(notice.contains("catalogue"), "{notice}");
        assert!(page.cards() > 0, "books that are recommended");
        assert!(page.took < PAGE_TIME_LIMIT, "{:?}", page.took);
    };

    // A service that hangs costs the whole timeout, unlike one that refuses connections.
    seven.inventory.signal("STOP");
    catalogue_missing(&seven.shop.page("/").await);
    seven.inventory.signal("CONT");
    seven.deployment(&folder).complete_home_page().await;

    let address = format!("--grpc-addr={}", seven.inventory.grpc());
    seven.inventory.kill().await;
    catalogue_missing(&seven.shop.page("/").await);

    seven.recommendations.kill().await;
    // Books that the shop has shown before are in its cache.
    let never_shown = "/books/123456";
    for path in ["/", "/categories/mystery", never_shown, "/search?q=dune"] {
        let page = seven.shop.page(path).await;
        assert_eq!(page.status, 503, "{path}");
        let has_notice = page.body.contains("We’ll be right back");
        assert!(has_notice, "{path}: {}", page.body);
        assert!(page.took < PAGE_TIME_LIMIT, "{path}: {:?}", page.took);
    }
    assert_eq!(seven.shop.page("/healthz").await.status, 200);

    // Inventory returns at the same address, and the shop reconnects.
    let restarted = TestProcess::start(&folder, &["serve", "inventory", &address]);
    let home = eventually("a shop with books", async || {
        let home = seven.shop.page("/").await;
        (home.status == 200).then_some(home)
    })
    .await;
    let notice = home.notice().expect("recommendations are missing");
    assert!(notice.contains("recommendations"), "{notice}");
    assert!(home.cards() > 0);
    restarted.stop().await;
}

#[tokio::test]
async fn cart_works_again_once_inventory_does() {
    let folder = Folder::new();
    let inventory = TestProcess::start(&folder, &["serve", "inventory"]);
    let to_inventory = format!("--peer=inventory={}", inventory.grpc_url());
    let address = format!("--grpc-addr={}", inventory.grpc());
    // Nobody listens on port 1; the cart of a guest needs neither of the two.
    let cart = [
        "serve",
        "cart",
        &to_inventory,
        "--peer=transactions=http://127.0.0.1:1",
        "--peer=accounts=http://127.0.0.1:1",
    ];
    let cart = TestProcess::start(&folder, &cart);
    let mut client = CartServiceClient::new(cart.channel());
    let mut put_item = async || {
        let request = PutItemRequest {
            cart_id: uuid::Uuid::new_v4().to_string(),
            book_id: 7,
            quantity: 1,
        };
        client.put_item(request).await
    };
    put_item().await.expect("there is room");
    inventory.kill().await;
    // Until the circuit breaker is open.
    eventually("a cart that leaves Inventory alone", async || {
        let status = put_item().await.expect_err("Inventory is down");
        assert_eq!(status.code(), Code::Unavailable);
        cart.log().contains("calls fail at once").then_some(())
    })
    .await;
    let inventory = TestProcess::start(&folder, &["serve", "inventory", &address]);
    eventually("a cart with Inventory", async || put_item().await.ok()).await;
    cart.stop().await;
    inventory.stop().await;
}

/// One process for each service.
struct SevenProcesses {
    shop: TestProcess,
    inventory: TestProcess,
    recommendations: TestProcess,
    cart: TestProcess,
    transactions: TestProcess,
    accounts: TestProcess,
    reviews: TestProcess,
}

impl SevenProcesses {
    /// The shop and Recommendations store no data, so they need no usable data folder.
    fn start(folder: &Folder, storage: &str) -> Self {
        Self::start_each(storage, |arguments| TestProcess::start(folder, arguments))
    }

    fn start_each(storage: &str, start: impl Fn(&[&str]) -> TestProcess) -> Self {
        let inventory = start(&["serve", "inventory", storage]);
        let to_inventory = format!("--peer=inventory={}", inventory.grpc_url());
        // The services that Accounts calls also call it, so its address is chosen first.
        let address_of_accounts = free_address();
        let url_of_inventory = inventory.grpc_url();
        let (scheme, _) = url_of_inventory.split_once("://").expect("a URL");
        let to_accounts = format!("--peer=accounts={scheme}://{address_of_accounts}");
        let transactions = start(&["serve", "transactions", &to_accounts]);
        let to_transactions = format!("--peer=transactions={}", transactions.grpc_url());
        let cart = [
            "serve",
            "cart",
            &to_inventory,
            &to_transactions,
            &to_accounts,
            storage,
        ];
        let cart = start(&cart);
        let to_cart = format!("--peer=cart={}", cart.grpc_url());
        let reviews = [
            "serve",
            "reviews",
            &to_inventory,
            &to_cart,
            &to_accounts,
            storage,
        ];
        let reviews = start(&reviews);
        let to_reviews = format!("--peer=reviews={}", reviews.grpc_url());
        let accounts = [
            "serve",
            "accounts",
            &format!("--grpc-addr={address_of_accounts}"),
            &to_cart,
            &to_transactions,
            &to_reviews,
            storage,
        ];
        let accounts = start(&accounts);
        let recommendations = [
            "serve",
            "recommendations",
            &to_inventory,
            &to_cart,
            &to_reviews,
        ];
        let recommendations = start(&recommendations);
        let to_recommendations = format!("--peer=recommendations={}", recommendations.grpc_url());
        let shop = [
            "serve",
            "marketplace",
            &to_inventory,
            &to_recommendations,
            &to_accounts,
            &to_cart,
            &to_reviews,
            &to_transactions,
            "--data=/dev/null/no-folder-is-needed",
        ];
        Self {
            shop: start(&shop),
            reviews,
            cart,
            accounts,
            transactions,
            inventory,
            recommendations,
        }
    }

    fn deployment<'p>(&'p self, folder: &'p Folder) -> Deployment<'p> {
        Deployment {
            folder,
            shop: &self.shop,
            inventory: &self.inventory,
            recommendations: &self.recommendations,
            cart: &self.cart,
            transactions: &self.transactions,
            accounts: &self.accounts,
            reviews: &self.reviews,
        }
    }
}

/// A new database in the test cluster, as a command-line flag.
pub async fn postgres() -> String {
    match store::testing::postgres_location().await {
        Location::Postgres(url) => format!("--database-url={url}"),
        Location::Folder(folder) => panic!("{} is not a PostgreSQL database", folder.display()),
    }
}

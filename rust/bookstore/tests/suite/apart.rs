//! The same bookstore in one process and in four, on both databases.

use std::time::Duration;

use store::Location;

use crate::house::{Folder, House, Page, journey::Town};

/// How long a page waits for services, and what a loaded machine may add.
const PATIENCE: Duration = Duration::from_millis(800 + 1200);

#[tokio::test]
async fn all_in_one_on_sqlite() {
    let folder = Folder::new();
    let house = House::up(&folder);
    Town::of_one(&house).visit().await;
    house.close().await;
}

#[tokio::test]
async fn all_in_one_on_postgres() {
    let folder = Folder::new();
    let house = House::start(&folder, &["up", &postgres().await]);
    Town::of_one(&house).visit().await;
    house.close().await;
}

#[tokio::test]
async fn four_processes_on_sqlite() {
    four_processes("--data=data").await;
}

#[tokio::test]
async fn four_processes_on_postgres() {
    four_processes(&postgres().await).await;
}

async fn four_processes(storage: &str) {
    let folder = Folder::new();
    let four = Four::start(&folder, storage);
    four.town().visit().await;
    let home = four.town().whole_home().await;
    for (name, house) in [
        ("InventoryService", &four.inventory),
        ("RecommendationService", &four.recommendations),
    ] {
        let count = crate::house::get(house.metrics()).await.body;
        assert!(count.contains(name), "nobody called {name}");
    }
    assert!(home.took < PATIENCE, "{:?}", home.took);
    for house in [
        four.shop,
        four.transactions,
        four.recommendations,
        four.inventory,
    ] {
        house.close().await;
    }
}

#[tokio::test]
async fn the_shop_stays_open_while_services_are_down() {
    let folder = Folder::new();
    let four = Four::start(&folder, "--data=data");
    four.town().whole_home().await;
    let catalogue_missing = |page: &Page| {
        assert_eq!(page.status, 200);
        let notice = page.notice().expect("something is missing");
        assert!(notice.contains("catalogue"), "{notice}");
        assert!(page.cards() > 0, "books that are recommended");
        assert!(page.took < PATIENCE, "{:?}", page.took);
    };

    // One that hangs is worse than one that is gone: it costs time.
    four.inventory.signal("STOP");
    catalogue_missing(&four.shop.page("/").await);
    four.inventory.signal("CONT");
    four.town().whole_home().await;

    let address = format!("--grpc-addr={}", four.inventory.grpc());
    four.inventory.kill().await;
    catalogue_missing(&four.shop.page("/").await);

    four.recommendations.kill().await;
    // Books that it has shown before, the shop remembers.
    let never_shown = "/books/123456";
    for path in ["/", "/categories/mystery", never_shown, "/search?q=dune"] {
        let page = four.shop.page(path).await;
        assert_eq!(page.status, 503, "{path}");
        let says_so = page.body.contains("We’ll be right back");
        assert!(says_so, "{path}: {}", page.body);
        assert!(page.took < PATIENCE, "{path}: {:?}", page.took);
    }
    assert_eq!(four.shop.page("/healthz").await.status, 200);

    // Inventory comes back where it was, and is found again by itself.
    let again = House::start(&folder, &["serve", "inventory", &address]);
    let home = crate::house::eventually("a shop with books", async || {
        let home = four.shop.page("/").await;
        (home.status == 200).then_some(home)
    })
    .await;
    let notice = home.notice().expect("recommendations are missing");
    assert!(notice.contains("recommendations"), "{notice}");
    assert!(home.cards() > 0);
    again.close().await;
}

/// Each service in a process of its own.
struct Four {
    shop: House,
    inventory: House,
    recommendations: House,
    transactions: House,
}

impl Four {
    /// Only Inventory keeps data, and so has the operator's token: the others are given
    /// no folder.
    fn start(folder: &Folder, storage: &str) -> Self {
        let inventory = House::start(folder, &["serve", "inventory", storage]);
        let to_inventory = format!("--inventory={}", inventory.grpc_url());
        let recommendations = House::start(folder, &["serve", "recommendations", &to_inventory]);
        let to_recommendations = format!("--recommendations={}", recommendations.grpc_url());
        let shop = [
            "serve",
            "marketplace",
            &to_inventory,
            &to_recommendations,
            "--data=/dev/null/no-folder-is-needed",
        ];
        Self {
            shop: House::start(folder, &shop),
            transactions: House::start(folder, &["serve", "transactions"]),
            inventory,
            recommendations,
        }
    }

    fn town(&self) -> Town<'_> {
        Town {
            shop: &self.shop,
            inventory: &self.inventory,
            recommendations: &self.recommendations,
            transactions: &self.transactions,
        }
    }
}

/// A fresh database of the test cluster, as a flag.
async fn postgres() -> String {
    match store::testing::postgres_location().await {
        Location::Postgres(url) => format!("--database-url={url}"),
        Location::Folder(folder) => panic!("{} is no PostgreSQL database", folder.display()),
    }
}

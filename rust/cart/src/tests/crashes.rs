//! A crash at each point before or after a commit or a remote call.

use std::sync::Arc;

use service::CrashPoints;
use store::testing::TestDb;
use uuid::Uuid;

use super::{
    shop::TestShop,
    stories::{STORIES, Story},
};
use crate::CheckoutOptions;

store::both_engines! { crate::SCHEMA => order_is_finished_once_whatever_crashes }

/// Three points of PlaceOrder, two of CancelOrder, and two of each step of the worker.
fn points(story: Story) -> usize {
    match story {
        Story::Paid | Story::Declined => 3 + 3 * 2,
        Story::CancelledWhenPaid => 3 + 3 * 2 + 2 + 2,
        Story::CancelledAtOnce => 3 + 2 + 2,
    }
}

async fn order_is_finished_once_whatever_crashes(database: TestDb) {
    for story in STORIES {
        for number in 0.. {
            if !crash_at(&database, story, number).await {
                assert_eq!(number, points(story), "the points of {story:?}");
                break;
            }
        }
    }
}

/// Runs a story up to a crash point, restarts, and checks the result. `false` if the story has
/// fewer points.
async fn crash_at(database: &TestDb, story: Story, number: usize) -> bool {
    let shop = TestShop::open(database);
    let crash_points = Arc::new(CrashPoints::stop_at(number));
    let options = CheckoutOptions {
        crash_points: Arc::clone(&crash_points),
        ..shop.options()
    };
    let crashing = shop.restarted(database.db(), options);
    let buyer = crashing.buyer_with(Uuid::new_v4());
    let request = buyer.request(&[(3, 2)], story.token()).await;
    let crashed = tokio::select! {
        finished = story.run(&crashing, &buyer, &request) => {
            finished.expect("the services answer");
            false
        }
        () = crash_points.stopped() => true,
    };
    drop(crashing);
    let what = format!("{story:?}, point {number}");

    let buyer = shop.buyer_with(buyer.account_id);
    story.finish_and_check(&shop, &buyer, &request, &what).await;
    crashed
}

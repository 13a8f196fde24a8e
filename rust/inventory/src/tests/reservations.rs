use std::time::Duration;

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, GetReservationRequest, ReleaseReservationRequest, Reservation,
    ReservationState, SetStockRequest,
};
use store::testing::TestDb;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{Shop, failure, levels, metadata};

store::both_engines! {
    crate::SCHEMA =>
    held_copies_are_not_available,
    all_lines_are_held_or_none,
    lines_of_the_same_book_add_up,
    a_hold_of_an_unknown_book_is_refused,
    committed_copies_leave_the_warehouse_once,
    released_copies_go_back_on_sale_once,
    what_is_committed_is_not_released,
    what_is_released_is_not_committed,
    a_due_reservation_has_expired,
    an_expired_reservation_is_not_committed_and_releases_quietly,
    due_copies_are_free_for_the_next_decision,
    a_hold_lasts_fifteen_minutes_if_nobody_says,
    a_repeated_request_gets_the_first_answer,
    a_request_id_with_another_body_is_refused,
    a_refused_request_may_be_repeated,
    an_unknown_reservation_is_not_found,
}

impl Shop {
    async fn get(&mut self, id: &str) -> Result<Reservation, Status> {
        let request = GetReservationRequest {
            reservation_id: id.to_owned(),
        };
        let answer = self.client.get_reservation(request).await?;
        Ok(answer
            .into_inner()
            .reservation
            .expect("the answer has a reservation"))
    }

    pub(super) async fn commit(&mut self, id: &str) -> Result<Reservation, Status> {
        let request = CommitReservationRequest {
            reservation_id: id.to_owned(),
        };
        let answer = self.client.commit_reservation(request).await?;
        Ok(answer
            .into_inner()
            .reservation
            .expect("the answer has a reservation"))
    }

    pub(super) async fn release(&mut self, id: &str) -> Result<Reservation, Status> {
        let request = ReleaseReservationRequest {
            reservation_id: id.to_owned(),
        };
        let answer = self.client.release_reservation(request).await?;
        Ok(answer
            .into_inner()
            .reservation
            .expect("the answer has a reservation"))
    }
}

fn not_held(id: &str, state: &str) -> (Code, String, std::collections::HashMap<String, String>) {
    let metadata = metadata(&[("reservation_id", id), ("state", state)]);
    (
        Code::FailedPrecondition,
        "RESERVATION_NOT_HELD".to_owned(),
        metadata,
    )
}

async fn held_copies_are_not_available(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 2, 10).await;
    let held = shop
        .reserve(&[(1, 3), (2, 1)])
        .await
        .expect("copies are held");
    assert_eq!(held.state(), ReservationState::Held);
    assert_eq!(levels(shop.level(1).await), (10, 3, 7));
    assert_eq!(levels(shop.level(2).await), (10, 1, 9));
    assert_eq!(
        shop.get(&held.reservation_id).await.expect("it exists"),
        held
    );
    let upper = held.reservation_id.to_uppercase();
    assert_eq!(shop.get(&upper).await.expect("it exists"), held);
}

async fn all_lines_are_held_or_none(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 2, 10).await;
    shop.reserve(&[(2, 9)]).await.expect("copies are held");
    assert_eq!(
        failure(shop.reserve(&[(1, 1), (2, 2)]).await),
        (
            Code::FailedPrecondition,
            "OUT_OF_STOCK".to_owned(),
            metadata(&[("book_id", "2"), ("available", "1")])
        )
    );
    assert_eq!(levels(shop.level(1).await), (10, 0, 10));
}

async fn lines_of_the_same_book_add_up(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let (_, reason, _) = failure(shop.reserve(&[(1, 6), (1, 5)]).await);
    assert_eq!(reason, "OUT_OF_STOCK");
    let held = shop
        .reserve(&[(1, 6), (1, 4)])
        .await
        .expect("copies are held");
    let quantities: Vec<_> = held.lines.iter().map(|line| line.quantity).collect();
    assert_eq!((quantities, shop.level(1).await.available), (vec![6, 4], 0));
    shop.commit(&held.reservation_id).await.expect("it is held");
    assert_eq!(levels(shop.level(1).await), (0, 0, 0));
}

async fn a_hold_of_an_unknown_book_is_refused(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    assert_eq!(
        failure(shop.reserve(&[(1, 1), (77, 1)]).await),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "77")])
        )
    );
    assert_eq!(shop.level(1).await.reserved, 0);
}

async fn committed_copies_leave_the_warehouse_once(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let held = shop.reserve(&[(1, 3)]).await.expect("copies are held");
    for _ in 0..3 {
        let committed = shop.commit(&held.reservation_id).await.expect("it is held");
        assert_eq!(committed.state(), ReservationState::Committed);
        assert_eq!(levels(shop.level(1).await), (7, 0, 7));
    }
    // Long after, too.
    shop.clock.advance(Duration::from_secs(7200));
    shop.commit(&held.reservation_id)
        .await
        .expect("it is committed");
    assert_eq!(levels(shop.level(1).await), (7, 0, 7));
}

async fn released_copies_go_back_on_sale_once(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let held = shop.reserve(&[(1, 3)]).await.expect("copies are held");
    for _ in 0..3 {
        let released = shop
            .release(&held.reservation_id)
            .await
            .expect("it is held");
        assert_eq!(released.state(), ReservationState::Released);
        assert_eq!(levels(shop.level(1).await), (10, 0, 10));
    }
}

async fn what_is_committed_is_not_released(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let id = shop
        .reserve(&[(1, 3)])
        .await
        .expect("copies are held")
        .reservation_id;
    shop.commit(&id).await.expect("it is held");
    let refused = failure(shop.release(&id).await);
    assert_eq!(refused, not_held(&id, "RESERVATION_STATE_COMMITTED"));
    assert_eq!(levels(shop.level(1).await), (7, 0, 7));
}

async fn what_is_released_is_not_committed(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let id = shop
        .reserve(&[(1, 3)])
        .await
        .expect("copies are held")
        .reservation_id;
    shop.release(&id).await.expect("it is held");
    let refused = failure(shop.commit(&id).await);
    assert_eq!(refused, not_held(&id, "RESERVATION_STATE_RELEASED"));
    assert_eq!(levels(shop.level(1).await), (10, 0, 10));
}

async fn a_due_reservation_has_expired(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let held = shop.reserve_as(Uuid::new_v4(), &[(1, 3)], Some(10)).await;
    let id = held.expect("copies are held").reservation_id;
    shop.clock.advance(Duration::from_micros(9_999_999));
    assert_eq!(
        shop.get(&id).await.expect("it exists").state(),
        ReservationState::Held
    );
    assert_eq!(shop.level(1).await.available, 7);
    shop.clock.advance(Duration::from_micros(1));
    assert_eq!(
        shop.get(&id).await.expect("it exists").state(),
        ReservationState::Expired
    );
    assert_eq!(levels(shop.level(1).await), (10, 0, 10));
    assert_eq!(
        shop.get(&id).await.expect("it exists").state(),
        ReservationState::Expired
    );
}

async fn an_expired_reservation_is_not_committed_and_releases_quietly(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let held = shop.reserve_as(Uuid::new_v4(), &[(1, 3)], Some(1)).await;
    let id = held.expect("copies are held").reservation_id;
    shop.clock.advance(Duration::from_secs(1));
    // Before and after its copies were put back.
    for _ in 0..2 {
        let refused = failure(shop.commit(&id).await);
        assert_eq!(refused, not_held(&id, "RESERVATION_STATE_EXPIRED"));
        let released = shop.release(&id).await.expect("it is over");
        assert_eq!(released.state(), ReservationState::Expired);
        assert_eq!(levels(shop.level(1).await), (10, 0, 10));
    }
}

async fn due_copies_are_free_for_the_next_decision(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 2, 10).await;
    for _ in 0..10 {
        let held = shop
            .reserve_as(Uuid::new_v4(), &[(1, 1), (2, 1)], Some(5))
            .await;
        held.expect("copies are held");
    }
    assert_eq!(failure(shop.reserve(&[(1, 1)]).await).1, "OUT_OF_STOCK");
    shop.clock.advance(Duration::from_secs(5));
    shop.reserve(&[(1, 10)])
        .await
        .expect("all copies are free again");
    let request = SetStockRequest {
        book_id: 2,
        on_hand: Some(0),
    };
    shop.client
        .set_stock(request)
        .await
        .expect("nothing of it is reserved");
}

async fn a_hold_lasts_fifteen_minutes_if_nobody_says(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let held = shop.reserve(&[(1, 3)]).await.expect("copies are held");
    let expire_time = held.expire_time.expect("it has a time");
    // 2026-02-03T04:20:06.000007Z
    assert_eq!(
        (expire_time.seconds, expire_time.nanos),
        (1_770_092_406, 7000)
    );
}

async fn a_repeated_request_gets_the_first_answer(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let request_id = Uuid::new_v4();
    let first = shop
        .reserve_as(request_id, &[(1, 3)], Some(60))
        .await
        .expect("copies are held");
    shop.clock.advance(Duration::from_secs(30));
    let again = shop
        .reserve_as(request_id, &[(1, 3)], Some(60))
        .await
        .expect("it is repeated");
    assert_eq!(again, first);
    assert_eq!(shop.level(1).await.reserved, 3);
    // The first answer it stays, whatever became of the reservation.
    shop.commit(&first.reservation_id)
        .await
        .expect("it is held");
    let again = shop
        .reserve_as(request_id, &[(1, 3)], Some(60))
        .await
        .expect("it is repeated");
    assert_eq!(again, first);
    assert_eq!(levels(shop.level(1).await), (7, 0, 7));
}

async fn a_request_id_with_another_body_is_refused(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 10).await;
    let request_id = Uuid::new_v4();
    shop.reserve_as(request_id, &[(1, 3)], None)
        .await
        .expect("copies are held");
    for (quantity, seconds) in [(2, None), (3, Some(60))] {
        let outcome = shop.reserve_as(request_id, &[(1, quantity)], seconds).await;
        let (code, reason, _) = failure(outcome);
        assert_eq!(
            (code, reason.as_str()),
            (Code::AlreadyExists, "REQUEST_ID_REUSED")
        );
    }
    assert_eq!(shop.level(1).await.reserved, 3);
}

async fn a_refused_request_may_be_repeated(database: TestDb) {
    let mut shop = Shop::with_stock(&database, 1, 2).await;
    let request_id = Uuid::new_v4();
    let outcome = shop.reserve_as(request_id, &[(1, 3)], None).await;
    assert_eq!(failure(outcome).1, "OUT_OF_STOCK");
    let request = SetStockRequest {
        book_id: 1,
        on_hand: Some(3),
    };
    shop.client
        .set_stock(request)
        .await
        .expect("the stock is set");
    shop.reserve_as(request_id, &[(1, 3)], None)
        .await
        .expect("there are enough now");
}

async fn an_unknown_reservation_is_not_found(database: TestDb) {
    let mut shop = Shop::open(&database);
    let id = Uuid::nil().to_string();
    for outcome in [
        shop.get(&id).await,
        shop.commit(&id).await,
        shop.release(&id).await,
    ] {
        let (code, reason, _) = failure(outcome);
        assert_eq!(
            (code, reason.as_str()),
            (Code::NotFound, "RESERVATION_NOT_FOUND")
        );
    }
}

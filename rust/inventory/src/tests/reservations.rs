use std::time::Duration;

use contract::bookstore::inventory::v1::{
    CommitReservationRequest, GetReservationRequest, ListReservationsRequest,
    ReleaseReservationRequest, Reservation, ReservationState, SetStockRequest,
};
use store::testing::TestDb;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{TestInventory, counts, failure, metadata};

store::both_engines! {
    crate::SCHEMA =>
    reserved_copies_are_not_available,
    all_lines_are_reserved_or_none,
    lines_of_the_same_book_are_added_up,
    reservation_of_an_unknown_book_is_refused,
    repeated_commit_removes_the_copies_once,
    repeated_release_returns_the_copies_once,
    committed_reservation_is_not_released,
    released_reservation_is_not_committed,
    due_reservation_is_expired,
    expired_reservation_is_not_committed_and_its_release_succeeds,
    copies_of_due_reservations_are_available,
    unset_hold_is_fifteen_minutes,
    repeated_request_gets_the_original_response,
    request_id_with_another_body_is_refused,
    failed_request_can_be_retried,
    unknown_reservation_is_not_found,
    pages_list_all_reservations_newest_first,
}

impl TestInventory {
    async fn get(&mut self, id: &str) -> Result<Reservation, Status> {
        let request = GetReservationRequest {
            reservation_id: id.to_owned(),
        };
        let response = self.client.get_reservation(request).await?;
        Ok(response
            .into_inner()
            .reservation
            .expect("the response has a reservation"))
    }

    pub(super) async fn commit(&mut self, id: &str) -> Result<Reservation, Status> {
        let request = CommitReservationRequest {
            reservation_id: id.to_owned(),
        };
        let response = self.cart.commit_reservation(request).await?;
        Ok(response
            .into_inner()
            .reservation
            .expect("the response has a reservation"))
    }

    pub(super) async fn release(&mut self, id: &str) -> Result<Reservation, Status> {
        let request = ReleaseReservationRequest {
            reservation_id: id.to_owned(),
        };
        let response = self.cart.release_reservation(request).await?;
        Ok(response
            .into_inner()
            .reservation
            .expect("the response has a reservation"))
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

async fn reserved_copies_are_not_available(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 2, 10).await;
    let held = service
        .reserve(&[(1, 3), (2, 1)])
        .await
        .expect("copies are held");
    assert_eq!(held.state(), ReservationState::Held);
    assert_eq!(counts(service.level(1).await), (10, 3, 7));
    assert_eq!(counts(service.level(2).await), (10, 1, 9));
    assert_eq!(
        service.get(&held.reservation_id).await.expect("it exists"),
        held
    );
    let upper = held.reservation_id.to_uppercase();
    assert_eq!(service.get(&upper).await.expect("it exists"), held);
}

async fn all_lines_are_reserved_or_none(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 2, 10).await;
    service.reserve(&[(2, 9)]).await.expect("copies are held");
    assert_eq!(
        failure(service.reserve(&[(1, 1), (2, 2)]).await),
        (
            Code::FailedPrecondition,
            "OUT_OF_STOCK".to_owned(),
            metadata(&[("book_id", "2"), ("available", "1")])
        )
    );
    assert_eq!(counts(service.level(1).await), (10, 0, 10));
}

async fn lines_of_the_same_book_are_added_up(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let (_, reason, _) = failure(service.reserve(&[(1, 6), (1, 5)]).await);
    assert_eq!(reason, "OUT_OF_STOCK");
    let held = service
        .reserve(&[(1, 6), (1, 4)])
        .await
        .expect("copies are held");
    let quantities: Vec<_> = held.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(
        (quantities, service.level(1).await.available),
        (vec![6, 4], 0)
    );
    service
        .commit(&held.reservation_id)
        .await
        .expect("it is held");
    assert_eq!(counts(service.level(1).await), (0, 0, 0));
}

async fn reservation_of_an_unknown_book_is_refused(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    assert_eq!(
        failure(service.reserve(&[(1, 1), (77, 1)]).await),
        (
            Code::NotFound,
            "BOOK_NOT_FOUND".to_owned(),
            metadata(&[("book_id", "77")])
        )
    );
    assert_eq!(service.level(1).await.reserved, 0);
}

async fn repeated_commit_removes_the_copies_once(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let held = service.reserve(&[(1, 3)]).await.expect("copies are held");
    for _ in 0..3 {
        let committed = service
            .commit(&held.reservation_id)
            .await
            .expect("it is held");
        assert_eq!(committed.state(), ReservationState::Committed);
        assert_eq!(counts(service.level(1).await), (7, 0, 7));
    }
    // A later repetition changes nothing either.
    service.clock.advance(Duration::from_secs(7200));
    service
        .commit(&held.reservation_id)
        .await
        .expect("it is committed");
    assert_eq!(counts(service.level(1).await), (7, 0, 7));
}

async fn repeated_release_returns_the_copies_once(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let held = service.reserve(&[(1, 3)]).await.expect("copies are held");
    for _ in 0..3 {
        let released = service
            .release(&held.reservation_id)
            .await
            .expect("it is held");
        assert_eq!(released.state(), ReservationState::Released);
        assert_eq!(counts(service.level(1).await), (10, 0, 10));
    }
}

async fn committed_reservation_is_not_released(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let id = service
        .reserve(&[(1, 3)])
        .await
        .expect("copies are held")
        .reservation_id;
    service.commit(&id).await.expect("it is held");
    let refused = failure(service.release(&id).await);
    assert_eq!(refused, not_held(&id, "RESERVATION_STATE_COMMITTED"));
    assert_eq!(counts(service.level(1).await), (7, 0, 7));
}

async fn released_reservation_is_not_committed(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let id = service
        .reserve(&[(1, 3)])
        .await
        .expect("copies are held")
        .reservation_id;
    service.release(&id).await.expect("it is held");
    let refused = failure(service.commit(&id).await);
    assert_eq!(refused, not_held(&id, "RESERVATION_STATE_RELEASED"));
    assert_eq!(counts(service.level(1).await), (10, 0, 10));
}

async fn due_reservation_is_expired(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let held = service
        .reserve_as(Uuid::new_v4(), &[(1, 3)], Some(10))
        .await;
    let id = held.expect("copies are held").reservation_id;
    service.clock.advance(Duration::from_micros(9_999_999));
    assert_eq!(
        service.get(&id).await.expect("it exists").state(),
        ReservationState::Held
    );
    assert_eq!(service.level(1).await.available, 7);
    service.clock.advance(Duration::from_micros(1));
    assert_eq!(
        service.get(&id).await.expect("it exists").state(),
        ReservationState::Expired
    );
    assert_eq!(counts(service.level(1).await), (10, 0, 10));
    assert_eq!(
        service.get(&id).await.expect("it exists").state(),
        ReservationState::Expired
    );
}

async fn expired_reservation_is_not_committed_and_its_release_succeeds(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let held = service.reserve_as(Uuid::new_v4(), &[(1, 3)], Some(1)).await;
    let id = held.expect("copies are held").reservation_id;
    service.clock.advance(Duration::from_secs(1));
    // Before and after its copies were released.
    for _ in 0..2 {
        let refused = failure(service.commit(&id).await);
        assert_eq!(refused, not_held(&id, "RESERVATION_STATE_EXPIRED"));
        let released = service.release(&id).await.expect("it is over");
        assert_eq!(released.state(), ReservationState::Expired);
        assert_eq!(counts(service.level(1).await), (10, 0, 10));
    }
}

async fn copies_of_due_reservations_are_available(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 2, 10).await;
    for _ in 0..10 {
        let held = service
            .reserve_as(Uuid::new_v4(), &[(1, 1), (2, 1)], Some(5))
            .await;
        held.expect("copies are held");
    }
    assert_eq!(failure(service.reserve(&[(1, 1)]).await).1, "OUT_OF_STOCK");
    service.clock.advance(Duration::from_secs(5));
    service
        .reserve(&[(1, 10)])
        .await
        .expect("all copies are available again");
    let request = SetStockRequest {
        book_id: 2,
        on_hand: Some(0),
        expected_on_hand: None,
    };
    service
        .client
        .set_stock(request)
        .await
        .expect("nothing of it is reserved");
}

async fn unset_hold_is_fifteen_minutes(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let held = service.reserve(&[(1, 3)]).await.expect("copies are held");
    let expire_time = held.expire_time.expect("it has a time");
    // 2026-02-03T04:20:06.000007Z
    assert_eq!(
        (expire_time.seconds, expire_time.nanos),
        (1_770_092_406, 7000)
    );
}

async fn repeated_request_gets_the_original_response(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let request_id = Uuid::new_v4();
    let first = service
        .reserve_as(request_id, &[(1, 3)], Some(60))
        .await
        .expect("copies are held");
    service.clock.advance(Duration::from_secs(30));
    let repeated = service
        .reserve_as(request_id, &[(1, 3)], Some(60))
        .await
        .expect("it is repeated");
    assert_eq!(repeated, first);
    assert_eq!(service.level(1).await.reserved, 3);
    // The response stays the same after the reservation was committed.
    service
        .commit(&first.reservation_id)
        .await
        .expect("it is held");
    let repeated = service
        .reserve_as(request_id, &[(1, 3)], Some(60))
        .await
        .expect("it is repeated");
    assert_eq!(repeated, first);
    assert_eq!(counts(service.level(1).await), (7, 0, 7));
}

async fn request_id_with_another_body_is_refused(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 10).await;
    let request_id = Uuid::new_v4();
    service
        .reserve_as(request_id, &[(1, 3)], None)
        .await
        .expect("copies are held");
    for (quantity, seconds) in [(2, None), (3, Some(60))] {
        let outcome = service
            .reserve_as(request_id, &[(1, quantity)], seconds)
            .await;
        let (code, reason, _) = failure(outcome);
        assert_eq!(
            (code, reason.as_str()),
            (Code::AlreadyExists, "REQUEST_ID_REUSED")
        );
    }
    assert_eq!(service.level(1).await.reserved, 3);
}

async fn failed_request_can_be_retried(database: TestDb) {
    let mut service = TestInventory::with_stock(&database, 1, 2).await;
    let request_id = Uuid::new_v4();
    let outcome = service.reserve_as(request_id, &[(1, 3)], None).await;
    assert_eq!(failure(outcome).1, "OUT_OF_STOCK");
    let request = SetStockRequest {
        book_id: 1,
        on_hand: Some(3),
        expected_on_hand: None,
    };
    service
        .client
        .set_stock(request)
        .await
        .expect("the stock is set");
    service
        .reserve_as(request_id, &[(1, 3)], None)
        .await
        .expect("there are enough now");
}

async fn unknown_reservation_is_not_found(database: TestDb) {
    let mut service = TestInventory::open(&database);
    let id = Uuid::nil().to_string();
    for outcome in [
        service.get(&id).await,
        service.commit(&id).await,
        service.release(&id).await,
    ] {
        let (code, reason, _) = failure(outcome);
        assert_eq!(
            (code, reason.as_str()),
            (Code::NotFound, "RESERVATION_NOT_FOUND")
        );
    }
}

async fn pages_list_all_reservations_newest_first(database: TestDb) {
    let mut inventory = TestInventory::with_stock(&database, 2, 10).await;
    let mut reserved = Vec::new();
    for _ in 0..5 {
        let reservation = inventory.reserve(&[(1, 1), (2, 1)]).await;
        reserved.insert(0, reservation.expect("there are copies"));
    }
    let released = inventory.release(&reserved[1].reservation_id).await;
    reserved[1] = released.expect("it is held");
    inventory.clock.advance(Duration::from_secs(15 * 60));
    for (index, reservation) in reserved.iter_mut().enumerate() {
        if index != 1 {
            reservation.state = ReservationState::Expired.into();
        }
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListReservationsRequest {
            page_size: 2,
            page_token,
        };
        let page = inventory.client.list_reservations(request).await;
        let page = page.expect("the operator may list them").into_inner();
        listed.extend(page.reservations);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, reserved);
}

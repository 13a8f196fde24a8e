//! `bookstore.accounts.v1` through its generated clients and the layers of `rpc`.

use std::sync::Arc;

use contract::bookstore::accounts::v1::{
    Account, AccountProfile, Address, ChangePasswordRequest, DeleteAccountRequest,
    ExportAccountRequest, GetAccountRequest, GetSessionRequest, ListSessionsRequest,
    RevokeSessionRequest, SignInRequest, SignOutRequest, SignUpRequest, UpdateAccountRequest,
    VerifyEmailRequest, account_service_client::AccountServiceClient,
    session_service_client::SessionServiceClient,
};
use fakes::Fault;
use futures::TryStreamExt as _;
use prost_types::FieldMask;
use rpc::{Channel, Router};
use store::testing::TestDb;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{PASSWORD, TestAccounts};

store::both_engines! {
    crate::SCHEMA =>
    visitor_signs_up_in_and_out,
    profile_changes_by_the_mask,
    calls_without_an_open_session_are_refused,
    password_change_keeps_the_session_of_the_call,
    export_without_a_service_is_unavailable,
}

struct Served {
    service: TestAccounts,
    accounts: AccountServiceClient<Channel>,
    sessions: SessionServiceClient<Channel>,
    token: String,
    /// Kept because the channels work only while their router exists.
    _router: Router,
}

fn serve(database: &TestDb) -> Served {
    let service = TestAccounts::open(database);
    let router = Router::new(rpc::Options::default())
        .add(service.accounts.server())
        .add(service.accounts.session_server())
        .verifying_tokens_by(Arc::new(service.accounts.authenticator()));
    let channel = router.in_process();
    Served {
        service,
        accounts: AccountServiceClient::new(channel.clone()),
        sessions: SessionServiceClient::new(channel),
        token: String::new(),
        _router: router,
    }
}

impl Served {
    /// A service with a verified account and an open session.
    async fn signed_in(database: &TestDb) -> (Self, Account) {
        let mut served = serve(database);
        let request = SignUpRequest {
            request_id: Uuid::new_v4().to_string(),
            email: "Ada@example.org".to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "Ada".to_owned(),
        };
        served.accounts.sign_up(request).await.expect("accepted");
        let request = VerifyEmailRequest {
            verification_token: served.service.mailed_token().await,
        };
        let verified = served.accounts.verify_email(request).await.expect("valid");
        let account = verified.into_inner().account.expect("set");
        served.token = served.sign_in().await;
        (served, account)
    }

    async fn sign_in(&mut self) -> String {
        let request = SignInRequest {
            email: "ada@example.org".to_owned(),
            password: PASSWORD.to_owned(),
            client_label: "a test".to_owned(),
        };
        let opened = self.sessions.sign_in(request).await.expect("right");
        opened.into_inner().session_token
    }

    fn call<T>(&self, message: T) -> Request<T> {
        with_token(message, &self.token)
    }
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().expect("metadata");
    request.metadata_mut().insert("authorization", bearer);
    request
}

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

async fn visitor_signs_up_in_and_out(database: TestDb) {
    let (mut served, account) = Served::signed_in(&database).await;
    let request = served.call(GetAccountRequest {});
    let read = served
        .accounts
        .get_account(request)
        .await
        .expect("signed in");
    assert_eq!(read.into_inner().account, Some(account.clone()));
    let request = served.call(GetSessionRequest {});
    let session = served.sessions.get_session(request).await.expect("open");
    let session = session.into_inner().session.expect("set");
    assert_eq!(session.account_id, account.account_id);
    let request = served.call(ListSessionsRequest::default());
    let listed = served
        .sessions
        .list_sessions(request)
        .await
        .expect("listed");
    let listed = listed.into_inner();
    assert_eq!(listed.sessions, std::slice::from_ref(&session));
    assert_eq!(listed.current_session_id, session.session_id);
    let request = served.call(ExportAccountRequest {});
    let exported = served.accounts.export_account(request).await;
    let pieces = exported.expect("signed in").into_inner();
    let pieces = pieces.map_ok(|piece| piece.document_piece);
    let document: String = pieces.try_collect().await.expect("exported");
    assert!(document.contains(&session.session_id));
    let request = served.call(SignOutRequest {});
    served.sessions.sign_out(request).await.expect("open");
    let request = served.call(SignOutRequest {});
    let again = served.sessions.sign_out(request).await.expect_err("ended");
    assert_eq!(
        (again.code(), reason(&again)),
        (Code::Unauthenticated, "SESSION_INVALID".into())
    );
}

async fn profile_changes_by_the_mask(database: TestDb) {
    let (mut served, account) = Served::signed_in(&database).await;
    let address = Address {
        recipient: "Ada Lovelace".to_owned(),
        street_lines: vec!["12 St James's Square".to_owned()],
        city: "London".to_owned(),
        region: String::new(),
        postal_code: "SW1Y 4JH".to_owned(),
        country_code: "GB".to_owned(),
    };
    let mut expected = account.profile.clone().expect("set");
    for (paths, profile) in [
        (
            vec!["default_shipping_address"],
            AccountProfile {
                display_name: "ignored".to_owned(),
                default_shipping_address: Some(address.clone()),
            },
        ),
        (
            vec!["display_name"],
            AccountProfile {
                display_name: "A. L.".to_owned(),
                default_shipping_address: None,
            },
        ),
        (
            vec!["display_name", "default_shipping_address"],
            AccountProfile::default(),
        ),
    ] {
        for path in &paths {
            match *path {
                "display_name" => expected.display_name.clone_from(&profile.display_name),
                _ => expected
                    .default_shipping_address
                    .clone_from(&profile.default_shipping_address),
            }
        }
        let request = served.call(UpdateAccountRequest {
            profile: Some(profile),
            update_mask: Some(FieldMask {
                paths: paths.into_iter().map(str::to_owned).collect(),
            }),
        });
        let updated = served
            .accounts
            .update_account(request)
            .await
            .expect("updated");
        let updated = updated.into_inner().account.expect("set");
        assert_eq!(updated.profile, Some(expected.clone()));
    }
    for paths in [vec![], vec!["default_shipping_address.city".to_owned()]] {
        let request = served.call(UpdateAccountRequest {
            profile: Some(AccountProfile::default()),
            update_mask: Some(FieldMask { paths }),
        });
        let refused = served
            .accounts
            .update_account(request)
            .await
            .expect_err("refused");
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

async fn calls_without_an_open_session_are_refused(database: TestDb) {
    let (mut served, _) = Served::signed_in(&database).await;
    let missing = served.accounts.get_account(GetAccountRequest {}).await;
    let missing = missing.expect_err("no credential");
    assert_eq!(reason(&missing), "CREDENTIAL_MISSING");
    for token in ["x", "", &format!("{}x", served.token)] {
        let request = with_token(GetAccountRequest {}, token);
        let wrong = served
            .accounts
            .get_account(request)
            .await
            .expect_err("wrong");
        assert_eq!(wrong.code(), Code::Unauthenticated, "{token}");
    }
    let other = served.sign_in().await;
    let request = served.call(ListSessionsRequest::default());
    let listed = served
        .sessions
        .list_sessions(request)
        .await
        .expect("listed")
        .into_inner();
    let newest = listed.sessions[0].session_id.clone();
    assert_ne!(newest, listed.current_session_id);
    let request = served.call(RevokeSessionRequest { session_id: newest });
    served.sessions.revoke_session(request).await.expect("open");
    let request = with_token(GetAccountRequest {}, &other);
    let revoked = served
        .accounts
        .get_account(request)
        .await
        .expect_err("revoked");
    assert_eq!(reason(&revoked), "SESSION_INVALID");
}

async fn password_change_keeps_the_session_of_the_call(database: TestDb) {
    let (mut served, _) = Served::signed_in(&database).await;
    let other = served.sign_in().await;
    let request = served.call(ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "another good password".to_owned(),
    });
    served
        .accounts
        .change_password(request)
        .await
        .expect("right");
    let request = with_token(GetAccountRequest {}, &other);
    served
        .accounts
        .get_account(request)
        .await
        .expect_err("ended");
    let request = served.call(DeleteAccountRequest {
        current_password: PASSWORD.to_owned(),
    });
    let wrong = served
        .accounts
        .delete_account(request)
        .await
        .expect_err("wrong");
    assert_eq!(
        (wrong.code(), reason(&wrong)),
        (Code::PermissionDenied, "PASSWORD_WRONG".into())
    );
    let request = served.call(DeleteAccountRequest {
        current_password: "another good password".to_owned(),
    });
    served
        .accounts
        .delete_account(request)
        .await
        .expect("right");
}

async fn export_without_a_service_is_unavailable(database: TestDb) {
    let (mut served, _) = Served::signed_in(&database).await;
    let faults = &served.service.others.reviews.faults;
    faults.set("export_account_data", Fault::Down);
    let request = served.call(ExportAccountRequest {});
    let exported = served.accounts.export_account(request).await;
    let pieces = exported.expect("signed in").into_inner();
    let failed = pieces.try_collect::<Vec<_>>().await.expect_err("a gap");
    assert_eq!(failed.code(), Code::Unavailable);
    let info = failed.get_details_error_info().expect("declared");
    assert_eq!(info.reason, "EXPORT_INCOMPLETE");
    assert_eq!(info.metadata["service"], "reviews");
}

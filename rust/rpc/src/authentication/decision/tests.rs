use futures::FutureExt;
use tonic::Code;
use uuid::Uuid;

use super::*;

const RESERVE_STOCK: &str = "/bookstore.inventory.v1.InventoryService/ReserveStock";
const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
const GET_ORDER: &str = "/bookstore.cart.v1.CheckoutService/GetOrder";

const ALICE: AccountId = AccountId(Uuid::from_u128(1));

/// The token "alice" belongs to an account; for "slow" the answer never comes.
struct FakeAuthenticator;

impl Authenticator for FakeAuthenticator {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Caller, AuthenticationError>> {
        match token {
            "alice" => std::future::ready(Ok(Caller::Account(ALICE))).boxed(),
            "down" => {
                let error = AuthenticationError::Unavailable("accounts is down".to_owned());
                std::future::ready(Err(error)).boxed()
            }
            "slow" => std::future::pending().boxed(),
            _ => std::future::ready(Err(AuthenticationError::Refused)).boxed(),
        }
    }
}

fn credentials() -> Credentials {
    let secrets = [("cart", "cart-secret"), ("reviews", "reviews-secret")];
    let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret.to_owned()));
    Credentials {
        operator_token: OperatorToken::new(Some("operator-token")),
        service_secrets: ServiceSecrets::new(&secrets.into()),
        authenticator: Some(Arc::new(FakeAuthenticator)),
        open_services: Arc::new([]),
    }
}

async fn check(
    credentials: &Credentials,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<tonic::Request<()>, Status> {
    let mut request = Request::post(path).body(Body::empty()).expect("a request");
    for (name, value) in headers {
        let value = value.parse().expect("a header value");
        request.headers_mut().insert(*name, value);
    }
    let context = CallContext::from_headers(request.headers(), path, None);
    request.extensions_mut().insert(Arc::new(context));
    let verified = match credentials.check(&request) {
        Verdict::Accepted(verified) => verified,
        Verdict::Refused(status) => return Err(status),
        Verdict::Pending(verification) => verification.await?,
    };
    verified.add_to(&mut request);
    let mut accepted = tonic::Request::new(());
    *accepted.extensions_mut() = request.extensions().clone();
    Ok(accepted)
}

/// The code and the reason with which the call is refused.
async fn refusal(path: &str, headers: &[(&'static str, &str)]) -> (Code, String) {
    let status = check(&credentials(), path, headers).await;
    let status = status.expect_err("the call is refused");
    (status.code(), reason(&status))
}

fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    let details = status.get_details_error_info();
    details.map(|info| info.reason).unwrap_or_default()
}

async fn caller(path: &str, headers: &[(&'static str, &str)]) -> Caller {
    let accepted = check(&credentials(), path, headers).await;
    Caller::of(&accepted.expect("the call is accepted"))
}

fn expected(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

#[test]
fn only_bearer_tokens_are_credentials() {
    let cases: [(&str, Option<&str>); 7] = [
        ("Bearer secret", Some("secret")),
        ("bearer secret", Some("secret")),
        ("Bearer  secret ", Some("secret")),
        ("Bearer ", None),
        ("Bearer", None),
        ("Basic c2VjcmV0", None),
        ("secret", None),
    ];
    for (value, expected) in cases {
        let value = value.parse().expect("a header value");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        assert_eq!(bearer_token(&headers), expected);
    }
}

#[tokio::test]
async fn method_for_accounts_refuses_everybody_else() {
    let missing = expected(Code::Unauthenticated, "CREDENTIAL_MISSING");
    let invalid = expected(Code::Unauthenticated, "SESSION_INVALID");
    assert_eq!(refusal(GET_ORDER, &[]).await, missing);
    for token in ["Bearer mallory", "Bearer operator-token"] {
        let headers = [("authorization", token)];
        assert_eq!(refusal(GET_ORDER, &headers).await, invalid, "{token}");
    }
    let headers = [("authorization", "Bearer alice")];
    assert_eq!(caller(GET_ORDER, &headers).await, Caller::Account(ALICE));
}

#[tokio::test(start_paused = true)]
async fn token_that_cannot_be_verified_is_never_anonymous() {
    let unavailable = expected(Code::Unavailable, "ACCOUNTS_UNAVAILABLE");
    for token in ["Bearer down", "Bearer slow"] {
        let headers = [("authorization", token)];
        assert_eq!(refusal(GET_ORDER, &headers).await, unavailable, "{token}");
    }
    let without_authenticator = Credentials {
        authenticator: None,
        ..credentials()
    };
    let headers = [("authorization", "Bearer alice")];
    let status = check(&without_authenticator, GET_ORDER, &headers).await;
    assert_eq!(
        reason(&status.expect_err("refused")),
        "ACCOUNTS_UNAVAILABLE"
    );
}

#[tokio::test]
async fn method_for_the_operator_refuses_accounts_and_services() {
    let refused = expected(Code::PermissionDenied, "CREDENTIAL_REFUSED");
    for headers in [
        [("authorization", "Bearer alice")],
        [("bindery-service", "reviews reviews-secret")],
    ] {
        assert_eq!(refusal(RESERVE_STOCK, &headers).await, refused);
    }
    let headers = [("authorization", "Bearer operator-token")];
    assert_eq!(caller(RESERVE_STOCK, &headers).await, Caller::Operator);
}

#[tokio::test]
async fn open_method_does_not_ask_the_authenticator() {
    for token in ["Bearer alice", "Bearer down", "Bearer mallory"] {
        let headers = [("authorization", token)];
        assert_eq!(caller(GET_BOOK, &headers).await, Caller::Anonymous);
    }
}

#[tokio::test]
async fn only_services_act_for_accounts() {
    let account = ALICE.to_string();
    let service = ("bindery-service", "cart cart-secret");
    let acting = [service, ("bindery-account", &*account)];
    let request = check(&credentials(), GET_BOOK, &acting).await;
    assert_eq!(Caller::account_of(&request.expect("open")), Some(ALICE));
    let headers = [("bindery-account", &*account)];
    let request = check(&credentials(), GET_BOOK, &headers).await;
    assert_eq!(Caller::account_of(&request.expect("open")), None);
}

#[tokio::test]
async fn path_outside_of_the_contract_is_refused() {
    let path = "/other.v1.OtherService/Call";
    assert_eq!(refusal(path, &[]).await.0, Code::Unimplemented);
    let open = Credentials {
        open_services: Arc::new(["other.v1.OtherService"]),
        ..credentials()
    };
    assert!(check(&open, path, &[]).await.is_ok());
}

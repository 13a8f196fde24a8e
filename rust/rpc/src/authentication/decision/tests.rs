use contract::{Access, Condition};
use futures::FutureExt;
use proptest::prelude::*;
use tonic::Code;
use uuid::Uuid;

use super::*;

const RESERVE_STOCK: &str = "/bookstore.inventory.v1.InventoryService/ReserveStock";
const GET_BOOK: &str = "/bookstore.inventory.v1.InventoryService/GetBook";
const GET_CART: &str = "/bookstore.cart.v1.CartService/GetCart";
const COMMIT_RESERVATION: &str = "/bookstore.inventory.v1.InventoryService/CommitReservation";
const GET_ACCOUNT: &str = "/bookstore.accounts.v1.AccountService/GetAccount";
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
    check_message(credentials, path, headers, None).await
}

async fn check_message(
    credentials: &Credentials,
    path: &str,
    headers: &[(&'static str, &str)],
    message: Option<FirstMessage>,
) -> Result<tonic::Request<()>, Status> {
    let mut request = Request::post(path).body(Body::empty()).expect("a request");
    for (name, value) in headers {
        let value = value.parse().expect("a header value");
        request.headers_mut().insert(*name, value);
    }
    let context = CallContext::from_headers(request.headers(), path, None);
    request.extensions_mut().insert(Arc::new(context));
    if let Some(message) = message {
        request.extensions_mut().insert(message);
    }
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

#[tokio::test]
async fn token_that_a_service_passes_on_tells_the_account() {
    let credentials = credentials();
    let cart = ("bindery-service", "cart cart-secret");
    let alice = ("authorization", "Bearer alice");
    let accepted = check(&credentials, GET_ACCOUNT, &[cart, alice]).await;
    assert_eq!(
        Caller::of(&accepted.expect("an account")),
        Caller::Account(ALICE)
    );
    let wrong = ("authorization", "Bearer wrong");
    let refused = check(&credentials, GET_ACCOUNT, &[cart, wrong]).await;
    assert_eq!(
        refused.expect_err("a wrong token").code(),
        Code::Unauthenticated
    );
    let accepted = check(&credentials, GET_ACCOUNT, &[cart]).await;
    let caller = Caller::of(&accepted.expect("a service"));
    assert_eq!(caller, Caller::Service("cart".into()));
}

#[tokio::test]
async fn service_does_not_lend_its_identity_to_a_call_that_it_passes_on() {
    let cart = ("bindery-service", "cart cart-secret");
    let relayed = ("bindery-relayed", "true");
    let as_cart = caller(COMMIT_RESERVATION, &[cart]).await;
    assert_eq!(as_cart, Caller::Service("cart".into()));
    let missing = expected(Code::Unauthenticated, "CREDENTIAL_MISSING");
    for path in [COMMIT_RESERVATION, RESERVE_STOCK, GET_ACCOUNT] {
        assert_eq!(refusal(path, &[cart, relayed]).await, missing, "{path}");
    }
    let account = ("bindery-account", "00000000-0000-0000-0000-000000000001");
    let refused = refusal(GET_ORDER, &[cart, relayed, account]).await;
    assert_eq!(refused, missing);
    let alice = ("authorization", "Bearer alice");
    let by_token = caller(GET_ORDER, &[cart, relayed, alice]).await;
    assert_eq!(by_token, Caller::Account(ALICE));
    let operator = ("authorization", "Bearer operator-token");
    let by_token = caller(RESERVE_STOCK, &[cart, relayed, operator]).await;
    assert_eq!(by_token, Caller::Operator);
    assert_eq!(caller(GET_BOOK, &[cart, relayed]).await, Caller::Anonymous);
}

#[tokio::test]
async fn only_a_service_tells_for_whom_it_passes_a_call_on() {
    let cart = ("bindery-service", "cart cart-secret");
    let relayed = ("bindery-relayed", "true");
    let address = ("bindery-client-address", "192.0.2.7");
    let client = |headers: &[(&'static str, &str)]| {
        let mut request = Request::post(GET_BOOK)
            .body(Body::empty())
            .expect("a request");
        for (name, value) in headers {
            let value = value.parse().expect("a header value");
            request.headers_mut().insert(*name, value);
        }
        credentials().relayed_client(&request)
    };
    let told = RelayedClient("192.0.2.7".parse().expect("an address"));
    assert_eq!(client(&[cart, relayed, address]), Some(told));
    assert_eq!(client(&[relayed, address]), None);
    assert_eq!(client(&[cart, address]), None);
}

#[tokio::test]
async fn request_that_no_handler_sees_needs_a_credential() {
    let credentials = credentials();
    let undecodable = || Some(FirstMessage::Undecodable);
    let alice = [("authorization", "Bearer alice")];
    let accepted = check_message(&credentials, GET_CART, &alice, undecodable()).await;
    assert_eq!(
        Caller::of(&accepted.expect("an account")),
        Caller::Account(ALICE)
    );
    let refused = check_message(&credentials, GET_CART, &[], undecodable()).await;
    let refused = refused.expect_err("no credential");
    assert_eq!(refused.code(), Code::Unauthenticated);
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

/// The encoded request of `CartService` with this id of a guest cart.
fn cart_request(cart_id: &str) -> Bytes {
    use contract::bookstore::cart::v1::GetCartRequest;
    use prost::Message as _;
    let cart_id = cart_id.to_owned();
    GetCartRequest { cart_id }.encode_to_vec().into()
}

#[tokio::test]
async fn guest_cart_is_open_and_the_cart_of_an_account_is_not() {
    let credentials = credentials();
    let call = async |headers: &[_], cart_id: &str| {
        let message = Some(cart_request(cart_id));
        let accepted = check_message(
            &credentials,
            GET_CART,
            headers,
            message.map(FirstMessage::Encoded),
        )
        .await;
        accepted
            .map(|request| Caller::of(&request))
            .map_err(|status| reason(&status))
    };
    let alice = [("authorization", "Bearer alice")];
    let mallory = [("authorization", "Bearer mallory")];
    assert_eq!(call(&[], "guest").await, Ok(Caller::Anonymous));
    assert_eq!(call(&mallory, "guest").await, Ok(Caller::Anonymous));
    assert_eq!(call(&alice, "").await, Ok(Caller::Account(ALICE)));
    assert_eq!(call(&[], "").await, Err("CREDENTIAL_MISSING".to_owned()));
    assert_eq!(call(&mallory, "").await, Err("SESSION_INVALID".to_owned()));
    // Without its message, it is unknown whether the call is for a guest cart.
    assert_eq!(refusal(GET_CART, &[]).await.1, "CREDENTIAL_MISSING");
}

#[tokio::test]
async fn method_for_services_refuses_all_others() {
    let missing = expected(Code::Unauthenticated, "CREDENTIAL_MISSING");
    let refused = expected(Code::PermissionDenied, "CREDENTIAL_REFUSED");
    assert_eq!(refusal(COMMIT_RESERVATION, &[]).await, missing);
    for header in [
        ("bindery-service", "reviews reviews-secret"),
        ("bindery-service", "cart reviews-secret"),
        ("bindery-service", "cart"),
        ("authorization", "Bearer operator-token"),
        ("authorization", "Bearer alice"),
    ] {
        assert_eq!(
            refusal(COMMIT_RESERVATION, &[header]).await,
            refused,
            "{header:?}"
        );
    }
    let headers = [("bindery-service", "cart cart-secret")];
    let cart = Caller::Service("cart".into());
    assert_eq!(caller(COMMIT_RESERVATION, &headers).await, cart);
    assert_eq!(caller(RESERVE_STOCK, &headers).await, cart);
    // One accepted credential is enough.
    let both = [headers[0], ("authorization", "Bearer operator-token")];
    assert_eq!(caller(COMMIT_RESERVATION, &both).await, cart);
    assert_eq!(caller(RESERVE_STOCK, &both).await, Caller::Operator);
}

/// An alternative of the property test: what it asks for, and its condition.
#[derive(Debug, Clone)]
struct Alternative {
    credential: Option<&'static str>,
    services: &'static [&'static str],
    if_set: Option<bool>,
}

fn alternatives() -> impl Strategy<Value = Vec<Alternative>> {
    let asks_for = prop_oneof![
        Just((None, &[][..])),
        Just((Some("operator"), &[][..])),
        Just((Some("account"), &[][..])),
        Just((Some("unknown"), &[][..])),
        Just((None, &["cart"][..])),
        Just((None, &["cart", "reviews"][..])),
    ];
    let alternative =
        (asks_for, any::<Option<bool>>()).prop_map(|((credential, services), if_set)| {
            Alternative {
                credential,
                services,
                if_set,
            }
        });
    prop::collection::vec(alternative, 0..4)
}

/// Who a call comes from: its header, and the name of the caller in the model.
fn callers() -> impl Strategy<Value = (Option<(&'static str, &'static str)>, &'static str)> {
    prop::sample::select(vec![
        (None, "nobody"),
        (Some(("authorization", "Bearer operator-token")), "operator"),
        (Some(("authorization", "Bearer alice")), "account"),
        (Some(("authorization", "Bearer mallory")), "nobody"),
        (Some(("authorization", "Bearer down")), "nobody"),
        (Some(("bindery-service", "cart cart-secret")), "cart"),
        (
            Some(("bindery-service", "reviews reviews-secret")),
            "reviews",
        ),
        (Some(("bindery-service", "cart reviews-secret")), "nobody"),
        (Some(("bindery-service", "transactions ")), "nobody"),
    ])
}

/// The id of a cart whose request lacks its last byte.
const CUT_OFF: &str = "cut off";

proptest! {
    /// The model knows no order of checks and no statuses: a call is accepted exactly if
    /// an alternative applies to its message and names its caller.
    #[test]
    fn call_is_accepted_exactly_if_an_alternative_applies(
        alternatives in alternatives(),
        (header, who) in callers(),
        cart_id in prop::sample::select(vec![None, Some(""), Some("guest"), Some(CUT_OFF)]),
    ) {
        let applies = |alternative: &Alternative| {
            let open = alternative.credential.is_none() && alternative.services.is_empty();
            let condition = match (alternative.if_set, cart_id) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(_), Some(CUT_OFF)) => !open,
                (Some(if_set), Some(cart_id)) => if_set != cart_id.is_empty(),
            };
            let named = alternative.credential == Some(who) || alternative.services.contains(&who);
            condition && (open || named)
        };
        let expected = alternatives.is_empty() || alternatives.iter().any(applies);

        let access: Vec<Access> = alternatives
            .iter()
            .map(|alternative| Access {
                credential: alternative.credential,
                services: alternative.services,
                condition: alternative.if_set.map(|set| Condition {
                    field: "cart_id",
                    number: 1,
                    explicit_presence: false,
                    set,
                }),
            })
            .collect();
        // Freed by nobody: methods live as long as the process.
        let method: &MethodInfo = Box::leak(Box::new(MethodInfo {
            access: Vec::leak(access),
            ..MethodInfo::unknown()
        }));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let mut request = Request::new(Body::empty());
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, http::HeaderValue::from_static(value));
        }
        if let Some(cart_id) = cart_id {
            let mut message = cart_request(cart_id);
            if cart_id == CUT_OFF {
                message.truncate(message.len() - 1);
            }
            request.extensions_mut().insert(FirstMessage::Encoded(message));
        }
        let accepted = match credentials().decide(method, &request) {
            Verdict::Accepted(_) => true,
            Verdict::Refused(_) => false,
            Verdict::Pending(verification) => {
                let _timers = runtime.enter();
                verification.now_or_never().is_some_and(|verified| verified.is_ok())
            }
        };
        prop_assert_eq!(accepted, expected);
    }
}

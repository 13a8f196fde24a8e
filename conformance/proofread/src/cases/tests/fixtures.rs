use prost_reflect::Value;
use serde_json::json;

use super::*;

fn fixtures(fields: &[(&str, &[serde_json::Value])]) -> Fixtures {
    let fields = fields
        .iter()
        .map(|(name, values)| ((*name).to_owned(), values.to_vec()));
    Fixtures {
        fields: fields.collect(),
    }
}

fn method<'c>(contract: &'c Contract, path: &str) -> &'c Method {
    contract
        .methods()
        .find(|method| method.path == path)
        .expect("the method exists")
}

fn first_field(case: &Case, name: &str) -> Value {
    let Payload::Messages(messages) = &case.send else {
        panic!("{} sends bytes", case.id);
    };
    let value = messages[0]
        .get_field_by_name(name)
        .expect("the field exists");
    value.into_owned()
}

#[test]
fn valid_requests_use_the_fixture() {
    let contract = bookstore::contract();
    let path = "/bookstore.inventory.v1.InventoryService/BatchGetBooks";
    let fixtures = fixtures(&[("*.book_ids", &[json!(7), json!([8, 9])])]);
    let generated = derive(&contract, method(&contract, path), &fixtures);
    let baseline = &generated.cases[0];
    assert_eq!(
        first_field(baseline, "book_ids"),
        Value::List(vec![Value::I32(7)])
    );
    let oracle = Oracle::new(&contract);
    let random = RandomCases::new(&contract, &oracle, method(&contract, path), &fixtures, 1);
    let named = [vec![Value::I32(7)], vec![Value::I32(8), Value::I32(9)]].map(Value::List);
    for case in random
        .take(100)
        .filter(|case| case.intent.ends_with("keeps every rule"))
    {
        let value = first_field(&case, "book_ids");
        let edge = value.as_list().is_some_and(|items| items.len() >= 99);
        assert!(named.contains(&value) || edge, "{value:?}");
    }
}

#[test]
fn a_fixture_sets_a_field_that_may_be_unset() {
    let contract = bookstore::contract();
    let path = "/bookstore.cart.v1.CartService/GetCart";
    let id = "0190a5c3-7b1e-7c3a-9d2f-5e6a7b8c9d0e";
    let fixtures = fixtures(&[("bookstore.cart.v1.GetCartRequest.cart_id", &[json!(id)])]);
    let generated = derive(&contract, method(&contract, path), &fixtures);
    assert_eq!(
        first_field(&generated.cases[0], "cart_id"),
        Value::String(id.to_owned())
    );
}

#[test]
fn a_fixture_that_breaks_a_rule_is_reported_and_not_used() {
    let contract = bookstore::contract();
    let path = "/bookstore.inventory.v1.InventoryService/GetBook";
    let fixtures = fixtures(&[("*.book_id", &[json!(0), json!("seven"), json!(5)])]);
    let generated = derive(&contract, method(&contract, path), &fixtures);
    assert_eq!(first_field(&generated.cases[0], "book_id"), Value::I32(5));
    let reasons: Vec<&str> = generated
        .uncovered
        .iter()
        .map(|it| it.reason.as_str())
        .collect();
    assert!(
        reasons
            .iter()
            .any(|it| it.contains("the fixture 0 breaks int32.gte_lte")),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|it| it.contains("\"seven\" does not fit")),
        "{reasons:?}"
    );
}

#[test]
fn fixtures_are_read_from_json() {
    let read: Fixtures = serde_json::from_value(json!({"*.book_id": [1, 2]})).expect("it is read");
    assert_eq!(read, fixtures(&[("*.book_id", &[json!(1), json!(2)])]));
}

#[test]
fn each_case_has_its_own_idempotency_key() {
    let contract = bookstore::contract();
    let path = "/bookstore.inventory.v1.InventoryService/ReserveStock";
    let generated = derive(&contract, method(&contract, path), &Fixtures::default());
    let accepted = generated
        .cases
        .iter()
        .filter(|case| matches!(case.expect, Expect::Accepted) && !case.id.contains("request_id"));
    let keys: Vec<String> = accepted
        .map(|case| first_field(case, "request_id").to_string())
        .collect();
    let different: HashSet<&String> = keys.iter().collect();
    assert!(keys.len() > 5);
    assert_eq!(different.len(), keys.len());
    // They are the same in the next run.
    let again = derive(&contract, method(&contract, path), &Fixtures::default());
    assert_eq!(
        first_field(&again.cases[0], "request_id").to_string(),
        keys[0]
    );
}

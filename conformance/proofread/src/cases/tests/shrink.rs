use futures::executor::block_on;
use prost_reflect::{DynamicMessage, Value};

use super::*;

fn only_message(case: &Case) -> &DynamicMessage {
    let Payload::Messages(messages) = &case.send else {
        panic!("{} sends bytes", case.id);
    };
    assert_eq!(messages.len(), 1);
    &messages[0]
}

/// A random case finds a server that does not check one rule. After shrinking, the case
/// breaks only that rule.
#[test]
fn a_case_shrinks_to_the_rule_that_is_not_checked() {
    let contract = bookstore::contract();
    let oracle = Oracle::new(&contract);
    let path = "/bookstore.inventory.v1.InventoryService/ReserveStock";
    let method = contract
        .methods()
        .find(|method| method.path == path)
        .expect("it exists");
    let fixtures = Fixtures::default();
    let forgets = |case: &Case| match &case.expect {
        Expect::Refused(expected) => expected.iter().any(|it| it.path.ends_with("].quantity")),
        _ => false,
    };
    let mut random = RandomCases::new(&contract, &oracle, method, &fixtures, 11);
    let found = random
        .find(|case| forgets(case))
        .expect("one of them breaks the rule");
    let small = block_on(shrink(&oracle, &found, async |case: &Case| forgets(case)));
    check_case(&small, &oracle);
    let message = only_message(&small);
    let lines = message
        .get_field_by_name("lines")
        .expect("the field exists")
        .into_owned();
    assert_eq!(lines.as_list().map(<[Value]>::len), Some(1), "{lines}");
    assert!(!message.has_field_by_name("request_id"), "{message}");
    assert!(!message.has_field_by_name("hold"), "{message}");
}

#[test]
fn numbers_and_strings_shrink_to_the_boundary_of_the_failure() {
    let contract = bookstore::contract();
    let oracle = Oracle::new(&contract);
    let path = "/bookstore.inventory.v1.InventoryService/SearchBooks";
    let method = contract
        .methods()
        .find(|method| method.path == path)
        .expect("it exists");
    let mut message = DynamicMessage::new(method.descriptor.input());
    message.set_field_by_name("query", Value::String("many words, ça va?".to_owned()));
    message.set_field_by_name("page_size", Value::I32(187));
    message.set_field_by_name("page_token", Value::String("token".to_owned()));
    let case = Case {
        send: Payload::Messages(vec![message]),
        expect: Expect::Accepted,
        ..derive(&contract, method, &Fixtures::default())
            .cases
            .remove(0)
    };
    // It fails for pages of more than 20 and queries of more than 3 characters.
    let mut sent = 0;
    let small = block_on(shrink(&oracle, &case, async |case: &Case| {
        sent += 1;
        let message = only_message(case);
        let size = message
            .get_field_by_name("page_size")
            .and_then(|it| it.as_i32());
        let query = message
            .get_field_by_name("query")
            .map(|it| it.to_string().len());
        size > Some(20) && query > Some(5)
    }));
    let message = only_message(&small);
    assert_eq!(message.to_string(), r#"query:"aaaa",page_size:21"#);
    assert!(sent < 200, "{sent}");
    assert!(matches!(small.expect, Expect::Accepted));
}

#[test]
fn a_case_that_cannot_shrink_is_unchanged() {
    let contract = bookstore::contract();
    let oracle = Oracle::new(&contract);
    let method = contract.methods().next().expect("it has methods");
    let case = derive(&contract, method, &Fixtures::default())
        .cases
        .remove(0);
    let same = block_on(shrink(&oracle, &case, async |_: &Case| false));
    assert_eq!(format!("{same:?}"), format!("{case:?}"));
}

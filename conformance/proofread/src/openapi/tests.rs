//! The document of the bookstore's contract.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn document() -> Value {
    let contract = Contract::decode(contract::IMAGE).expect("the contract");
    let info = Info {
        title: "Bookstore".to_owned(),
        version: "1".to_owned(),
    };
    render(&contract, &info)
}

#[test]
fn rules_are_keywords() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let get_book = &schemas["bookstore.inventory.v1.GetBookRequest"];
    assert_eq!(get_book["required"], json!(["bookId"]));
    let book_id = &get_book["properties"]["bookId"];
    assert_eq!(
        (&book_id["type"], &book_id["minimum"]),
        (&json!("integer"), &json!(1))
    );
    let recommend = &schemas["bookstore.recommendations.v1.RecommendRequest"]["properties"];
    let categories = recommend["category"]["enum"].as_array().expect("names");
    assert!(categories.contains(&json!("BOOK_CATEGORY_MYSTERY")));
    assert!(!categories.contains(&json!("BOOK_CATEGORY_UNSPECIFIED")));
    let money = &schemas["bookstore.type.v1.Money"]["properties"]["amountMinor"];
    assert_eq!(money["type"], "string");
    let ids = &schemas["bookstore.inventory.v1.BatchGetBooksRequest"]["properties"]["bookIds"];
    assert_eq!(ids["type"], "array");
    assert!(ids["maxItems"].is_u64());
    assert!(ids["items"]["minimum"].is_i64());
    let mask = &schemas["bookstore.accounts.v1.UpdateAccountRequest"]["properties"]["updateMask"]["pattern"];
    let paths = "(displayName|defaultShippingAddress)";
    assert_eq!(*mask, format!("^({paths}(,{paths})*)?$"));
    let fault = &schemas["bookstore.faults.v1.Fault"]["oneOf"];
    let kinds = ["latency", "error", "hangUp", "blackHole"];
    assert_eq!(*fault, json!(kinds.map(|kind| json!({"required": [kind]}))));
}

#[test]
fn method_has_a_path_in_connect_and_by_its_annotation() {
    let document = document();
    let connect = &document["paths"]["/bookstore.inventory.v1.InventoryService/SetStock"]["post"];
    let body = &connect["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(
        *body,
        json!({"$ref": "#/components/schemas/bookstore.inventory.v1.SetStockRequest"})
    );
    assert_eq!(connect["security"], json!([{"operator": []}]));
    let not_found = &connect["responses"]["404"]["description"];
    assert!(
        not_found.to_string().contains("BOOK_NOT_FOUND"),
        "{not_found}"
    );
    let annotated = &document["paths"]["/v1/books/{book_id}/stock"]["put"];
    assert_eq!(annotated["parameters"][0]["name"], "book_id");
    assert_eq!(annotated["parameters"][0]["in"], "path");
    let body = &annotated["requestBody"]["content"]["application/json"]["schema"];
    assert!(body["properties"]["bookId"].is_null());
    assert_eq!(body["required"], json!(["onHand"]));
    let products = &document["paths"]["/products"]["get"];
    let answer = &products["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(answer["type"], "array");
    assert_eq!(
        document["components"]["securitySchemes"]["operator"]["scheme"],
        "bearer"
    );
}

#[test]
fn streams_and_methods_of_services_are_left_out() {
    let document = document();
    for path in [
        "/bookstore.inventory.v1.InventoryService/ImportBooks",
        "/bookstore.inventory.v1.InventoryService/WatchStock",
        "/bookstore.inventory.v1.InventoryService/CommitReservation",
    ] {
        assert!(document["paths"][path].is_null(), "{path}");
    }
}

#[test]
fn every_reference_has_its_component_and_operation_ids_are_unique() {
    fn collect<'d>(value: &'d Value, references: &mut BTreeSet<&'d str>) {
        match value {
            Value::Object(fields) => {
                references.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| collect(value, references));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 100, "{}", references.len());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths
        .values()
        .flat_map(|item| item.as_object().expect("methods").values());
    let ids: Vec<_> = operations.map(|it| it["operationId"].to_string()).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    // Several services have a method ListOutboxMessages.
    assert_eq!(ids.len(), unique.len());
}

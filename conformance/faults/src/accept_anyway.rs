//! The response of a server that accepts an invalid request.

use prost_reflect::DynamicMessage;

use crate::{
    call::{Call, Reply},
    image,
    rules::v1::Checked,
};

/// Returns OK with a valid response, whatever the request contains.
pub fn accept_anyway(call: &Call) -> Reply {
    let name = call.path.rsplit('/').next().unwrap_or_default();
    if name.starts_with("Check") {
        let size: usize = call.messages.iter().map(|message| message.len()).sum();
        return Reply::ok(&Checked {
            size: i64::try_from(size).unwrap_or(i64::MAX),
            method: name.to_owned(),
        });
    }
    let method = image::method(&call.path).expect("faults are on methods of the contract");
    let json = response(name);
    let mut json = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(method.output(), &mut json);
    Reply::ok(&message.expect("the response matches the response type of the method"))
}

fn response(name: &str) -> &'static str {
    match name {
        "Charge" => r#"{"chargeNumber": "1", "chargedMinor": "5"}"#,
        "Count" => r#"{"number": 1}"#,
        "FileRecord" => r#"{"size": "1"}"#,
        "CreateNote" | "GetNote" | "UpdateNote" => {
            r#"{"note": {"noteId": "01930000-0000-7000-8000-000000000005", "title": "a", "stars": 1}}"#
        }
        "CreateTag" | "GetTag" | "UpdateTag" => r#"{"name": "a"}"#,
        "GetProfile" | "UpdateProfile" => r#"{"profile": {}}"#,
        "GetItem" => r#"{"item": {"name": "anvil"}}"#,
        "ReverseWords" => r#"{"word": "yes"}"#,
        "GetBook" => {
            r#"{"book": {"bookId": 1, "title": "Volume", "category": 1,
                "price": {"currencyCode": "EUR", "amountMinor": "1"}}}"#
        }
        "SetStock" | "WatchStock" => r#"{"level": {"bookId": 1}}"#,
        "ReserveStock" | "GetReservation" | "CommitReservation" | "ReleaseReservation" => {
            r#"{"reservation": {"reservationId": "01930000-0000-7000-8000-000000000000",
                "lines": [{"bookId": 1, "quantity": 1}], "state": 1,
                "expireTime": "2030-01-01T00:00:00Z"}}"#
        }
        // The responses of the other methods have no required fields.
        _ => "{}",
    }
}

//! Checks without proofread that each fault changes an answer of a long sequence of calls.

use std::collections::HashMap;

use http::{HeaderValue, header::AUTHORIZATION};
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};

use super::faults;
use crate::{
    client,
    credentials::OTHER_ACCOUNT_TOKEN,
    faults::{Fault, FaultyResponse},
    image,
    server::CorrectServer,
};

/// Makes calls to a server with a fault, or to the correct one.
struct Caller {
    server: CorrectServer,
    fault: Option<Fault>,
    /// The answers, with ids numbered in the order in which they appear.
    answers: Vec<String>,
    ids: HashMap<String, usize>,
}

impl Caller {
    async fn call(&mut self, by_other: bool, path: &str, request: Value) -> Value {
        let method = image::method(path).expect("the method exists");
        let message = DynamicMessage::deserialize(method.input(), request);
        let message = message.expect("the request is valid");
        let mut call = client::call(path, &[message]);
        if by_other {
            let token = HeaderValue::try_from(format!("Bearer {OTHER_ACCOUNT_TOKEN}"));
            call.headers
                .insert(AUTHORIZATION, token.expect("the token is ASCII"));
        }
        let reply = match &self.fault {
            None => self.server.handle_call(call).await,
            Some(fault) => match fault.behaviour.respond(call, &self.server).await {
                FaultyResponse::Reply(reply) => reply,
                _ => panic!("{} gives no reply", fault.id),
            },
        };
        let response = reply.messages.first().cloned().unwrap_or_default();
        let response = DynamicMessage::decode(method.output(), response).expect("it is valid");
        let json = serde_json::to_value(&response).expect("it is JSON");
        let text = self.without_ids(&json.to_string());
        self.answers
            .push(format!("{path} {:?} {text}", reply.code()));
        json
    }

    fn without_ids(&mut self, text: &str) -> String {
        let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
        for part in &mut parts {
            if uuid::Uuid::parse_str(part).is_ok() {
                let next = self.ids.len();
                let number = *self.ids.entry(part.clone()).or_insert(next);
                *part = format!("id {number}");
            }
        }
        parts.join("\"")
    }

    async fn notes(&mut self) {
        let service = |method: &str| format!("/rules.v1.NoteService/{method}");
        let create = |key: u128, title: &str| json!({"requestId": uuid::Uuid::from_u128(key).to_string(), "title": title, "text": "Text", "stars": 2});
        let [create_path, get, list, update, delete] = [
            "CreateNote",
            "GetNote",
            "ListNotes",
            "UpdateNote",
            "DeleteNote",
        ]
        .map(service);
        let mut ids = Vec::new();
        for (key, title) in [(1, "A"), (2, "B")] {
            let created = self.call(false, &create_path, create(key, title)).await;
            ids.push(created["note"]["noteId"].as_str().map(str::to_owned));
        }
        let ids: Vec<String> = ids.into_iter().flatten().collect();
        let about = |at: usize| json!({"noteId": ids[at]});
        let change = |at: usize, title: &str, stars: i32, mask: &str| json!({"noteId": ids[at], "title": title, "text": title, "stars": stars, "updateMask": mask});
        let changes = [
            change(0, "A2", 2, "title"),
            change(0, "A3", 2, "text"),
            change(0, "A4", 5, "stars"),
            change(0, "A5", 2, "title"),
        ];
        for request in changes {
            self.call(false, &update, request).await;
            self.call(false, &get, about(0)).await;
            self.call(false, &get, about(1)).await;
            self.call(false, &list, json!({})).await;
        }
        self.call(false, &create_path, create(1, "A")).await;
        let after = [
            (&get, about(0)),
            (&list, json!({})),
            (&delete, about(1)),
            (&get, about(1)),
            (&get, about(0)),
            (&list, json!({})),
            (&update, change(1, "B2", 2, "title")),
            (&get, about(1)),
            (&create_path, create(2, "B")),
            (&get, about(1)),
            (&delete, about(1)),
            (&get, about(1)),
            (&create_path, create(3, "C")),
            (&get, about(1)),
            (&list, json!({})),
        ];
        for (path, request) in after {
            self.call(false, path, request).await;
        }
        let by_other = [
            (&get, about(0)),
            (&list, json!({})),
            (&create_path, create(1, "A")),
            (&update, change(0, "Other", 2, "title")),
            (&delete, about(0)),
        ];
        for (path, request) in by_other {
            self.call(true, path, request).await;
            self.call(false, &get, about(0)).await;
        }
    }

    async fn tags(&mut self) {
        let service = |method: &str| format!("/rules.v1.TagService/{method}");
        let tag =
            |name: &str, label: &str| json!({"tag": {"name": name, "label": label, "position": 3}});
        let calls = [
            (false, "CreateTag", tag("a", "A")),
            (false, "CreateTag", tag("b", "B")),
            (false, "GetTag", json!({"name": "a"})),
            (false, "UpdateTag", tag("a", "A2")),
            (false, "GetTag", json!({"name": "a"})),
            (false, "ListTags", json!({})),
            (false, "DeleteTag", json!({"name": "a"})),
            (false, "GetTag", json!({"name": "a"})),
            (
                false,
                "UpdateProfile",
                json!({"profile": {"nickname": "N", "motto": "M"}}),
            ),
            (false, "GetProfile", json!({})),
            (true, "GetProfile", json!({})),
        ];
        for (by_other, method, request) in calls {
            self.call(by_other, &service(method), request).await;
        }
    }
}

async fn answers(fault: Option<Fault>) -> Vec<String> {
    let mut caller = Caller {
        server: CorrectServer::new(),
        fault,
        answers: Vec::new(),
        ids: HashMap::new(),
    };
    caller.notes().await;
    caller.tags().await;
    caller.answers
}

#[tokio::test]
async fn every_fault_changes_an_answer() {
    let correct = answers(None).await;
    assert_eq!(correct, answers(None).await);
    for fault in faults() {
        let id = fault.id.clone();
        assert_ne!(correct, answers(Some(fault)).await, "{id}");
    }
}

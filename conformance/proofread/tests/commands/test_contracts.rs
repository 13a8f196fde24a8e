//! The contracts of the test server.

use std::{fs, path::Path};

#[expect(dead_code, reason = "the unit tests use all of it")]
#[path = "../../src/testing.rs"]
mod testing;

const SHOP: &str = r#"syntax = "proto3";
package shop.v1;

import "buf/validate/validate.proto";
import "proofread/v1/options.proto";

// Sells books.
service Shop {
  // Reads a book.
  rpc Get(GetRequest) returns (GetResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  // Opens a session.
  rpc SignIn(SignInRequest) returns (SignInResponse);
  // Reads a secret book.
  rpc Secret(GetRequest) returns (GetResponse) {
    option (proofread.v1.access) = {
      credential: "account"
    };
    option (proofread.v1.errors) = {
      code: CODE_UNAUTHENTICATED
      when: "the caller has no session"
    };
  }
}

// Asks for a book.
message GetRequest {
  // Its number.
  int32 id = 1 [(buf.validate.field).int32 = {
    gte: 1
    lte: 100
  }];
}

// A book.
message GetResponse {}

// Who it is.
message SignInRequest {
  // The name.
  string name = 1 [(buf.validate.field).string = {
    min_len: 1
    max_len: 20
  }];
}

// A session.
message SignInResponse {
  // The session.
  Session session = 1;
}

// A session.
message Session {
  // Its token.
  string token = 1;
}
"#;

const TICKETS: &str = r#"syntax = "proto3";
package tickets.v1;

import "buf/validate/validate.proto";
import "proofread/v1/options.proto";

// Creates tickets and uses them up.
service Tickets {
  // Opens a ticket.
  rpc Open(OpenRequest) returns (OpenResponse) {
    option (proofread.v1.errors) = {
      code: CODE_ALREADY_EXISTS
      when: "the key was used"
    };
  }
  // Closes a ticket.
  rpc Close(CloseRequest) returns (CloseResponse) {
    option (proofread.v1.errors) = {
      code: CODE_NOT_FOUND
      when: "no ticket of this id is open"
    };
  }
  // Is in the contract, but the server does not implement it.
  rpc Count(CloseRequest) returns (CloseResponse);
}

// Asks for a ticket.
message OpenRequest {
  // Chosen by the caller.
  string key = 1 [(buf.validate.field).string = {
    min_len: 1
    max_len: 64
  }];
}

// The ticket.
message OpenResponse {
  // The ticket.
  Ticket ticket = 1;
  // A comment.
  string note = 2;
}

// A ticket.
message Ticket {
  // Its id.
  string id = 1;
}

// Closes a ticket.
message CloseRequest {
  // Its id.
  string ticket_id = 1 [(buf.validate.field).string = {
    min_len: 1
    max_len: 20
  }];
}

// It is closed.
message CloseResponse {}
"#;

/// The image of the ticket service, which the same server implements.
pub fn tickets_image() -> Vec<u8> {
    testing::image(&[("tickets/v1/tickets.proto", TICKETS)])
}

/// The image of the shop service.
pub fn shop_image() -> Vec<u8> {
    testing::image(&[("shop/v1/shop.proto", SHOP)])
}

/// The image of the shop service with one text of its proto replaced.
pub fn changed_image(from: &str, to: &str) -> Vec<u8> {
    assert!(SHOP.contains(from), "the proto contains {from:?}");
    testing::image(&[("shop/v1/shop.proto", &SHOP.replace(from, to))])
}

/// A folder with the image of the shop as `shop.binpb`.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("the folder can be created");
    write(folder.path(), "shop.binpb", &shop_image());
    folder
}

pub fn write(folder: &Path, name: &str, content: &[u8]) {
    fs::write(folder.join(name), content).expect("the file can be written");
}

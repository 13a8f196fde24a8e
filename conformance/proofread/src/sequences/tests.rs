//! What is inferred from names and types. `faults` tests the sequences themselves.

use super::{path::text, resource::Resource, *};
use crate::{contract::Contract, testing::shop};

fn described(resource: &Resource<'_>) -> String {
    let name = |role: &Option<resource::Role<'_>>| {
        role.as_ref()
            .map_or("-".to_owned(), |role| role.method.name.clone())
    };
    let keys: Vec<String> = resource.key.iter().map(|path| text(path)).collect();
    let lists = resource
        .lists
        .iter()
        .map(|list| list.role.method.name.as_str());
    format!(
        "{} [{}] create {} get {} update {} delete {} list {}",
        resource.name(),
        keys.join(" "),
        name(&resource.create),
        resource.get.method.name,
        name(&resource.update),
        name(&resource.delete),
        lists.collect::<Vec<_>>().join(" "),
    )
}

fn inferred(body: &str, settings: &SequenceSettings) -> Vec<String> {
    let contract = Contract::decode(&shop(body)).expect("a contract");
    let methods: Vec<&Method> = contract.methods().collect();
    let resources = declared::resources(settings, &methods);
    resources.iter().map(described).collect()
}

const NOTES: &str = r#"
    message Note { string note_id = 1; string title = 2; }
    message CreateNoteRequest { string title = 1; }
    message GetNoteRequest { string note_id = 1; }
    message ListNotesRequest {}
    message ListNotesResponse { repeated Note notes = 1; }
    message NoteResponse { Note note = 1; }
    message Empty {}
    service Notes {
      rpc CreateNote(CreateNoteRequest) returns (NoteResponse);
      rpc GetNote(GetNoteRequest) returns (NoteResponse);
      rpc ListNotes(ListNotesRequest) returns (ListNotesResponse);
      rpc ListNoteRevisions(GetNoteRequest) returns (ListNotesResponse);
      rpc UpdateNote(Note) returns (NoteResponse);
      rpc DeleteNote(GetNoteRequest) returns (Empty);
      rpc ArchiveNote(GetNoteRequest) returns (NoteResponse);
    }
"#;

#[test]
fn names_and_types_tell_what_methods_do_with_a_resource() {
    assert_eq!(
        inferred(NOTES, &SequenceSettings::default()),
        [
            "shop.v1.Note [note_id] create CreateNote get GetNote update UpdateNote delete DeleteNote list ListNotes"
        ]
    );
}

#[test]
fn resource_can_be_the_response_and_part_of_the_request() {
    let body = r#"
        message Book { string name = 1; string title = 2; }
        message CreateBookRequest { string parent = 1; Book book = 2; }
        message UpdateBookRequest { Book book = 1; }
        message NameRequest { string name = 1; string view = 2; }
        message ListBooksRequest { string parent = 1; }
        message ListBooksResponse { repeated Book books = 1; string next_page_token = 2; }
        service Library {
          rpc CreateBook(CreateBookRequest) returns (Book);
          rpc GetBook(NameRequest) returns (Book);
          rpc UpdateBook(UpdateBookRequest) returns (Book);
          rpc DeleteBook(NameRequest) returns (Book);
          rpc ListBooks(ListBooksRequest) returns (ListBooksResponse);
        }
    "#;
    assert_eq!(
        inferred(body, &SequenceSettings::default()),
        [
            "shop.v1.Book [name] create CreateBook get GetBook update UpdateBook delete DeleteBook list ListBooks"
        ]
    );
}

/// Another verb creates a resource only if the method is declared to write, and does not need
/// an existing one.
#[test]
fn other_verbs_create_if_they_are_declared_to_write() {
    let body = r#"
        message Ticket { string ticket_id = 1; int32 seats = 2; }
        message Reserve { int32 seats = 1; }
        message ById { string ticket_id = 1; }
        message Answer { Ticket ticket = 1; }
        service Tickets {
          rpc GetTicket(ById) returns (Answer) { option idempotency_level = NO_SIDE_EFFECTS; }
          rpc PreviewTicket(Reserve) returns (Answer);
          rpc AddSeat(Reserve) returns (Answer) { option idempotency_level = IDEMPOTENT; }
          rpc RefundTicket(ById) returns (Answer) { option idempotency_level = IDEMPOTENT; }
          rpc ReserveSeats(Reserve) returns (Answer) { option idempotency_level = IDEMPOTENT; }
        }
    "#;
    assert_eq!(
        inferred(body, &SequenceSettings::default()),
        ["shop.v1.Ticket [ticket_id] create ReserveSeats get GetTicket update - delete - list "]
    );
}

#[test]
fn resource_of_which_there_is_one_is_only_changed() {
    let body = r#"
        message Profile { string motto = 1; }
        message Empty {}
        service Profiles {
          rpc GetProfile(Empty) returns (Profile);
          rpc UpdateProfile(Profile) returns (Profile);
          rpc ResetProfile(Empty) returns (Profile) { option idempotency_level = IDEMPOTENT; }
        }
    "#;
    assert_eq!(
        inferred(body, &SequenceSettings::default()),
        ["shop.v1.Profile [] create - get GetProfile update UpdateProfile delete - list "]
    );
}

#[test]
fn contract_without_writing_methods_has_no_resources() {
    let body = r#"
        message Book { int32 id = 1; }
        service Shop { rpc GetBook(Book) returns (Book); rpc SearchBooks(Book) returns (Book); }
    "#;
    assert_eq!(
        inferred(body, &SequenceSettings::default()),
        Vec::<String>::new()
    );
}

#[test]
fn declared_methods_win_over_inferred_ones() {
    let mut settings = SequenceSettings::default();
    let declared = DeclaredResource {
        delete: Some("Notes/ArchiveNote".to_owned()),
        list: vec!["Notes/ListNoteRevisions".to_owned()],
        ..DeclaredResource::default()
    };
    settings
        .resources
        .insert("shop.v1.Note".to_owned(), declared);
    assert_eq!(
        inferred(NOTES, &settings),
        [
            "shop.v1.Note [note_id] create CreateNote get GetNote update UpdateNote delete ArchiveNote list ListNoteRevisions"
        ]
    );
    let skipped = DeclaredResource {
        skip: true,
        ..DeclaredResource::default()
    };
    settings
        .resources
        .insert("shop.v1.Note".to_owned(), skipped);
    assert_eq!(inferred(NOTES, &settings), Vec::<String>::new());
}

#[test]
fn declarations_that_do_not_fit_are_refused() {
    let contract = Contract::decode(&shop(NOTES)).expect("a contract");
    let error = |name: &str, declared: DeclaredResource| {
        let mut settings = SequenceSettings::default();
        settings.resources.insert(name.to_owned(), declared);
        let error = check_declarations(&settings, &contract).expect_err("it does not fit");
        format!("{}: {}", error.key, error.message)
    };
    assert!(
        error("shop.v1.Nota", DeclaredResource::default())
            .starts_with("resources.shop.v1.Nota: the contract has no message"),
    );
    let get = DeclaredResource {
        get: Some("DeleteNote".to_owned()),
        ..DeclaredResource::default()
    };
    assert_eq!(
        error("shop.v1.Note", get),
        "resources.shop.v1.Note.get: the response of DeleteNote has no shop.v1.Note"
    );
    let shared = SequenceSettings {
        shared: vec!["shop.v1.Nothing".to_owned()],
        ..SequenceSettings::default()
    };
    let unknown = check_declarations(&shared, &contract).expect_err("there is none");
    assert_eq!(unknown.key, "shared.0");
}

//! `rules.v1.NoteService`: notes of accounts, with ids of the server, request ids and pages.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use rpc::{AccountId, Caller};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use crate::{
    error_status::error_status,
    rules::v1::{
        CreateNoteRequest, CreateNoteResponse, DeleteNoteRequest, DeleteNoteResponse,
        GetNoteRequest, GetNoteResponse, ListNotesRequest, ListNotesResponse, Note,
        UpdateNoteRequest, UpdateNoteResponse, note_service_server::NoteService,
    },
};

/// The page size if the request does not set it.
const PAGE_SIZE: usize = 10;

/// The prefix of page tokens, followed by the number of the last note of the page before.
const TOKEN_PREFIX: &str = "after-";

/// The service.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<HashMap<Option<AccountId>, AccountNotes>>);

/// The notes of one account.
#[derive(Debug, Default)]
struct AccountNotes {
    /// By number, in the order of their creation.
    notes: BTreeMap<usize, Note>,
    created: usize,
    requests: HashMap<String, (CreateNoteRequest, Note)>,
}

impl AccountNotes {
    fn note(&mut self, id: &str) -> Result<&mut Note, Status> {
        // UUIDs are compared without case.
        let mut notes = self.notes.values_mut();
        let found = notes.find(|note| note.note_id.eq_ignore_ascii_case(id));
        found.ok_or_else(|| {
            let message = format!("no note has the id {id}");
            error_status(Code::NotFound, "NOTE_NOT_FOUND", message)
        })
    }

    /// The number after which a page begins.
    fn position(&self, token: &str) -> Result<usize, Status> {
        if token.is_empty() {
            return Ok(0);
        }
        let number = token.strip_prefix(TOKEN_PREFIX);
        let number = number.and_then(|number| number.parse().ok());
        let number = number.filter(|number| (1..=self.created).contains(number));
        // Only the canonical spelling.
        let number = number.filter(|number| token == format!("{TOKEN_PREFIX}{number}"));
        number.ok_or_else(|| {
            let message = "the page token is not one that this method gave";
            error_status(Code::InvalidArgument, "PAGE_TOKEN_INVALID", message)
        })
    }
}

impl Notes {
    /// Reads or changes the notes of the account that makes the call.
    fn with<T, R>(&self, request: &Request<T>, work: impl FnOnce(&mut AccountNotes) -> R) -> R {
        let account = match Caller::of(request) {
            Caller::Account(account) => Some(account),
            _ => None,
        };
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(notes.entry(account).or_default())
    }
}

#[tonic::async_trait]
impl NoteService for Notes {
    async fn create_note(
        &self,
        request: Request<CreateNoteRequest>,
    ) -> Result<Response<CreateNoteResponse>, Status> {
        let mut body = request.get_ref().clone();
        body.request_id = body.request_id.to_ascii_lowercase();
        self.with(&request, |account| {
            if let Some((first, note)) = account.requests.get(&body.request_id) {
                if *first != body {
                    let message = "the request id was used with another body";
                    let code = Code::AlreadyExists;
                    return Err(error_status(code, "REQUEST_ID_REUSED", message));
                }
                let note = Some(note.clone());
                return Ok(Response::new(CreateNoteResponse { note }));
            }
            let note = Note {
                note_id: Uuid::new_v4().to_string(),
                title: body.title.clone(),
                text: body.text.clone(),
                stars: body.stars,
                revision: 0,
            };
            account.created += 1;
            account.notes.insert(account.created, note.clone());
            let key = body.request_id.clone();
            account.requests.insert(key, (body, note.clone()));
            Ok(Response::new(CreateNoteResponse { note: Some(note) }))
        })
    }

    async fn get_note(
        &self,
        request: Request<GetNoteRequest>,
    ) -> Result<Response<GetNoteResponse>, Status> {
        let id = &request.get_ref().note_id;
        let note = self.with(&request, |account| account.note(id).cloned())?;
        Ok(Response::new(GetNoteResponse { note: Some(note) }))
    }

    async fn list_notes(
        &self,
        request: Request<ListNotesRequest>,
    ) -> Result<Response<ListNotesResponse>, Status> {
        let body = request.get_ref();
        self.with(&request, |account| {
            let after = account.position(&body.page_token)?;
            let size = match usize::try_from(body.page_size) {
                Ok(0) | Err(_) => PAGE_SIZE,
                Ok(size) => size,
            };
            let rest: Vec<(&usize, &Note)> = account.notes.range(after + 1..).collect();
            let page: Vec<Note> = rest
                .iter()
                .take(size)
                .map(|(_, it)| (*it).clone())
                .collect();
            let last = rest
                .get(size.saturating_sub(1))
                .filter(|_| rest.len() > size);
            let next = last.map(|(number, _)| format!("{TOKEN_PREFIX}{number}"));
            Ok(Response::new(ListNotesResponse {
                notes: page,
                next_page_token: next.unwrap_or_default(),
            }))
        })
    }

    async fn update_note(
        &self,
        request: Request<UpdateNoteRequest>,
    ) -> Result<Response<UpdateNoteResponse>, Status> {
        let body = request.get_ref();
        self.with(&request, |account| {
            let note = account.note(&body.note_id)?;
            let paths = body.update_mask.iter().flat_map(|mask| &mask.paths);
            let mut changed = note.clone();
            for path in paths {
                match path.as_str() {
                    "title" if body.title.is_empty() => return Err(missing("title")),
                    "stars" if body.stars == 0 => return Err(missing("stars")),
                    "title" => changed.title.clone_from(&body.title),
                    "text" => changed.text.clone_from(&body.text),
                    _ => changed.stars = body.stars,
                }
            }
            if changed != *note {
                changed.revision += 1;
                note.clone_from(&changed);
            }
            Ok(Response::new(UpdateNoteResponse {
                note: Some(changed),
            }))
        })
    }

    async fn delete_note(
        &self,
        request: Request<DeleteNoteRequest>,
    ) -> Result<Response<DeleteNoteResponse>, Status> {
        let id = &request.get_ref().note_id;
        self.with(&request, |account| {
            let deleted = account.note(id)?.clone();
            account.notes.retain(|_, note| *note != deleted);
            Ok(Response::new(DeleteNoteResponse {}))
        })
    }
}

fn missing(field: &str) -> Status {
    let message = format!("the mask names the {field}, and the request has none");
    error_status(Code::FailedPrecondition, "VALUE_MISSING", message)
}

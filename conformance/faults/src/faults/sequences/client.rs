//! Calls of notes on the correct server, and changes of its answers.

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use prost::Message;
use prost_types::FieldMask;

use super::NOTES;
use crate::{
    call::{Call, Reply},
    credentials::ACCOUNT_TOKEN,
    rules::v1::{
        CreateNoteRequest, CreateNoteResponse, DeleteNoteRequest, GetNoteRequest, GetNoteResponse,
        ListNotesResponse, Note, UpdateNoteRequest,
    },
    server::CorrectServer,
};

/// Calls the correct server on behalf of a caller.
pub(super) struct Client<'c> {
    pub(super) correct: &'c CorrectServer,
    pub(super) headers: HeaderMap,
}

impl Client<'_> {
    pub(super) async fn call<M: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Option<M> {
        let message = request.encode_to_vec().into();
        let path = format!("{NOTES}{method}");
        let call = Call::new(&path, self.headers.clone(), vec![message]);
        let reply = self.correct.handle_call(call).await;
        M::decode(reply.messages.first()?.clone()).ok()
    }

    pub(super) async fn get(&self, id: &str) -> Option<Note> {
        let note_id = id.to_owned();
        let found: Option<GetNoteResponse> =
            self.call("GetNote", &GetNoteRequest { note_id }).await;
        found?.note
    }

    pub(super) async fn delete(&self, id: &str) {
        let note_id = id.to_owned();
        let request = DeleteNoteRequest { note_id };
        let _: Option<()> = self.call("DeleteNote", &request).await;
    }

    /// Replaces the content of a note.
    pub(super) async fn set(&self, id: &str, content: &Note) {
        let paths = ["title", "text", "stars"].map(str::to_owned).to_vec();
        let request = UpdateNoteRequest {
            note_id: id.to_owned(),
            title: content.title.clone(),
            text: content.text.clone(),
            stars: content.stars,
            update_mask: Some(FieldMask { paths }),
        };
        let _: Option<()> = self.call("UpdateNote", &request).await;
    }

    /// Creates a note with this content.
    pub(super) async fn create(&self, content: &Note) -> Option<Note> {
        let request = CreateNoteRequest {
            request_id: uuid::Uuid::new_v4().to_string(),
            title: content.title.clone(),
            text: content.text.clone(),
            stars: content.stars,
        };
        let created: Option<CreateNoteResponse> = self.call("CreateNote", &request).await;
        created?.note
    }

    /// The same calls as the first account.
    pub(super) fn as_first_account(&self) -> Self {
        let mut headers = self.headers.clone();
        let token = HeaderValue::try_from(format!("Bearer {ACCOUNT_TOKEN}"));
        if let Ok(token) = token {
            headers.insert(AUTHORIZATION, token);
        }
        Self {
            correct: self.correct,
            headers,
        }
    }
}

pub(super) fn decoded<M: Message + Default>(call: &Call) -> M {
    let message = call.messages.first().cloned().unwrap_or_default();
    M::decode(message).unwrap_or_default()
}

pub(super) fn with_note(mut reply: Reply, note: &Note) -> Reply {
    // The responses of create, get and update have the same fields.
    let note = Some(note.clone());
    reply.messages = vec![GetNoteResponse { note }.encode_to_vec().into()];
    reply
}

pub(super) fn with_notes(mut reply: Reply, change: impl FnOnce(&mut Vec<Note>)) -> Reply {
    let message = reply.messages.first().cloned().unwrap_or_default();
    let mut page = ListNotesResponse::decode(message).unwrap_or_default();
    change(&mut page.notes);
    reply.messages = vec![page.encode_to_vec().into()];
    reply
}

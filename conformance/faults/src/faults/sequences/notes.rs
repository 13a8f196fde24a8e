//! The faulty note service: it changes what the correct one has stored, or its answers.

mod changes;
mod create;
mod reads;

use std::collections::HashMap;

use super::client::{Client, decoded};
use crate::{
    call::{Call, Reply},
    faults::{FaultBehaviour, FaultyResponse, state::Kept},
    rules::v1::{DeleteNoteRequest, GetNoteResponse, Note, UpdateNoteRequest},
    server::CorrectServer,
};

/// What is wrong with the notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    CreateLost,
    SecondCreateLost,
    CreateOverwrites,
    IdOfAnother,
    GetReturnsNewest,
    GetOutdated,
    UpdateLost,
    UpdateOfAnother,
    UpdateIgnoresText,
    UpdateIgnoresStars,
    UpdateClearsText,
    UpdateInTwoPlaces,
    SecondUpdateLost,
    FourthUpdateLost,
    DeleteDoesNothing,
    DeleteTwo,
    DeletedStillRead,
    DeletedStillListed,
    DeletedUpdateAccepted,
    ResurrectedByUpdate,
    ResurrectedByDelete,
    ResurrectedByCreate,
    ListMissesNewest,
    ListOutdated,
    ListMissesAfterDelete,
    ReplayCreatesAgain,
    ReplayReturnsCurrent,
    ReplayReturnsNewest,
    ReplayRestoresDeleted,
    ReplayResetsNote,
    OtherReads,
    OtherLists,
    OtherUpdates,
    OtherDeletes,
    OtherReplays,
}

/// What the faulty server remembers.
#[derive(Default)]
struct Memory {
    /// All notes in the order of their creation, as they were created.
    created: Vec<Note>,
    deleted: Vec<Note>,
    /// The number of changes by id.
    updates: HashMap<String, usize>,
    /// The note by request id.
    requests: HashMap<String, Note>,
    /// The current id of notes that were created again, by their first id.
    moved: HashMap<String, String>,
}

pub(super) struct NoteFault {
    kind: Kind,
    memory: Kept<Memory>,
}

impl NoteFault {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            memory: Kept::default(),
        }
    }
}

#[tonic::async_trait]
impl FaultBehaviour for NoteFault {
    async fn respond(&self, call: Call, correct: &CorrectServer) -> FaultyResponse {
        let client = Client {
            correct,
            headers: call.headers.clone(),
        };
        let method = call.path.rsplit('/').next().unwrap_or_default().to_owned();
        let before = match method.as_str() {
            "UpdateNote" => {
                client
                    .get(&decoded::<UpdateNoteRequest>(&call).note_id)
                    .await
            }
            "DeleteNote" => {
                client
                    .get(&decoded::<DeleteNoteRequest>(&call).note_id)
                    .await
            }
            _ => None,
        };
        let mut reply = correct.handle_call(call.clone()).await;
        let valid = reply.refusal().is_none();
        if valid {
            reply = match method.as_str() {
                "CreateNote" => self.create(&call, reply, &client).await,
                "GetNote" => self.get(&call, reply, &client).await,
                "ListNotes" => self.list(&call, reply, &client).await,
                "UpdateNote" => self.update(&call, reply, (&client, before)).await,
                "DeleteNote" => self.delete(&call, reply, (&client, before)).await,
                _ => reply,
            };
        }
        FaultyResponse::Reply(reply)
    }
}

impl NoteFault {
    /// Remembers that a note was created again, and answers to its first id by the new one.
    fn moved(&self, first_id: String, again: Note) {
        self.memory
            .with(|memory| memory.moved.insert(first_id, again.note_id));
    }

    /// Creates the note again that was deleted last.
    async fn resurrect_last(&self, client: &Client<'_>) {
        let deleted = self.memory.with(|memory| memory.deleted.pop());
        if let Some(deleted) = deleted {
            self.create_again(deleted, client).await;
        }
    }

    async fn create_again(&self, note: Note, client: &Client<'_>) {
        if let Some(again) = client.create(&note).await {
            self.moved(note.note_id, again);
        }
    }
}

/// An empty response with status OK, to which a note is added.
fn ok_reply() -> Reply {
    Reply::ok(&GetNoteResponse::default())
}

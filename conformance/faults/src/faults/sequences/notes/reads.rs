//! Wrong answers to reading one note, and to listing them.

use tonic::Code;

use super::{Kind, NoteFault, ok_reply};
use crate::{
    call::{Call, Reply},
    faults::sequences::client::{Client, decoded, with_note, with_notes},
    rules::v1::{GetNoteRequest, ListNotesRequest, ListNotesResponse, Note},
};

impl NoteFault {
    pub(super) async fn get(&self, call: &Call, reply: Reply, client: &Client<'_>) -> Reply {
        let id = decoded::<GetNoteRequest>(call).note_id;
        let (created, newest, moved) = self.memory.with(|memory| {
            let mut created = memory.created.iter();
            (
                created.find(|note| note.note_id == id).cloned(),
                memory.created.last().cloned(),
                memory.moved.get(&id).cloned(),
            )
        });
        let instead = match self.kind {
            Kind::GetReturnsNewest if reply.code() == Code::Ok => newest,
            Kind::GetOutdated if reply.code() == Code::Ok => created,
            Kind::DeletedStillRead if reply.code() == Code::NotFound => {
                self.memory.with(|memory| {
                    let mut deleted = memory.deleted.iter();
                    deleted.find(|note| note.note_id == id).cloned()
                })
            }
            Kind::OtherReads => client.as_first_account().get(&id).await,
            _ => match moved {
                Some(moved) => client.get(&moved).await.map(|note| Note {
                    note_id: id,
                    ..note
                }),
                None => None,
            },
        };
        match instead {
            Some(note) => with_note(ok_reply(), &note),
            None => reply,
        }
    }

    pub(super) async fn list(&self, call: &Call, reply: Reply, client: &Client<'_>) -> Reply {
        if reply.code() != Code::Ok {
            return reply;
        }
        let (created, deleted) = self
            .memory
            .with(|memory| (memory.created.clone(), memory.deleted.clone()));
        match self.kind {
            Kind::ListMissesNewest => with_notes(reply, |notes| {
                let newest = created.last().map(|note| note.note_id.as_str());
                notes.retain(|note| Some(note.note_id.as_str()) != newest);
            }),
            Kind::ListOutdated => with_notes(reply, |notes| {
                for note in notes {
                    let mut created = created.iter();
                    if let Some(first) = created.find(|it| it.note_id == note.note_id) {
                        note.clone_from(first);
                    }
                }
            }),
            Kind::DeletedStillListed => with_notes(reply, |notes| notes.extend(deleted)),
            Kind::ListMissesAfterDelete if !deleted.is_empty() => with_notes(reply, |notes| {
                notes.pop();
            }),
            Kind::OtherLists => {
                let first = client.as_first_account();
                let request: ListNotesRequest = decoded(call);
                let all: Option<ListNotesResponse> = first.call("ListNotes", &request).await;
                with_notes(reply, |notes| {
                    for note in all.map(|all| all.notes).unwrap_or_default() {
                        if !notes.contains(&note) {
                            notes.push(note);
                        }
                    }
                })
            }
            _ => reply,
        }
    }
}

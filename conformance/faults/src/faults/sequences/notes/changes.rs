//! Wrong changes and deletions.

use tonic::Code;

use super::{Kind, NoteFault, ok_reply};
use crate::{
    call::{Call, Reply},
    faults::sequences::client::{Client, decoded, with_note},
    rules::v1::{DeleteNoteRequest, Note, UpdateNoteRequest, UpdateNoteResponse},
};

impl NoteFault {
    pub(super) async fn update(
        &self,
        call: &Call,
        reply: Reply,
        (client, before): (&Client<'_>, Option<Note>),
    ) -> Reply {
        let request: UpdateNoteRequest = decoded(call);
        let id = request.note_id.clone();
        let masked = |path: &str| {
            let mut paths = request.update_mask.iter().flat_map(|mask| &mask.paths);
            paths.any(|masked| masked == path)
        };
        let Some(before) = before else {
            return self.update_missing(&request, reply, client).await;
        };
        if reply.code() != Code::Ok {
            return reply;
        }
        let count = self.memory.with(|memory| {
            let count = memory.updates.entry(id.clone()).or_default();
            *count += 1;
            *count
        });
        let current = client.get(&id).await.unwrap_or_default();
        let another = self.memory.with(|memory| {
            let mut others = memory.created.iter().rev();
            others.find(|note| note.note_id != id).cloned()
        });
        let lost = match self.kind {
            Kind::UpdateLost => true,
            Kind::SecondUpdateLost => count == 2,
            Kind::FourthUpdateLost => count == 4,
            Kind::UpdateIgnoresText => masked("text"),
            Kind::UpdateIgnoresStars => masked("stars"),
            _ => false,
        };
        if lost {
            client.set(&id, &before).await;
        }
        match self.kind {
            Kind::UpdateIgnoresText | Kind::UpdateIgnoresStars if lost => {
                return with_note(reply, &before);
            }
            Kind::UpdateOfAnother => {
                if let Some(another) = another {
                    client.set(&another.note_id, &current).await;
                }
            }
            Kind::UpdateClearsText if !masked("text") => {
                let text = String::new();
                client.set(&id, &Note { text, ..current }).await;
            }
            Kind::UpdateInTwoPlaces if masked("title") => {
                let text = current.title.clone();
                client.set(&id, &Note { text, ..current }).await;
            }
            _ => {}
        }
        reply
    }

    /// A change of a note that the account does not have.
    async fn update_missing(
        &self,
        request: &UpdateNoteRequest,
        reply: Reply,
        client: &Client<'_>,
    ) -> Reply {
        let id = request.note_id.clone();
        let deleted = self.memory.with(|memory| {
            let mut deleted = memory.deleted.iter();
            deleted.find(|note| note.note_id == id).cloned()
        });
        match (self.kind, deleted) {
            (Kind::DeletedUpdateAccepted, Some(deleted)) => with_note(ok_reply(), &deleted),
            (Kind::ResurrectedByUpdate, Some(deleted)) => {
                self.create_again(deleted, client).await;
                reply
            }
            (Kind::OtherUpdates, _) => {
                let first = client.as_first_account();
                let updated: Option<UpdateNoteResponse> = first.call("UpdateNote", request).await;
                // The other account does not see that it has changed the note.
                drop(updated);
                reply
            }
            _ => reply,
        }
    }

    pub(super) async fn delete(
        &self,
        call: &Call,
        reply: Reply,
        (client, before): (&Client<'_>, Option<Note>),
    ) -> Reply {
        let request: DeleteNoteRequest = decoded(call);
        let Some(before) = before else {
            match self.kind {
                Kind::OtherDeletes => {
                    client.as_first_account().delete(&request.note_id).await;
                }
                Kind::ResurrectedByDelete => self.resurrect_last(client).await,
                _ => {}
            }
            return reply;
        };
        let another = self.memory.with(|memory| {
            memory.deleted.push(before.clone());
            let mut others = memory.created.iter().rev();
            others.find(|note| note.note_id != before.note_id).cloned()
        });
        match self.kind {
            Kind::DeleteDoesNothing => self.create_again(before, client).await,
            Kind::DeleteTwo => {
                if let Some(another) = another {
                    client.delete(&another.note_id).await;
                }
            }
            _ => {}
        }
        reply
    }
}

//! Wrong creations, and wrong answers to repeated request ids.

use prost::Message;
use tonic::Code;

use super::{Kind, NoteFault};
use crate::{
    call::{Call, Reply},
    faults::sequences::client::{Client, decoded, with_note},
    rules::v1::{CreateNoteRequest, CreateNoteResponse, Note},
};

impl NoteFault {
    pub(super) async fn create(&self, call: &Call, reply: Reply, client: &Client<'_>) -> Reply {
        let request: CreateNoteRequest = decoded(call);
        if reply.code() != Code::Ok {
            return reply;
        }
        let message = reply.messages.first().cloned().unwrap_or_default();
        let response = CreateNoteResponse::decode(message).unwrap_or_default();
        let note = response.note.unwrap_or_default();
        let known = self.memory.with(|memory| {
            let known = memory.requests.get(&request.request_id).cloned();
            if known.is_none() {
                memory
                    .requests
                    .insert(request.request_id.clone(), note.clone());
                memory.created.push(note.clone());
            }
            known
        });
        let (first, newest, before) = self.memory.with(|memory| {
            let before = memory.created.iter().rev().nth(1).cloned();
            let newest = memory.created.last().cloned().unwrap_or_default();
            (
                memory.created.first().cloned().unwrap_or_default(),
                newest,
                before,
            )
        });
        let is_replay = known.is_some();
        match self.kind {
            Kind::CreateLost if !is_replay => client.delete(&note.note_id).await,
            Kind::SecondCreateLost if !is_replay && before.is_some() => {
                client.delete(&note.note_id).await;
            }
            Kind::CreateOverwrites if !is_replay => {
                if let Some(before) = before {
                    client.set(&before.note_id, &note).await;
                }
            }
            Kind::IdOfAnother if !is_replay => {
                let note_id = first.note_id;
                return with_note(reply, &Note { note_id, ..note });
            }
            Kind::ResurrectedByCreate if !is_replay => self.resurrect_last(client).await,
            Kind::ReplayCreatesAgain if is_replay => {
                let _ = client.create(&note).await;
            }
            Kind::ReplayReturnsCurrent if is_replay => {
                let current = client.get(&note.note_id).await;
                return with_note(reply, &current.unwrap_or(note));
            }
            Kind::ReplayReturnsNewest if is_replay => return with_note(reply, &newest),
            Kind::ReplayRestoresDeleted
                if is_replay && client.get(&note.note_id).await.is_none() =>
            {
                self.create_again(note, client).await;
            }
            Kind::ReplayResetsNote if is_replay => client.set(&note.note_id, &note).await,
            Kind::OtherReplays => return with_note(reply, &known.unwrap_or(note)),
            _ => {}
        }
        reply
    }
}

//! Faults that only later calls show: what was created, changed or deleted is not found as it
//! should be, and one account reaches the data of another one.

mod client;
mod notes;
mod tags;
#[cfg(test)]
mod tests;

use proofread::{case::Phase::Sequences, finding::FindingKind::Behaviour as Misbehaved};

use super::Fault;
use notes::{Kind, NoteFault};

const NOTES: &str = "/rules.v1.NoteService/";

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let note = |id: &str, does: &str, kind: Kind| {
        Fault::new(&format!("sequences/{id}"), does, NOTES, (Sequences, Misbehaved), NoteFault::new(kind))
    };
    let notes = vec![
        note("create-lost", "does not keep what it creates", Kind::CreateLost),
        note("second-create-lost", "keeps only the first note", Kind::SecondCreateLost),
        note("create-overwrites", "writes the content of a new note over the one before, too", Kind::CreateOverwrites),
        note("id-of-another", "returns the id of the first note for each new one", Kind::IdOfAnother),
        note("get-returns-newest", "returns the newest note, whatever the id is", Kind::GetReturnsNewest),
        note("get-outdated", "reads a note from a cache that changes do not reach", Kind::GetOutdated),
        note("update-lost", "answers a change with the new values, and does not store them", Kind::UpdateLost),
        note("update-of-another", "changes the note before, too", Kind::UpdateOfAnother),
        note("update-ignores-text", "does not change the text", Kind::UpdateIgnoresText),
        note("update-ignores-stars", "does not change a number", Kind::UpdateIgnoresStars),
        note("update-clears-text", "clears the text if the mask does not name it", Kind::UpdateClearsText),
        note("update-in-two-places", "writes the new title into the text, too", Kind::UpdateInTwoPlaces),
        note("second-update-lost", "does not store the second change of a note", Kind::SecondUpdateLost),
        note("fourth-update-lost", "does not store the fourth change of a note", Kind::FourthUpdateLost),
        note("delete-does-nothing", "answers OK and deletes nothing", Kind::DeleteDoesNothing),
        note("delete-two", "deletes the newest other note, too", Kind::DeleteTwo),
        note("deleted-still-read", "returns notes that were deleted", Kind::DeletedStillRead),
        note("deleted-still-listed", "lists notes that were deleted", Kind::DeletedStillListed),
        note("deleted-update-accepted", "answers OK to a change of a deleted note", Kind::DeletedUpdateAccepted),
        note("resurrected-by-update", "creates a deleted note again when a change of it fails", Kind::ResurrectedByUpdate),
        note("resurrected-by-delete", "creates a deleted note again when it is deleted once more", Kind::ResurrectedByDelete),
        note("resurrected-by-create", "creates a deleted note again together with a new one", Kind::ResurrectedByCreate),
        note("list-misses-newest", "leaves the newest note out of the list", Kind::ListMissesNewest),
        note("list-outdated", "lists notes as they were created", Kind::ListOutdated),
        note("list-misses-after-delete", "leaves the last note out of the list once a note was deleted", Kind::ListMissesAfterDelete),
        note("replay-creates-again", "creates another note when a request id is repeated", Kind::ReplayCreatesAgain),
        note("replay-returns-current", "answers a repeated request id with the changed note", Kind::ReplayReturnsCurrent),
        note("replay-returns-newest", "answers a repeated request id with the newest note", Kind::ReplayReturnsNewest),
        note("replay-restores-deleted", "creates a deleted note again when its request id is repeated", Kind::ReplayRestoresDeleted),
        note("replay-resets-note", "undoes the changes of a note when its request id is repeated", Kind::ReplayResetsNote),
        note("other-reads", "returns notes of another account", Kind::OtherReads),
        note("other-lists", "lists notes of another account", Kind::OtherLists),
        note("other-updates", "changes notes of another account", Kind::OtherUpdates),
        note("other-deletes", "deletes notes of another account", Kind::OtherDeletes),
        note("other-replays", "shares request ids between accounts", Kind::OtherReplays),
    ];
    notes.into_iter().chain(tags::faults()).collect()
}

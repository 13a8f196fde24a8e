//! Faults in how a server joins a value that arrives in pieces.

use std::collections::BTreeMap;

use bytes::Bytes;
use proofread::{
    case::Phase::Wire,
    finding::FindingKind::{RuleNotChecked, UndeclaredError, ValidRefused},
};
use prost_reflect::MessageDescriptor;
use tonic::Status;

use super::{
    Fault,
    wire::{accepts, any, fails, instead, misreads},
};
use crate::wire_fields::{self, WireField};

const MAPS: &str = "/rules.v1.StructureService/CheckMaps";
const LISTS: &str = "/rules.v1.StructureService/CheckLists";
const NESTED: &str = "/rules.v1.StructureService/CheckNested";
const ONEOFS: &str = "/rules.v1.StructureService/CheckOneofs";

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let refused = (Wire, ValidRefused);
    let undeclared = (Wire, UndeclaredError);
    let unchecked = (Wire, RuleNotChecked);
    let cannot_decode = || fails(|| Status::internal("cannot decode"));
    vec![
        Fault::new("pieces/oneof-first-wins", "uses the first of several members of a oneof", ONEOFS, refused,
            misreads(keep_first_member)),
        Fault::new("pieces/oneof-refused", "refuses several members of a oneof", ONEOFS, undeclared,
            instead(|call| any(call, has_several_members), cannot_decode())),
        Fault::new("pieces/oneof-unchecked", "does not check the rules if a oneof has several members", ONEOFS, unchecked,
            instead(|call| any(call, has_several_members), accepts)),
        Fault::new("pieces/map-first-wins", "uses the first of several entries of a map with the same key", MAPS, refused,
            misreads(|records, descriptor| keep_first(records, descriptor, key_of))),
        Fault::new("pieces/map-key-twice-refused", "refuses a map with two entries of the same key", MAPS, undeclared,
            instead(|call| any(call, |it, descriptor| has_several(it, descriptor, key_of)), cannot_decode())),
        Fault::new("pieces/map-key-twice-unchecked", "does not check the rules if a map has two entries of the same key", MAPS, unchecked,
            instead(|call| any(call, |it, descriptor| has_several(it, descriptor, key_of)), accepts)),
        Fault::new("pieces/message-first-piece", "uses only the first piece of a message", NESTED, refused,
            misreads(|records, descriptor| keep_first(records, descriptor, message_of))),
        Fault::new("pieces/message-pieces-reversed", "merges the pieces of a message in the reverse order", NESTED, refused,
            misreads(|records, descriptor| reverse_pieces(records, descriptor))),
        Fault::new("pieces/message-refused", "refuses a message in pieces", NESTED, undeclared,
            instead(|call| any(call, |it, descriptor| has_several(it, descriptor, message_of)), cannot_decode())),
        Fault::new("pieces/message-unchecked", "does not check the rules of a message in pieces", NESTED, unchecked,
            instead(|call| any(call, |it, descriptor| has_several(it, descriptor, message_of)), accepts)),
        Fault::new("pieces/mixed-list-refused", "refuses a list that is partly packed", LISTS, undeclared,
            instead(|call| any(call, is_partly_packed), cannot_decode())),
        Fault::new("pieces/mixed-list-loses-items", "loses the unpacked items of a list that is partly packed", LISTS, refused,
            misreads(drop_unpacked)),
        Fault::new("pieces/packed-piece-lost", "uses only the last packed piece of a list", LISTS, unchecked,
            misreads(keep_last_packed)),
        Fault::new("pieces/packed-pieces-unchecked", "does not check the rules of a list in several packed pieces", LISTS, unchecked,
            instead(|call| any(call, |it, descriptor| has_several(it, descriptor, packed_list_of)), accepts)),
    ]
}

/// What pieces of one value have in common; `None` for fields of other kinds.
type Value = (u32, Bytes);

/// The map and the encoded key of an entry.
fn key_of(record: &WireField, descriptor: &MessageDescriptor) -> Option<Value> {
    let field = descriptor
        .get_field(record.number)
        .filter(|it| it.is_map())?;
    let mut entry = record.value.clone();
    prost::encoding::decode_varint(&mut entry).ok()?;
    let entry = wire_fields::read(&entry)?;
    let key = entry.iter().rev().find(|it| it.number == 1);
    Some((
        field.number(),
        key.map(|it| it.value.clone()).unwrap_or_default(),
    ))
}

/// A singular message.
fn message_of(record: &WireField, descriptor: &MessageDescriptor) -> Option<Value> {
    let field = descriptor.get_field(record.number)?;
    let singular = !field.is_list() && !field.is_map();
    (singular && field.kind().as_message().is_some()).then(|| (record.number, Bytes::new()))
}

/// A list in its packed form.
fn packed_list_of(record: &WireField, descriptor: &MessageDescriptor) -> Option<Value> {
    let field = descriptor.get_field(record.number)?;
    let packed = field.is_list() && field.is_packed() && record.wire_type == 2;
    packed.then(|| (record.number, Bytes::new()))
}

fn is_unpacked(record: &WireField, descriptor: &MessageDescriptor) -> bool {
    let field = descriptor.get_field(record.number);
    field.is_some_and(|it| it.is_list() && it.is_packed() && record.wire_type != 2)
}

type PieceOf = fn(&WireField, &MessageDescriptor) -> Option<Value>;

fn has_several(records: &[WireField], descriptor: &MessageDescriptor, piece_of: PieceOf) -> bool {
    let mut once = records.to_vec();
    keep_first(&mut once, descriptor, piece_of);
    once.len() < records.len()
}

fn keep_first(records: &mut Vec<WireField>, descriptor: &MessageDescriptor, piece_of: PieceOf) {
    let mut seen = Vec::new();
    records.retain(|record| match piece_of(record, descriptor) {
        None => true,
        Some(value) => {
            let first = !seen.contains(&value);
            seen.push(value);
            first
        }
    });
}

/// Keeps only the member of each oneof that comes first.
fn keep_first_member(records: &mut Vec<WireField>, descriptor: &MessageDescriptor) {
    let mut first = BTreeMap::new();
    records.retain(|record| {
        let field = descriptor.get_field(record.number);
        let oneof = field.and_then(|field| field.containing_oneof());
        oneof.is_none_or(|oneof| {
            let name = oneof.full_name().to_owned();
            *first.entry(name).or_insert(record.number) == record.number
        })
    });
}

fn has_several_members(records: &[WireField], descriptor: &MessageDescriptor) -> bool {
    let mut first = records.to_vec();
    keep_first_member(&mut first, descriptor);
    first.len() < records.len()
}

fn reverse_pieces(records: &mut [WireField], descriptor: &MessageDescriptor) {
    if has_several(records, descriptor, message_of) {
        records.reverse();
    }
}

fn is_partly_packed(records: &[WireField], descriptor: &MessageDescriptor) -> bool {
    records.iter().any(|record| {
        let same = |other: &&WireField| other.number == record.number;
        is_unpacked(record, descriptor) && records.iter().filter(same).any(|it| it.wire_type == 2)
    })
}

fn drop_unpacked(records: &mut Vec<WireField>, descriptor: &MessageDescriptor) {
    if is_partly_packed(records, descriptor) {
        records.retain(|record| !is_unpacked(record, descriptor));
    }
}

fn keep_last_packed(records: &mut Vec<WireField>, descriptor: &MessageDescriptor) {
    records.reverse();
    keep_first(records, descriptor, packed_list_of);
    records.reverse();
}

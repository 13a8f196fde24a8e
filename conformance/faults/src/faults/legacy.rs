//! Faults in how a server handles messages of proto2: required fields, defaults, closed enums,
//! text that need not be UTF-8, and lists that are not packed.

use bytes::Bytes;
use proofread::{
    case::Phase::{Baseline, Boundary, Unset, Wire},
    finding::FindingKind::{BadResponse, Crash, Protocol, UndeclaredError, ValidRefused},
};
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use tonic::Status;

use super::{
    Fault, FaultyResponse,
    fault_behaviour::{ChangeReply, RefuseValid},
    wire::{accepts, any, fails, instead},
};
use crate::{
    call::{Call, Reply},
    wire_fields::WireField,
};

const FILE_RECORD: &str = "/rules.v1.LegacyService/FileRecord";

/// The numbers of the required fields of a record, and of its part.
const REQUIRED: [u32; 3] = [3, 4, PART];
const PART: u32 = 6;

#[rustfmt::skip]
pub(super) fn faults() -> Vec<Fault> {
    let crash = (Unset, Crash);
    let judged = (Unset, Protocol);
    let undeclared = (Wire, UndeclaredError);
    vec![
        Fault::new("proto2/response-incomplete", "omits a required field of proto2 from the response", FILE_RECORD, (Baseline, BadResponse),
            ChangeReply(|reply: &mut Reply, _: &Call| reply.messages.iter_mut().for_each(|it| *it = Bytes::new()))),
        Fault::new("proto2/default-is-zero", "takes an unset field with a default for zero, and refuses it", FILE_RECORD, (Baseline, ValidRefused),
            RefuseValid { path: "limit", rule: "int32.gt", when: |it: &DynamicMessage| !it.has_field_by_name("limit") }),
        Fault::new("proto2/zero-is-absent", "refuses zero in a required field, as if it were absent", FILE_RECORD, (Unset, ValidRefused),
            RefuseValid { path: "level", rule: "int32.gte_lte", when: |it: &DynamicMessage| it.get_field_by_name("level").as_deref() == Some(&Value::I32(0)) }),
        Fault::new("proto2/incomplete-closes", "closes the connection if a required field is absent", FILE_RECORD, crash,
            instead(is_incomplete, |_| FaultyResponse::CloseConnection)),
        Fault::new("proto2/incomplete-part-closes", "closes the connection if a required field of a nested message is absent", FILE_RECORD, crash,
            instead(has_incomplete_part, |_| FaultyResponse::CloseConnection)),
        Fault::new("proto2/incomplete-unchecked", "does not check the rules if a required field is absent", FILE_RECORD, judged,
            instead(is_incomplete, accepts)),
        Fault::new("proto2/incomplete-unknown", "returns UNKNOWN if a required field is absent", FILE_RECORD, judged,
            instead(is_incomplete, fails(|| Status::unknown("required field is missing")))),
        Fault::new("proto2/unpacked-refused", "refuses lists that are not packed", FILE_RECORD, (Boundary, UndeclaredError),
            instead(|call| any(call, |it, _| numbers(it, false)), fails(|| Status::internal("cannot decode")))),
        Fault::new("proto2/packed-refused", "refuses packed lists, because the field does not declare them", FILE_RECORD, undeclared,
            instead(|call| any(call, |it, _| numbers(it, true)), fails(|| Status::internal("cannot decode")))),
        Fault::new("proto2/piece-incomplete", "requires the required fields in each piece of a message", FILE_RECORD, undeclared,
            instead(|call| any(call, has_incomplete_piece), fails(|| Status::internal("required field is missing")))),
        Fault::new("proto2/text-closes", "closes the connection on text that is not UTF-8", FILE_RECORD, (Wire, Crash),
            instead(|call| any(call, has_broken_text), |_| FaultyResponse::CloseConnection)),
        Fault::new("proto2/unknown-number-closes", "closes the connection on a number that a closed enum does not define", FILE_RECORD, (Wire, Crash),
            instead(|call| any(call, has_unknown_grade), |_| FaultyResponse::CloseConnection)),
    ]
}

fn is_incomplete(call: &Call) -> bool {
    any(call, |records, _| {
        let present = |number: &u32| records.iter().any(|record| record.number == *number);
        !REQUIRED.iter().all(present)
    })
}

/// Whether no piece of the first part has its code.
fn has_incomplete_part(call: &Call) -> bool {
    any(call, |records, _| {
        let mut pieces = records
            .iter()
            .filter(|record| record.number == PART)
            .peekable();
        pieces.peek().is_some() && pieces.all(is_empty)
    })
}

fn has_incomplete_piece(records: &[WireField], _: &MessageDescriptor) -> bool {
    let pieces: Vec<&WireField> = records.iter().filter(|it| it.number == PART).collect();
    pieces.len() > 1 && pieces.into_iter().any(is_empty)
}

/// Whether a length-delimited field has no content.
fn is_empty(record: &WireField) -> bool {
    record.value.as_ref() == [0]
}

fn numbers(records: &[WireField], packed: bool) -> bool {
    let mut numbers = records.iter().filter(|record| record.number == 1);
    numbers.any(|record| packed == (record.wire_type == 2))
}

fn has_broken_text(records: &[WireField], descriptor: &MessageDescriptor) -> bool {
    records.iter().any(|record| {
        let field = descriptor.get_field(record.number);
        let is_text = field.is_some_and(|it| it.kind() == prost_reflect::Kind::String);
        is_text && std::str::from_utf8(&record.value).is_err()
    })
}

fn has_unknown_grade(records: &[WireField], _: &MessageDescriptor) -> bool {
    let mut grades = records.iter().filter(|record| record.number == 2);
    grades.any(|record| !matches!(record.value.as_ref(), [1 | 4]))
}

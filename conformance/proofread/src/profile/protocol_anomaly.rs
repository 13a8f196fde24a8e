//! Protocol anomalies that the wire phase sends, and the reactions of servers to them.

/// A deviation of a call from what client libraries send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtocolAnomaly {
    /// The message is not valid protobuf: a varint that is truncated or longer than ten
    /// bytes, a length beyond the end, field number 0, a group without an end.
    MalformedMessage,
    /// A field has a length of 2^63, of which the lower 32 bits are zero.
    HugeFieldLength,
    /// A string field that must be UTF-8 contains other bytes.
    InvalidUtf8,
    /// A field is missing that proto2 or an edition requires.
    MissingRequiredField,
    /// A known field has another wire type; the rest of the message is valid.
    WrongWireType,
    /// An unknown field nests groups deeper than the recursion limit of parsers.
    DeeplyNestedGroups,
    /// The length in the frame header is greater than the message, or truncated itself, in
    /// a call of a method that takes one message.
    LengthBeyondEnd,
    /// The same in a call of a method that takes a stream of messages.
    TruncatedStream,
    /// The length in the frame header is less than the message.
    LengthTooShort,
    /// A few bytes follow the last message.
    TrailingBytes,
    /// A unary call without a message.
    NoMessage,
    /// A unary call with two messages.
    TwoMessages,
    /// Bits of the frame's flag byte other than the lowest are set.
    ReservedFlag,
    /// A compressed message in a call that names no encoding.
    CompressedWithoutEncoding,
    /// A `grpc-encoding` that does not exist.
    UnknownEncoding,
    /// A message that is compressed with gzip, or not compressed in a call with gzip.
    GzipRequest,
    /// A message that is not gzip, marked as compressed with it.
    BrokenGzip,
    /// A message of more than 4 MiB.
    Oversized,
    /// No `content-type` header.
    NoContentType,
    /// A `content-type` other than `application/grpc`.
    WrongContentType,
    /// No `te: trailers` header.
    NoTeHeader,
    /// A `grpc-timeout` with invalid syntax.
    InvalidTimeout,
    /// Two values of a `-bin` header joined by a comma.
    JoinedBase64,
    /// A `-bin` header that is not base64.
    InvalidBase64,
    /// A header value with bytes outside ASCII.
    NonAsciiMetadata,
    /// A method that the service does not have.
    UnknownMethod,
    /// A service that the server does not have.
    UnknownService,
    /// A path without a service and a method.
    InvalidPath,
    /// The HTTP method GET instead of POST.
    GetMethod,
}

/// How a server reacts to an anomaly. Codes are gRPC codes; HTTP statuses and HTTP/2
/// resets count as the codes to which gRPC maps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// It executes the call as if there were no anomaly.
    Runs,
    /// It fails the call with one of these codes.
    Fails(&'static [i32]),
    /// It executes the call, or fails it with one of these codes.
    RunsOr(&'static [i32]),
    /// It answers with one of these HTTP statuses.
    Http(&'static [u16]),
    /// Any well-formed answer is accepted.
    Unspecified,
}

impl ProtocolAnomaly {
    /// All anomalies, in the order of the table in `profile.md`.
    pub const ALL: [Self; 29] = [
        Self::MalformedMessage,
        Self::HugeFieldLength,
        Self::InvalidUtf8,
        Self::MissingRequiredField,
        Self::WrongWireType,
        Self::DeeplyNestedGroups,
        Self::LengthBeyondEnd,
        Self::TruncatedStream,
        Self::LengthTooShort,
        Self::TrailingBytes,
        Self::NoMessage,
        Self::TwoMessages,
        Self::ReservedFlag,
        Self::CompressedWithoutEncoding,
        Self::UnknownEncoding,
        Self::GzipRequest,
        Self::BrokenGzip,
        Self::Oversized,
        Self::NoContentType,
        Self::WrongContentType,
        Self::NoTeHeader,
        Self::InvalidTimeout,
        Self::JoinedBase64,
        Self::InvalidBase64,
        Self::NonAsciiMetadata,
        Self::UnknownMethod,
        Self::UnknownService,
        Self::InvalidPath,
        Self::GetMethod,
    ];
}

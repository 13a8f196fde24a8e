//! The ways in which a call can be odd, and in which a server can react.

/// Something odd about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// The bytes of the message are not protobuf: a varint that is cut off or longer
    /// than ten bytes, a length beyond the end, field number 0, a group that never ends.
    MalformedMessage,
    /// A field has a length of 2^63, of which the lower 32 bits are zero.
    HugeLength,
    /// A string field holds bytes that are not UTF-8.
    InvalidUtf8,
    /// A known field comes with another wire type; the rest of the message is valid.
    WrongWireType,
    /// An unknown field nests groups deeper than parsers follow.
    DeepGroups,
    /// The length in front of a message is greater than what follows, or cut off
    /// itself, where the method takes one message.
    LengthBeyondEnd,
    /// The same where it takes a stream of them.
    CutOffStream,
    /// The length in front of a message is less than the message.
    LengthTooShort,
    /// A few bytes follow the last message.
    TrailingBytes,
    /// A unary call without a message.
    NoMessage,
    /// A unary call with two.
    TwoMessages,
    /// Bits of the frame's flag other than the lowest are set.
    ReservedFlag,
    /// A compressed message in a call that names no encoding.
    CompressedWithoutEncoding,
    /// An encoding that nobody knows.
    UnknownEncoding,
    /// A message of more than 4 MiB.
    Oversized,
    /// No content type.
    NoContentType,
    /// A content type that is not gRPC's.
    WrongContentType,
    /// No `te: trailers`.
    NoTe,
    /// A `grpc-timeout` that is none.
    BadTimeout,
    /// Two values of a `-bin` header, joined by a comma.
    JoinedBase64,
    /// A `-bin` header that is not base64.
    BadBase64,
    /// A header value with bytes above ASCII.
    NonAsciiMetadata,
    /// A method that the service does not have.
    UnknownMethod,
    /// A service that the server does not have.
    UnknownService,
    /// A path that names no method at all.
    NonsensePath,
    /// GET and not POST.
    Get,
}

/// What a server does with it. Codes are numbers on the wire; a status of HTTP and
/// a reset of HTTP/2 count as the codes to which gRPC maps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// It runs the call as if nothing were odd.
    Runs,
    /// It fails the call with one of these codes.
    Fails(&'static [i32]),
    /// Either.
    RunsOr(&'static [i32]),
    /// It answers one of these statuses of HTTP.
    Http(&'static [u16]),
    /// Anything but a crash or a hang.
    Open,
}

impl Oddity {
    /// All of them, in the order of the document.
    pub const ALL: [Self; 26] = [
        Self::MalformedMessage,
        Self::HugeLength,
        Self::InvalidUtf8,
        Self::WrongWireType,
        Self::DeepGroups,
        Self::LengthBeyondEnd,
        Self::CutOffStream,
        Self::LengthTooShort,
        Self::TrailingBytes,
        Self::NoMessage,
        Self::TwoMessages,
        Self::ReservedFlag,
        Self::CompressedWithoutEncoding,
        Self::UnknownEncoding,
        Self::Oversized,
        Self::NoContentType,
        Self::WrongContentType,
        Self::NoTe,
        Self::BadTimeout,
        Self::JoinedBase64,
        Self::BadBase64,
        Self::NonAsciiMetadata,
        Self::UnknownMethod,
        Self::UnknownService,
        Self::NonsensePath,
        Self::Get,
    ];
}

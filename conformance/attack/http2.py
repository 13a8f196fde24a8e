"""Raw HTTP/2 connections, for frames that no client library sends."""
import hpack
from hyperframe.frame import DataFrame, Frame, HeadersFrame, SettingsFrame, WindowUpdateFrame

from target import ATTACKER, connect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
GET_BOOK = "/bookstore.inventory.v1.InventoryService/GetBook"
BOOK_1 = b"\x08\x01"
# Frames are sent together, because a system call for each would be the bottleneck.
BATCH = 100
FIRST_STREAM, LAST_STREAM = 1, 2**31 - 1


def message(encoded):
    """A message in a frame of gRPC."""
    return b"\0" + len(encoded).to_bytes(4, "big") + encoded


def text(number, value):
    """A field of protobuf with a short text."""
    encoded = value.encode()
    return bytes([number << 3 | 2, len(encoded)]) + encoded


def headers(path, *more):
    """The headers of a call of gRPC, encoded without the dynamic table, so that all streams and
    connections can share them."""
    fields = [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers"), *more,
    ]
    never_indexed = [hpack.NeverIndexedHeaderTuple(name, value) for name, value in fields]
    return hpack.Encoder().encode(never_indexed)


def literal(name, length):
    """A header with a value of so many bytes, encoded without the dynamic table."""
    field = hpack.NeverIndexedHeaderTuple(name, "a" * length)
    return hpack.Encoder().encode([field], huffman=False)


def open_connection(port, source=ATTACKER, window=65_535):
    """A connection that has sent its preface. `window` is how much of each answer it reads."""
    connection = connect(port, source)
    settings = SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: window}).serialize()
    if window > 65_535:
        settings += WindowUpdateFrame(0, window_increment=1 << 30).serialize()
    connection.sendall(PREFACE + settings)
    return connection


def call(stream, block, body):
    """The frames of a whole call."""
    begin = HeadersFrame(stream, block, flags=["END_HEADERS"])
    return begin.serialize() + DataFrame(stream, body, flags=["END_STREAM"]).serialize()


def streams():
    """The numbers of the streams of a client."""
    return range(FIRST_STREAM, LAST_STREAM, 2)


def discard(connection):
    """Reads what has arrived, without waiting. Fails when the server has closed the connection."""
    connection.setblocking(False)
    try:
        while True:
            if not connection.recv(1 << 20):
                raise ConnectionResetError
    except BlockingIOError:
        pass
    finally:
        connection.settimeout(2)


def wait_for_end(connection, stream):
    """Reads until a stream has ended; fails when the connection has."""
    buffered = b""
    while True:
        received = connection.recv(1 << 16)
        if not received:
            raise ConnectionResetError
        buffered += received
        while len(buffered) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(buffered[:9]))
            if len(buffered) < 9 + length:
                break
            buffered = buffered[9 + length:]
            ended = "END_STREAM" in frame.flags or frame.type == 3
            if frame.stream_id == stream and ended:
                return

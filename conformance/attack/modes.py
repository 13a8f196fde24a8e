"""The attacks."""
from collections.abc import Callable
from dataclasses import dataclass

import call_modes
import http1_modes
import http2_modes


@dataclass(frozen=True)
class Mode:
    """An attack: a function that makes a generator, which yields after each operation."""

    run: Callable
    # Whether the rates of the bookstore have to refuse some of the operations.
    limited: bool = False
    # Whether it belongs to the short selection of the check.
    short: bool = False

    @property
    def name(self):
        return self.run.__name__.replace("_", "-")


PLAIN = [
    Mode(http2_modes.rapid_reset, short=True),
    Mode(http2_modes.continuation, short=True),
    Mode(http2_modes.empty_continuation),
    Mode(http2_modes.ping),
    Mode(http2_modes.unread_pings, short=True),
    Mode(http2_modes.settings),
    Mode(http2_modes.priority),
    Mode(http2_modes.window_updates),
    Mode(http2_modes.empty_data),
    Mode(http2_modes.header_bomb),
    Mode(http2_modes.unread_answers, limited=True, short=True),
    Mode(http2_modes.half_messages),
    Mode(http2_modes.long_message),
    Mode(http2_modes.random_frames),
    Mode(http1_modes.silent_connections, short=True),
    Mode(http1_modes.short_connections),
    Mode(http1_modes.slow_headers),
    Mode(http1_modes.slow_form, limited=True),
    Mode(http1_modes.slow_grpc_web, short=True),
    Mode(http1_modes.huge_headers),
    Mode(http1_modes.tiny_chunks),
    Mode(http1_modes.unread_pages, limited=True),
    Mode(http1_modes.garbage),
    Mode(http1_modes.pages, limited=True),
    Mode(http1_modes.invented_addresses, limited=True, short=True),
    Mode(http1_modes.form_sign_ins, limited=True),
    Mode(call_modes.calls, limited=True, short=True),
    Mode(call_modes.random_tokens, limited=True),
    Mode(call_modes.sign_ins, limited=True, short=True),
    Mode(call_modes.reflection, limited=True),
    Mode(call_modes.watched_stock, limited=True),
    Mode(call_modes.many_addresses),
]
TLS = [
    Mode(call_modes.handshakes, short=True),
    Mode(call_modes.half_handshakes),
    Mode(call_modes.broken_handshakes),
]

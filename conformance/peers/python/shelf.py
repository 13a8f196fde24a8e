"""`rules.v1.ShelfService`: a shelf that is always the same, and a till that charges once."""
import threading

import grpc

import refusal

NAMES = [
    "anvil", "bell", "candle", "dice", "easel", "feather", "globe",
    "hourglass", "inkwell", "jar", "key-1", "lamp", "map",
]
PAGE_SIZE = 5
TOKENS = {f"from-{place}": place for place in range(1, len(NAMES))} | {"": 0}


class Shelf:
    """A method for each of the service: the request, or an iterator of requests, the
    context, and how to make a response."""

    def __init__(self):
        self._charges = {}
        self._lock = threading.Lock()

    def ListThings(self, request, context, response):
        first = TOKENS.get(request.page_token)
        if first is None:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID",
                   "the page token is not one that this method gave")
        end = min(first + (request.page_size or PAGE_SIZE), len(NAMES))
        return response(
            things=[_thing(place) for place in range(first, end)],
            next_page_token="" if end == len(NAMES) else f"from-{end}",
        )

    def GetThing(self, request, context, response):
        if request.name not in NAMES:
            _abort(context, grpc.StatusCode.NOT_FOUND, "THING_NOT_FOUND",
                   f"no thing has the name {request.name!r}")
        return response(thing=_thing(NAMES.index(request.name)))

    def Charge(self, request, context, response):
        # The same UUID in capitals is the same UUID.
        request_id = request.request_id.lower()
        tip = request.tip_minor if request.HasField("tip_minor") else None
        body = (request.amount_minor, tip)
        with self._lock:
            number = len(self._charges) + 1
            first, number = self._charges.setdefault(request_id, (body, number))
        if first != body:
            _abort(context, grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED",
                   "the request id was used with another body")
        return response(charge_number=number, charged_minor=request.amount_minor + (tip or 0))

    def Weigh(self, requests, context, response):
        grams = [request.grams for request in requests]
        return response(things=len(grams), grams=sum(grams))

    def Count(self, request, context, response):
        for number in range(1, request.to + 1):
            yield response(number=number)

    def Talk(self, requests, context, response):
        for request in requests:
            yield response(word=request.word[::-1])


def _thing(place):
    # As keywords of a response: so messages need not be known here.
    weight = {} if place % 3 == 0 else {"weight": (place - 1) * 100}
    return {"name": NAMES[place], **weight}


def _abort(context, code, reason, message):
    context.abort_with_status(refusal.declared(code, reason, message))

"""Implements `rules.v1.ShelfService`: a fixed list of things, and charges with a request id."""
import threading

import grpc

import error_status

NAMES = [
    "anvil", "bell", "candle", "dice", "easel", "feather", "globe",
    "hourglass", "inkwell", "jar", "key-1", "lamp", "map",
]
DEFAULT_PAGE_SIZE = 5
# The index of the first thing on the page, by page token.
FIRST_BY_TOKEN = {f"from-{index}": index for index in range(1, len(NAMES))} | {"": 0}


class ShelfService:
    """One method for each method of the service. The arguments are the request (or an
    iterator of requests), the context, and the class of the response."""

    def __init__(self):
        self._charges = {}
        self._lock = threading.Lock()

    def ListThings(self, request, context, response):
        first = FIRST_BY_TOKEN.get(request.page_token)
        if first is None:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID",
                   "this method did not return the page token")
        end = min(first + (request.page_size or DEFAULT_PAGE_SIZE), len(NAMES))
        return response(
            things=[_thing(index) for index in range(first, end)],
            next_page_token="" if end == len(NAMES) else f"from-{end}",
        )

    def GetThing(self, request, context, response):
        if request.name not in NAMES:
            _abort(context, grpc.StatusCode.NOT_FOUND, "THING_NOT_FOUND",
                   f"no thing has the name {request.name!r}")
        return response(thing=_thing(NAMES.index(request.name)))

    def Charge(self, request, context, response):
        # Upper and lower case do not matter in UUIDs.
        request_id = request.request_id.lower()
        tip = request.tip_minor if request.HasField("tip_minor") else None
        body = (request.amount_minor, tip)
        with self._lock:
            number = len(self._charges) + 1
            first_body, number = self._charges.setdefault(request_id, (body, number))
        if first_body != body:
            _abort(context, grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED",
                   "the request id was already used with a different request")
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


def _thing(index):
    # A dict of the fields: the message class is not known in this module.
    weight = {} if index % 3 == 0 else {"weight": (index - 1) * 100}
    return {"name": NAMES[index], **weight}


def _abort(context, code, reason, message):
    context.abort_with_status(error_status.from_declared_error(code, reason, message))

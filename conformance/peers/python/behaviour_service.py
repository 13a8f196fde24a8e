"""Implements `rules.v1.BehaviourService`: a fixed list of items, charges with a request id,
and streams."""
import threading

import grpc

import error_status

ITEM_NAMES = [
    "anvil", "bell", "candle", "dice", "easel", "feather", "globe",
    "hourglass", "inkwell", "jar", "key-1", "lamp", "map",
]
DEFAULT_PAGE_SIZE = 5
# The index of the first item on the page, by page token.
FIRST_BY_TOKEN = {f"from-{index}": index for index in range(1, len(ITEM_NAMES))} | {"": 0}


class BehaviourService:
    """One method for each method of the service. The arguments are the request (or an
    iterator of requests), the context, and the class of the response."""

    def __init__(self):
        self._charges = {}
        self._lock = threading.Lock()

    def ListItems(self, request, context, response):
        first = FIRST_BY_TOKEN.get(request.page_token)
        if first is None:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID",
                   "this method did not return the page token")
        end = min(first + (request.page_size or DEFAULT_PAGE_SIZE), len(ITEM_NAMES))
        return response(
            items=[_item(index) for index in range(first, end)],
            next_page_token="" if end == len(ITEM_NAMES) else f"from-{end}",
        )

    def GetItem(self, request, context, response):
        if request.name not in ITEM_NAMES:
            _abort(context, grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND",
                   f"no item has the name {request.name!r}")
        return response(item=_item(ITEM_NAMES.index(request.name)))

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

    def SumWeights(self, requests, context, response):
        grams = [request.grams for request in requests]
        return response(count=len(grams), grams=sum(grams))

    def Count(self, request, context, response):
        for number in range(1, request.to + 1):
            yield response(number=number)

    def ReverseWords(self, requests, context, response):
        for request in requests:
            yield response(word=request.word[::-1])


def _item(index):
    # A dict of the fields: the message class is not known in this module.
    weight = {} if index % 3 == 0 else {"weight": (index - 1) * 100}
    return {"name": ITEM_NAMES[index], **weight}


def _abort(context, code, reason, message):
    context.abort_with_status(error_status.from_declared_error(code, reason, message))

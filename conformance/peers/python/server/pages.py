"""Pages of lists, by tokens."""
import base64
import binascii

import grpc

import error_status

DEFAULT_PAGE_SIZE = 20


def page(context, items, filter_text, request):
    """A page of the items and the token of the next one, which contains the filter of the call
    and the position of the next item. A token of another filter is refused."""
    first = _position(context, request.page_token, filter_text) if request.page_token else 0
    end = first + (request.page_size or DEFAULT_PAGE_SIZE)
    return items[first:end], _token(filter_text, end) if end < len(items) else ""


def _token(filter_text, position):
    return base64.urlsafe_b64encode(f"{position}/{filter_text}".encode()).decode()


def _position(context, token, filter_text):
    try:
        position = int(base64.urlsafe_b64decode(token).partition(b"/")[0])
        # Only the token that `_token` makes: several texts may stand for one number.
        if position > 0 and token == _token(filter_text, position):
            return position
    except (ValueError, binascii.Error):
        pass  # Not one of our tokens, as below.
    context.abort_with_status(error_status.from_declared_error(
        grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID",
        "this method did not return the page token for the same filter; request the first page again",
    ))

"""Who calls, and checks that take the place of two of schemathesis.

`positive_data_acceptance` takes every 400 for the refusal of a request by its schema: the errors that the
contract declares, such as CART_EMPTY, are 400 too. `content_type_conformance` does not know the answers
to requests that call nothing, which are text for whoever tries.
"""
import functools
import os

import requests
import schemathesis

# Bob calls what ends sessions, and Eve what compares passwords: after ten wrong ones she cannot sign in again.
CALLERS = {"SignOut": "bob", "RevokeSession": "bob", "ChangePassword": "eve", "DeleteAccount": "eve"}


def caller_of(case, _ctx=None):
    """Who calls an operation: nobody, the operator, or an account: mostly Ada, who has orders and reviews."""
    operation = case.operation.definition.raw
    schemes = [name for scheme in operation.get("security", []) for name in scheme]
    if "account" not in schemes:
        return "operator" if "operator" in schemes else "nobody"
    _, method, *_ = operation["operationId"].split("_")
    return CALLERS.get(method, "ada")


def sign_in(name):
    """Opens a session, and returns its token."""
    credentials = {"email": f"{name}@example.org", "password": "correct horse battery"}
    answer = requests.post(f"http://{os.environ['BINDERY_GRPC']}/v1/sessions", json=credentials, timeout=60)
    answer.raise_for_status()
    return answer.json()["sessionToken"]


only_session = functools.cache(sign_in)


@schemathesis.auth(cache_by_key=caller_of, retry_on=[401])
class Credential:
    """The token of a caller. It is kept until a call with it is refused."""

    def get(self, case, _ctx):
        caller = caller_of(case)
        if caller == "nobody":
            return None
        if caller == "operator":
            return os.environ["BINDERY_OPERATOR_TOKEN"]
        return only_session(caller) if caller == "eve" else sign_in(caller)

    def set(self, case, token, _ctx):
        case.headers["Authorization"] = f"Bearer {token}"


# JSON has 64-bit numbers and durations as strings, and no keyword gives the range of a string's value.
WITHOUT_KEYWORD = ("int64.", "uint64.", "duration.", "timestamp.")


@schemathesis.check
def valid_request_keeps_the_rules(ctx, response, case):
    """A request that is valid by its schema must not break a rule of the contract."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    error = response.json()
    details = {detail["type"]: detail.get("debug", {}) for detail in error.get("details", [])}
    violations = details.get("buf.validate.Violations", {}).get("violations", [])
    broken = [it["ruleId"] for it in violations if not it["ruleId"].startswith(WITHOUT_KEYWORD)]
    assert not broken, f"the schema accepts a request that breaks {', '.join(broken)}: {error['message']}"
    assert violations or "google.rpc.ErrorInfo" in details, f"a valid request is refused without a declared reason: {error}"


# No method has the path or the host, or it has not the HTTP method or the content type.
NO_CALL = (404, 405, 415, 421)


@schemathesis.check
def answer_is_json(ctx, response, case):
    """A call is answered with JSON."""
    content_type = response.headers.get("content-type", [""])[0]
    if response.status_code in NO_CALL and content_type.startswith("text/plain"):
        return
    assert content_type == "application/json", f"{response.status_code} has the content type {content_type!r}"

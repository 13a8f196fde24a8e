"""Reads the cells of the matrix, and compares what a client observed with what they expect."""
import base64
import dataclasses
import json
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

FILE = Path(__file__).with_name("cells.json")
GREATEST_FLOAT = 3.4028234663852886e38
# Its shortest forms, of eight digits and of nine as C++ writes it. Both are rounded up.
GREATEST_FLOAT_TEXTS = (3.4028235e38, 3.40282347e38)
# The options of a call, which the client gets as they are.
CALL_OPTIONS = ("metadata", "timeout_ms", "cancel_after", "gzip", "anonymous")


@dataclasses.dataclass(frozen=True)
class Cell:
    topic: str
    name: str
    method: str
    expect: dict
    # What the client gets, as JSON: some requests are large, and every client gets the same.
    for_client: str

    @property
    def id(self):
        return f"{self.topic}: {self.name}"


class Contract:
    """The messages of the contract and of the test contract."""

    def __init__(self, image):
        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(Path(image).read_bytes()).file:
            self._pool.Add(file)

    def messages(self, method):
        """The classes of the request and of the response of `package.Service/Method`."""
        service, name = method.split("/")
        found = self._pool.FindServiceByName(service).methods_by_name[name]
        return message_factory.GetMessageClass(found.input_type), message_factory.GetMessageClass(found.output_type)

    def load(self):
        topics = json.loads(FILE.read_text())
        return [self._cell(topic, entry) for topic, entries in topics.items() for entry in entries]

    def _cell(self, topic, entry):
        if "echo" in entry:
            values = _expanded(entry["echo"])
            request = {"values": values}
            entry = {**entry, "method": "interop.v1.InteropService/Echo", "requests": [request],
                     "expect": {"responses": [{"values": values, "seenJson": json.dumps(request)}]}}
        request_class, _ = self.messages(entry["method"])
        requests = [bytes.fromhex(text) for text in entry.get("requests_hex", [])]
        for request in entry.get("requests", []):
            requests.append(json_format.ParseDict(_expanded(request), request_class()).SerializeToString())
        for_client = {
            "id": f"{topic}: {entry['id']}", "method": entry["method"],
            "requests": [base64.b64encode(request).decode() for request in requests],
            **{name: entry[name] for name in CALL_OPTIONS if name in entry},
        }
        return Cell(topic, entry["id"], entry["method"], entry["expect"], json.dumps(for_client))

    def differences(self, cell, observed):
        """What differs from the expectation, in words. Nothing: the cell is equal."""
        expect = {"code": "OK", **cell.expect}
        found = []
        for name in ("code", "message", "reason", "violations", "retry_after_ms"):
            if name in expect and observed[name] != expect[name]:
                found.append(f"{name} is {observed[name]!r} instead of {expect[name]!r}")
        for name in ("headers", "trailers"):
            for key, value in expect.get(name, {}).items():
                if observed[name].get(key) != value:
                    found.append(f"{name} have {key} as {observed[name].get(key)!r} instead of {value!r}")
        for name, length in expect.get("lengths", {}).items():
            lengths = [len(response.get(name, [])) for response in observed["responses"]]
            if not found and lengths != [length]:
                found.append(f"{name} has {lengths} elements instead of {[length]}")
        if "responses" in expect and not found:
            found += self._response_differences(cell, observed, [_expanded(response) for response in expect["responses"]])
        if "contains_hex" in expect and not found:
            encoded = b"".join(base64.b64decode(text) for text in observed["response_bytes"])
            if bytes.fromhex(expect["contains_hex"]) not in encoded:
                found.append("the unknown field is dropped")
        return found

    def _response_differences(self, cell, observed, expected):
        if len(observed["responses"]) != len(expected):
            return [f"{len(observed['responses'])} responses instead of {len(expected)}"]
        request_class, response_class = self.messages(cell.method)
        found = []
        for index, want in enumerate(expected):
            wanted = _canonical(want, response_class, request_class)
            read = _canonical(observed["responses"][index], response_class, request_class)
            sent = response_class.FromString(base64.b64decode(observed["response_bytes"][index]))
            encoded = _canonical_message(sent, request_class)
            if read != wanted:
                found.append(f"the JSON of the response is {_short(read)} instead of {_short(wanted)}")
            elif encoded != wanted:
                found.append(f"the response is {_short(encoded)} instead of {_short(wanted)}")
        return found


def parse_json(text):
    """Parses JSON. Python's own parser reads -0 as an integer, which has no sign, and its protobuf
    refuses the shortest forms of the greatest float, which are rounded up."""
    return json.loads(
        text,
        parse_int=lambda digits: -0.0 if digits == "-0" else int(digits),
        parse_float=lambda digits: GREATEST_FLOAT if float(digits) in GREATEST_FLOAT_TEXTS else float(digits),
    )


def _canonical(value, response_class, request_class):
    """The canonical form of a message in JSON, or why there is none."""
    try:
        return _canonical_message(json_format.ParseDict(value, response_class()), request_class)
    except json_format.ParseError as invalid:
        return f"invalid JSON ({invalid})"


def _canonical_message(message, request_class):
    """The bytes of the message, because NaN differs from itself, and of the request that the server
    saw, if the message has it."""
    seen = None
    if "seen_json" in message.DESCRIPTOR.fields_by_name:
        try:
            seen = json_format.ParseDict(parse_json(message.seen_json), request_class())
        except (json_format.ParseError, json.JSONDecodeError) as invalid:
            return f"invalid JSON of the server ({invalid})"
        message.ClearField("seen_json")
    return message.SerializeToString(deterministic=True), seen and seen.SerializeToString(deterministic=True)


def _short(canonical):
    if isinstance(canonical, str):
        return canonical
    return "/".join((part or b"").hex()[:60] or "nothing" for part in canonical)


def _expanded(value):
    """Replaces {"$zeros": N} by N zero bytes in base64, and {"$text": N} by a text of N characters."""
    if isinstance(value, list):
        return [_expanded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$zeros" in value:
        return base64.b64encode(bytes(value["$zeros"])).decode()
    if "$text" in value:
        return "a" * value["$text"]
    return {key: _expanded(item) for key, item in value.items()}

import { createRegistry, type DescMethod, type DescMethodStreaming, type DescMethodUnary, fromBinary, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { InventoryService } from "@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js";
import { RecommendationService } from "@bindery/contract/bookstore/recommendations/v1/recommendation_service_pb.js";
import { Code, decodeBinaryHeader, encodeBinaryHeader, type Transport } from "@connectrpc/connect";
import { CallError } from "../client/client.js";
import { InteropService } from "../gen/interop/v1/interop_service_pb.js";
import { RequestQueue } from "./request_queue.js";

// One call: what to send, and how.
export interface Cell {
  id: string;
  // package.Service/Method
  method: string;
  // The messages, encoded, in base64.
  requests: string[];
  // Text; the values of keys that end with -bin are base64.
  metadata?: Record<string, string>;
  timeout_ms?: number;
  // Cancels the call after so many responses, or at once if it is 0.
  cancel_after?: number;
  gzip?: boolean;
  // The call has no credential.
  anonymous?: boolean;
}

// What the client has seen of a call.
interface Observation {
  id: string;
  code: string;
  message: string;
  reason: string;
  violations: string[];
  retry_after_ms: number;
  responses: unknown[];
  response_bytes: string[];
  headers: Record<string, string>;
  trailers: Record<string, string>;
}

const registry = createRegistry(InventoryService, RecommendationService, InteropService);

export async function execute(transport: Transport, cell: Cell): Promise<Observation> {
  const seen: Observation = {
    id: cell.id, code: "OK", message: "", reason: "", violations: [], retry_after_ms: 0,
    responses: [], response_bytes: [], headers: {}, trailers: {},
  };
  try {
    await call(transport, cell, seen);
  } catch (thrown) {
    const error = CallError.of(thrown);
    seen.code = codeName(error.code);
    seen.message = error.message;
    seen.reason = error.reason;
    seen.violations = error.violations.map(({ field, rule }) => `${field} ${rule}`);
    seen.retry_after_ms = error.retryAfterMs ?? 0;
  }
  return seen;
}

// Methods are called by their descriptors, so that every cell has the same form.
async function call(transport: Transport, cell: Cell, seen: Observation): Promise<void> {
  const method = methodOf(cell.method);
  const cancel = new AbortController();
  const requests = cell.requests.map((request) => fromBinary(method.input, Buffer.from(request, "base64")));
  const record = (response: Message): void => {
    seen.responses.push(toJson(method.output, response));
    seen.response_bytes.push(Buffer.from(toBinary(method.output, response)).toString("base64"));
    if (seen.responses.length === cell.cancel_after) {
      cancel.abort();
    }
  };
  if (cell.cancel_after === 0) {
    cancel.abort();
  }
  const header = outgoing(cell.metadata ?? {});
  const timeout = cell.timeout_ms ?? 60_000;
  if (isUnary(method)) {
    const response = await transport.unary(method, cancel.signal, timeout, header, requests[0] ?? {});
    record(response.message);
    seen.headers = visible(response.header);
    seen.trailers = visible(response.trailer);
    return;
  }
  const queue = new RequestQueue(requests);
  // In a conversation, the answer comes before the next question.
  if (method.methodKind === "bidi_streaming") {
    queue.release(1);
  } else {
    queue.release(Infinity);
  }
  const response = await transport.stream(method, cancel.signal, timeout, header, queue.messages());
  seen.headers = visible(response.header);
  for await (const message of response.message) {
    record(message);
    queue.release(1);
  }
  seen.trailers = visible(response.trailer);
}

// The types of connect separate the two, and those of protobuf-es do not.
function isUnary(method: DescMethodUnary | DescMethodStreaming): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function methodOf(path: string): DescMethodUnary | DescMethodStreaming {
  const [service, name] = path.split("/");
  const method = registry.getService(service ?? "")?.methods.find((it) => it.name === name);
  if (method === undefined) {
    throw new Error(`${path} is not known`);
  }
  return method as DescMethod as DescMethodUnary | DescMethodStreaming;
}

function outgoing(metadata: Record<string, string>): Headers {
  const headers = new Headers();
  for (const [key, value] of Object.entries(metadata)) {
    headers.set(key, key.endsWith("-bin") ? encodeBinaryHeader(Buffer.from(value, "base64")) : value);
  }
  return headers;
}

// Keeps the metadata of the test contract.
function visible(headers: Headers): Record<string, string> {
  const kept = [...headers].filter(([key]) => key.includes("interop-"));
  return Object.fromEntries(
    kept.map(([key, value]) => [key, key.endsWith("-bin") ? Buffer.from(decodeBinaryHeader(value)).toString("base64") : value]),
  );
}

// The name in the documentation of gRPC, such as NOT_FOUND: connect has another form.
function codeName(code: Code): string {
  const name = Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return name === "CANCELED" ? "CANCELLED" : name;
}

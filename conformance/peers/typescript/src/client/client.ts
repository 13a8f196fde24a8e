// Connects to a server of the contract. It adds to connect-node what a caller needs: a deadline for
// each call, retries of the methods that the contract declares idempotent, and credentials.
// CallError decodes errors.
//
//     const inventory = createClient(InventoryService, connect("http://127.0.0.1:50051"));
//     const { book } = await inventory.getBook({ bookId: 1 });
import type { SecureClientSessionOptions } from "node:http2";
import type { Interceptor, Transport } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { retries } from "./retries.js";

export { CallError, type Violation } from "./errors.js";

// Connect has binary messages, or JSON.
export type Protocol = "grpc" | "grpc-web" | "connect" | "connect-json";

export interface ConnectOptions {
  // Default: grpc. All of them over HTTP/2.
  protocol?: Protocol;
  // Sent as `authorization: Bearer TOKEN` with every call: the token of the operator or of a session.
  token?: string;
  // The deadline of calls that have none, in milliseconds. Default: 10 seconds. A stream that lasts
  // longer needs `{ timeoutMs: 0 }` in its call.
  timeoutMs?: number;
  // The settings of TLS for a URL with https.
  tls?: SecureClientSessionOptions;
  // Compresses requests.
  gzip?: boolean;
  // Run outside of those that this function adds.
  interceptors?: Interceptor[];
}

const DEFAULT_TIMEOUT_MS = 10_000;

// Makes a transport for all services of the contract. The first call connects, so a server that does
// not respond is an error of that call.
export function connect(baseUrl: string, options: ConnectOptions = {}): Transport {
  const interceptors = [...(options.interceptors ?? []), retries()];
  if (options.token) {
    interceptors.push(bearer(options.token));
  }
  const settings = {
    baseUrl,
    interceptors,
    defaultTimeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.tls && { nodeOptions: options.tls }),
    ...(options.gzip && { sendCompression: compressionGzip, compressMinBytes: 0 }),
  };
  switch (options.protocol ?? "grpc") {
    case "grpc":
      return createGrpcTransport(settings);
    case "grpc-web":
      return createGrpcWebTransport({ ...settings, httpVersion: "2" });
    case "connect":
      return createConnectTransport({ ...settings, httpVersion: "2" });
    case "connect-json":
      return createConnectTransport({ ...settings, httpVersion: "2", useBinaryFormat: false });
  }
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { create, toJsonString } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, decodeBinaryHeader, type ServiceImpl } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { EchoRequestSchema, type InteropService, UploadResponseSchema } from "../gen/interop/v1/interop_service_pb.js";
import { declaredError } from "./error_status.js";

// Only metadata with this prefix is returned: everything else belongs to the transport.
const METADATA_PREFIX = "interop-";

// The test contract, with methods of all four kinds.
export const interop: Partial<ServiceImpl<typeof InteropService>> = {
  echo(request) {
    try {
      return { ...(request.values && { values: request.values }), seenJson: toJsonString(EchoRequestSchema, request) };
    } catch (error) {
      throw new ConnectError(`the request has no JSON form: ${String(error)}`, Code.InvalidArgument);
    }
  },

  echoMetadata(_, { requestHeader, responseHeader, responseTrailer }) {
    const text: Record<string, string> = {};
    const binary: Record<string, Uint8Array> = {};
    for (const [key, value] of requestHeader) {
      if (key.startsWith(METADATA_PREFIX)) {
        if (key.endsWith("-bin")) {
          binary[key] = decodeBinaryHeader(value);
        } else {
          text[key] = value.replaceAll(", ", ",");
        }
        responseHeader.set(key, value);
        responseTrailer.set(`trailer-${key}`, value);
      }
    }
    return { text, binary };
  },

  fail({ code, message, reason, retryDelay }) {
    const details: ConstructorParameters<typeof ConnectError>[3] = [];
    if (reason !== "") {
      details.push({ desc: ErrorInfoSchema, value: { reason, domain: "interop" } });
    }
    if (retryDelay !== undefined) {
      details.push({ desc: RetryInfoSchema, value: { retryDelay } });
    }
    throw new ConnectError(message, code as Code, undefined, details);
  },

  async wait(request, { signal }) {
    try {
      await delay(request.delay === undefined ? 0 : durationMs(request.delay), undefined, { signal });
    } catch {
      throw signal.reason; // The deadline has passed, or the call is cancelled.
    }
    return {};
  },

  async *download({ count, size, failAfter }) {
    const data = new Uint8Array(size);
    for (let number = 0; number < count; number++) {
      if (failAfter !== undefined && number >= failAfter) {
        throw declaredError(Code.Aborted, "DOWNLOAD_ABORTED", "the stream fails as requested");
      }
      yield { number, data };
    }
  },

  async upload(requests) {
    const response = create(UploadResponseSchema);
    for await (const { data } of requests) {
      response.count++;
      response.size += BigInt(data.length);
    }
    return response;
  },

  async *converse(requests) {
    let number = 0;
    for await (const { text } of requests) {
      number++;
      yield { text, number };
    }
  },
};

import { durationMs } from "@bufbuild/protobuf/wkt";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { fieldPathToString } from "./field_path.js";

// A rule of the contract that the request breaks.
export interface Violation {
  // The path of the field, such as `books[0].book.title`.
  field: string;
  // The id of the rule, such as `string.min_len`.
  rule: string;
  message: string;
}

// What the error of a call says.
export class CallError {
  readonly code: Code;
  readonly message: string;
  // The reason that the contract declares, such as BOOK_NOT_FOUND. Empty if the error has none, as
  // those of the transport.
  readonly reason: string;
  // Belongs to the reason, such as the book_id of BOOK_NOT_FOUND.
  readonly metadata: Readonly<Record<string, string>>;
  // The rules of the contract that the request breaks.
  readonly violations: readonly Violation[];
  // How long the server asks to wait before a retry. Undefined: it does not say.
  readonly retryAfterMs: number | undefined;

  private constructor(error: ConnectError) {
    this.code = error.code;
    this.message = error.rawMessage;
    const [info] = error.findDetails(ErrorInfoSchema);
    this.reason = info?.reason ?? "";
    this.metadata = info?.metadata ?? {};
    const [retry] = error.findDetails(RetryInfoSchema);
    this.retryAfterMs = retry?.retryDelay && durationMs(retry.retryDelay);
    this.violations = error.findDetails(ViolationsSchema).flatMap((detail) =>
      detail.violations.map(({ field, ruleId, message }) => ({ field: fieldPathToString(field), rule: ruleId, message })),
    );
  }

  // Decodes the details of an error. An interceptor could not do it for all errors: connect makes
  // those of deadlines and cancellation outside of them.
  static of(error: unknown): CallError {
    return new CallError(ConnectError.from(error));
  }
}

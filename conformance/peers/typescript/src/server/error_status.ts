import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { type Violation, violationsToProto } from "@bufbuild/protovalidate";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";

const ERROR_DOMAIN = "bookstore";

// The maximum size of the details. In base64 they are 4/3 as large, and proxies refuse trailers
// above 8 KiB.
const MAX_DETAIL_BYTES = 3_700;

// An error that the contract declares.
export function declaredError(code: Code, reason: string, message: string, metadata: Record<string, string> = {}): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: ERROR_DOMAIN, metadata } };
  return new ConnectError(message, code, undefined, [info]);
}

// INVALID_ARGUMENT with the violations in both forms that client libraries know. It leaves
// violations out if the status would be too large, and says how many.
export function violationsError(violations: Violation[]): ConnectError {
  for (let listed = violations.length; ; listed -= Math.max(Math.floor(listed / 4), 1)) {
    const { size, error } = listedViolations(violations.slice(0, listed), violations.length - listed);
    if (listed === 1 || size <= MAX_DETAIL_BYTES) {
      return error;
    }
  }
}

function listedViolations(violations: Violation[], leftOut: number): { size: number; error: ConnectError } {
  const badRequest: MessageInitShape<typeof BadRequestSchema> = {
    fieldViolations: violations.map((violation) => ({
      field: pathToString(violation.field),
      description: violation.message,
      reason: reason(violation.ruleId),
    })),
  };
  const [list] = violationsToProto(violations);
  const [first] = violations;
  let message = first === undefined ? "" : `${pathToString(first.field)}: ${first.message}`.slice(0, 200);
  if (leftOut > 0) {
    message += ` (${leftOut} more are not listed)`;
  }
  return {
    size: toBinary(ViolationsSchema, list).length + toBinary(BadRequestSchema, create(BadRequestSchema, badRequest)).length,
    error: new ConnectError(message, Code.InvalidArgument, undefined, [
      { desc: ViolationsSchema, value: list },
      { desc: BadRequestSchema, value: badRequest },
    ]),
  };
}

// A rule id as Google's guidelines write reasons: `string.min_len` as STRING_MIN_LEN.
function reason(ruleId: string): string {
  return ruleId.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

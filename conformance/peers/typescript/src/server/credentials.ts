import { timingSafeEqual } from "node:crypto";
import { getOption } from "@bufbuild/protobuf";
import { access } from "@bindery/contract/proofread/v1/options_pb.js";
import { Code, type Interceptor } from "@connectrpc/connect";
import { declaredError } from "./error_status.js";

// Refuses calls without the operator token, for the methods for which the contract asks for it by
// (proofread.v1.access).
export function credentials(operatorToken: string): Interceptor {
  const expected = Buffer.from(`Bearer ${operatorToken}`);
  return (next) => (request) => {
    if (getOption(request.method, access).length > 0) {
      const given = request.header.get("authorization");
      if (given === null) {
        throw declaredError(
          Code.Unauthenticated,
          "CREDENTIAL_MISSING",
          "the call has no operator token; send it in the metadata as authorization: Bearer TOKEN",
        );
      }
      const bytes = Buffer.from(given);
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) {
        throw declaredError(Code.PermissionDenied, "CREDENTIAL_REFUSED", "the credential is not the operator token");
      }
    }
    return next(request);
  };
}

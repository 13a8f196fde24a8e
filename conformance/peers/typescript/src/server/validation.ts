import type { DescMessage, Message } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { violationsError } from "./error_status.js";

// Refuses requests that break a rule of the contract, before a handler gets them. In a stream of
// requests, each message is validated when the handler reads it. `ignoredRule` is not checked, so
// that a test can see that proofread notices it.
export function validation(ignoredRule: string): Interceptor {
  const validator = createValidator();

  function check(schema: DescMessage, message: Message): void {
    const result = validator.validate(schema, message);
    switch (result.kind) {
      case "valid":
        return;
      case "error":
        throw new ConnectError("the request could not be validated", Code.Internal);
      case "invalid": {
        const violations = result.violations.filter((violation) => violation.ruleId !== ignoredRule);
        if (violations.length > 0) {
          throw violationsError(violations);
        }
      }
    }
  }

  async function* checkEach(schema: DescMessage, messages: AsyncIterable<Message>): AsyncGenerator<Message> {
    for await (const message of messages) {
      check(schema, message);
      yield message;
    }
  }

  return (next) => (request) => {
    if (request.stream) {
      return next({ ...request, message: checkEach(request.method.input, request.message) });
    }
    check(request.method.input, request.message);
    return next(request);
  };
}

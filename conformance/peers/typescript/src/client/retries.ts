import { setTimeout as delay } from "node:timers/promises";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

const MAX_ATTEMPTS = 4;
const INITIAL_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1_000;

// Repeats unary calls that fail with UNAVAILABLE, if the contract declares the method idempotent.
// Streams are not repeated: their messages are gone.
export function retries(): Interceptor {
  const budget = new Budget();
  return (next) => async (request) => {
    if (request.stream || request.method.idempotency === Level.IDEMPOTENCY_UNKNOWN) {
      return next(request);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await next(request);
        budget.succeeded();
        return response;
      } catch (error) {
        if (ConnectError.from(error).code !== Code.Unavailable || attempt === MAX_ATTEMPTS || !budget.mayRetry()) {
          throw error;
        }
        // Between half and the whole of the delay, so that clients do not retry at the same moment.
        const backoff = Math.min(INITIAL_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS) * (1 - Math.random() / 2);
        // Fails when the deadline passes or the call is cancelled.
        await delay(backoff, undefined, { signal: request.signal }).catch(() => {
          throw error;
        });
      }
    }
  };
}

// While most calls fail, retries would only add load: the rule of gRPC's retryThrottling.
class Budget {
  static readonly #MAX_TOKENS = 10;
  static readonly #TOKENS_PER_SUCCESS = 0.2;
  #tokens = Budget.#MAX_TOKENS;

  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + Budget.#TOKENS_PER_SUCCESS, Budget.#MAX_TOKENS);
  }

  // Counts a failure.
  mayRetry(): boolean {
    this.#tokens = Math.max(this.#tokens - 1, 0);
    return this.#tokens > Budget.#MAX_TOKENS / 2;
  }
}

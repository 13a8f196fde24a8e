import { Code } from "@connectrpc/connect";
import { declaredError } from "./error_status.js";

const DEFAULT_PAGE_SIZE = 20;

// A page of the items and the token of the next one, which contains the filter of the call and the
// position of the next item. A token of another filter is refused.
export function page<T>(items: readonly T[], filter: string, size: number, token: string): [T[], string] {
  const first = token === "" ? 0 : positionOf(token, filter);
  const end = first + (size === 0 ? DEFAULT_PAGE_SIZE : size);
  return [items.slice(first, end), end < items.length ? pageToken(filter, end) : ""];
}

function pageToken(filter: string, position: number): string {
  return Buffer.from(`${position}/${filter}`).toString("base64url");
}

function positionOf(token: string, filter: string): number {
  const position = Number.parseInt(Buffer.from(token, "base64url").toString(), 10);
  // Only the token that `pageToken` makes: several texts may stand for one number.
  if (!(position > 0) || token !== pageToken(filter, position)) {
    throw declaredError(
      Code.InvalidArgument,
      "PAGE_TOKEN_INVALID",
      "this method did not return the page token for the same filter; request the first page again",
    );
  }
  return position;
}

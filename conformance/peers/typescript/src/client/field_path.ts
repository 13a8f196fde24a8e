import type { FieldPath } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

// A field path in the notation of protovalidate: `books[0].prices["USD"]`.
export function fieldPathToString(path: FieldPath | undefined): string {
  let text = "";
  for (const { fieldName, subscript } of path?.elements ?? []) {
    text += text === "" ? fieldName : `.${fieldName}`;
    if (subscript.case === "stringKey") {
      text += `[${JSON.stringify(subscript.value)}]`;
    } else if (subscript.case !== undefined) {
      text += `[${subscript.value}]`;
    }
  }
  return text;
}

import type { Book } from "@bindery/contract/bookstore/inventory/v1/book_pb.js";

// The words of a text without accents and in lower case.
export function words(text: string): string[] {
  return text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

// Whether the title and the authors of the book contain every word of the query. The last one may
// be the beginning of a word. A query without words matches nothing.
export function matches(book: Book, query: string[]): boolean {
  const last = query.at(-1);
  if (last === undefined) {
    return false;
  }
  const known = words([book.title, ...book.authors].join(" "));
  return query.slice(0, -1).every((word) => known.includes(word)) && known.some((word) => word.startsWith(last));
}

import { create } from "@bufbuild/protobuf";
import {
  ImportBooksResponseSchema,
  type InventoryService,
} from "@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { Catalogue } from "./catalogue.js";
import { declaredError } from "./error_status.js";
import { page } from "./pages.js";
import { matches, words } from "./search.js";

// A part of bookstore.inventory.v1.InventoryService. The other methods answer UNIMPLEMENTED.
export function inventory(catalogue: Catalogue): Partial<ServiceImpl<typeof InventoryService>> {
  return {
    getBook({ bookId }) {
      const book = catalogue.book(bookId);
      if (book === undefined) {
        throw bookNotFound(bookId);
      }
      return { book };
    },

    listBooks({ category, pageSize, pageToken }) {
      const [books, nextPageToken] = page(catalogue.ofCategory(category), `list/${category}`, pageSize, pageToken);
      return { books, nextPageToken };
    },

    searchBooks({ query, category, pageSize, pageToken }) {
      const asked = words(query);
      const found = catalogue.ofCategory(category).filter((book) => matches(book, asked));
      const [books, nextPageToken] = page(found, `search/${category}/${query}`, pageSize, pageToken);
      return { books, nextPageToken };
    },

    async importBooks(requests) {
      const counts = create(ImportBooksResponseSchema);
      for await (const request of requests) {
        catalogue.store(request.books, counts);
      }
      return counts;
    },

    async *watchStock({ bookIds }, { signal }) {
      const unknown = bookIds.find((id) => catalogue.book(id) === undefined);
      if (unknown !== undefined) {
        throw bookNotFound(unknown);
      }
      for await (const level of catalogue.watch(bookIds, signal)) {
        yield { level };
      }
      signal.throwIfAborted();
      throw new ConnectError("the server stops; call again", Code.Unavailable);
    },
  };
}

function bookNotFound(bookId: number): ConnectError {
  return declaredError(Code.NotFound, "BOOK_NOT_FOUND", `no book has the id ${bookId}`, { book_id: String(bookId) });
}

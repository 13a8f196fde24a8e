import { readFile } from "node:fs/promises";
import { create, equals, fromJsonString } from "@bufbuild/protobuf";
import { type Book, BookCategory, BookSchema } from "@bindery/contract/bookstore/inventory/v1/book_pb.js";
import {
  type BookImport,
  type ImportBooksResponse,
  ImportBooksRequestSchema,
  ImportBooksResponseSchema,
} from "@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js";
import { type StockLevel, StockLevelSchema } from "@bindery/contract/bookstore/inventory/v1/stock_pb.js";

// The books and their stock, in memory.
export class Catalogue {
  readonly #books = new Map<number, Book>();
  readonly #onHand = new Map<number, number>();
  readonly #watchers = new Set<Watcher>();
  readonly #closed = new AbortController();
  // The books in the order of their titles, all under UNSPECIFIED.
  #byCategory = new Map<BookCategory, Book[]>();

  // Reads an ImportBooksRequest in JSON.
  static async load(path: string): Promise<Catalogue> {
    const catalogue = new Catalogue();
    const request = fromJsonString(ImportBooksRequestSchema, await readFile(path, "utf8"));
    catalogue.store(request.books, create(ImportBooksResponseSchema));
    return catalogue;
  }

  // Ends all watchers, so that the server can stop.
  close(): void {
    this.#closed.abort();
  }

  book(id: number): Book | undefined {
    return this.#books.get(id);
  }

  // The books of a category, or all of them if it is unset, in the order of their titles.
  ofCategory(category: BookCategory): readonly Book[] {
    return this.#byCategory.get(category) ?? [];
  }

  // Adds and replaces books, and counts them in `counts`.
  store(imports: BookImport[], counts: ImportBooksResponse): void {
    for (const { book, onHand } of imports) {
      if (book === undefined) {
        continue; // Refused by a rule.
      }
      const before = this.#books.get(book.bookId);
      if (before === undefined) {
        counts.created++;
      } else if (equals(BookSchema, before, book)) {
        counts.unchanged++;
      } else {
        counts.updated++;
      }
      this.#books.set(book.bookId, book);
      // Unset is not zero: it leaves the stock as it is.
      if (onHand !== undefined && this.#onHand.get(book.bookId) !== onHand) {
        this.#onHand.set(book.bookId, onHand);
        this.#watchers.forEach((watcher) => watcher.notify(book.bookId));
      }
    }
    this.#sort();
  }

  #sort(): void {
    const sorted = [...this.#books.values()].sort((left, right) => {
      const order = left.title < right.title ? -1 : left.title > right.title ? 1 : 0;
      return order || left.bookId - right.bookId;
    });
    this.#byCategory = new Map([[BookCategory.UNSPECIFIED, sorted]]);
    for (const book of sorted) {
      const books = this.#byCategory.get(book.category) ?? [];
      books.push(book);
      this.#byCategory.set(book.category, books);
    }
  }

  level(bookId: number): StockLevel {
    const onHand = this.#onHand.get(bookId) ?? 0;
    return create(StockLevelSchema, { bookId, onHand, available: onHand });
  }

  // The level of each book, and then every change until `signal` is aborted. A slow reader gets the
  // newest level of each book and misses some of those in between, so the memory is bounded.
  async *watch(books: number[], signal: AbortSignal): AsyncGenerator<StockLevel> {
    const watcher = new Watcher(books);
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    ended.addEventListener("abort", () => watcher.wake());
    this.#watchers.add(watcher);
    try {
      while (!ended.aborted) {
        for (const id of watcher.take()) {
          yield this.level(id);
        }
        await watcher.changed(ended);
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}

class Watcher {
  readonly #books: ReadonlySet<number>;
  #changed: Set<number>;
  #wake: () => void = () => {};

  constructor(books: number[]) {
    this.#books = new Set(books);
    this.#changed = new Set(books);
  }

  notify(id: number): void {
    if (this.#books.has(id)) {
      this.#changed.add(id);
      this.#wake();
    }
  }

  wake(): void {
    this.#wake();
  }

  take(): Set<number> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  // Waits until a book has changed, or until the signal is aborted.
  changed(ended: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#changed.size > 0 || ended.aborted) {
        resolve();
      }
    });
  }
}

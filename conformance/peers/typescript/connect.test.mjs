// Calls the bookstore with connect-es in the Connect protocol: from Node at BINDERY_GRPC, with JSON
// and binary messages over HTTP/1.1 and HTTP/2, and from a page in Chromium at BINDERY_SHOP.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BookCategory } from "@bindery/contract/bookstore/inventory/v1/book_pb.js";
import { InventoryService } from "@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { launch } from "../../../tools/visitor.mjs";

const grpc = `http://${process.env.BINDERY_GRPC}`;
const shop = process.env.BINDERY_SHOP;
let nextBookId = 900_000_001;
const packages = join(dirname(fileURLToPath(import.meta.url)), "node_modules");

for (const httpVersion of ["1.1", "2"]) {
  for (const useBinaryFormat of [false, true]) {
    const name = `HTTP/${httpVersion}, ${useBinaryFormat ? "binary" : "JSON"}`;
    const options = { baseUrl: grpc, httpVersion, useBinaryFormat };
    const client = createClient(InventoryService, createConnectTransport(options));

    test(`${name}: unary calls by POST and GET`, async () => {
      const { book } = await client.getBook({ bookId: 1 });
      assert.equal(book.title, "The Maltese Falcon");
      assert.equal(typeof book.price.amountMinor, "bigint");
      const byGet = createClient(InventoryService, createConnectTransport({ ...options, useHttpGet: true }));
      const { books } = await byGet.listBooks({ category: BookCategory.MYSTERY, pageSize: 2 });
      assert.equal(books.length, 2);
    });

    test(`${name}: errors with their details`, async () => {
      const missing = await client.getBook({ bookId: 999_999_999 }).then(() => assert.fail(), ConnectError.from);
      assert.equal(missing.code, Code.NotFound);
      const unset = await client.getBook({}).then(() => assert.fail(), ConnectError.from);
      assert.equal(unset.code, Code.InvalidArgument);
      const [violations] = unset.findDetails(ViolationsSchema);
      assert.equal(violations.violations[0].field.elements[0].fieldName, "book_id");
      const refused = await client.setStock({ bookId: 1, onHand: 1 }).then(() => assert.fail(), ConnectError.from);
      assert.equal(refused.code, Code.Unauthenticated);
    });

    test(`${name}: a server stream`, { timeout: 20_000 }, async () => {
      const ending = new AbortController();
      for await (const { level } of client.watchStock({ bookIds: [1] }, { signal: ending.signal })) {
        assert.equal(level.bookId, 1);
        break;
      }
      ending.abort();
      const first = client.watchStock({})[Symbol.asyncIterator]().next();
      const unset = await first.then(() => assert.fail(), ConnectError.from);
      assert.equal(unset.code, Code.InvalidArgument);
      assert.equal(unset.findDetails(ViolationsSchema).length, 1);
    });

    test(`${name}: a client stream`, { timeout: 20_000 }, async () => {
      const token = readFileSync(join(process.env.BINDERY_DATA, "operator.token"), "utf8").trim();
      const message = () => ({
        books: [{
          book: {
            bookId: nextBookId++, title: "A Stream of Books", authors: ["Connect"], category: BookCategory.MYSTERY,
            price: { currencyCode: "USD", amountMinor: 1n },
          },
          onHand: 0,
        }],
      });
      async function* messages() {
        yield message();
        yield message();
      }
      const imported = await client.importBooks(messages(), { headers: { authorization: `Bearer ${token}` } });
      assert.equal(imported.created, 2n);
    });
  }
}

// The exports of some packages, as a browser needs them.
function importMap(names) {
  const imports = {};
  for (const name of names) {
    const { exports } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
    for (const [path, target] of Object.entries(exports)) {
      const file = typeof target === "string" ? target : target.import;
      if (file && !file.includes("*")) imports[join(name, path)] = `/packages/${join(name, file)}`;
    }
    imports[`${name}/`] = `/packages/${name}/`;
  }
  return { imports };
}

test("a page in Chromium calls the API of the shop", { timeout: 60_000 }, async () => {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const map = importMap(["@bindery/contract", "@bufbuild/protobuf", "@bufbuild/protovalidate", "@connectrpc/connect", "@connectrpc/connect-web"]);
    const html = `<!doctype html><script type="importmap">${JSON.stringify(map)}</script>`;
    await page.route(`${shop}/test-page`, (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.route(`${shop}/packages/**`, (route) => {
      const file = join(packages, new URL(route.request().url()).pathname.slice("/packages/".length));
      const found = existsSync(file) && extname(file) === ".js";
      return found ? route.fulfill({ contentType: "text/javascript", body: readFileSync(file) }) : route.fulfill({ status: 404 });
    });
    await page.goto(`${shop}/test-page`);
    const seen = await page.evaluate(async () => {
      const { createClient, ConnectError, Code } = await import("@connectrpc/connect");
      const { createConnectTransport } = await import("@connectrpc/connect-web");
      const { InventoryService } = await import("@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js");
      const seen = [];
      for (const useBinaryFormat of [false, true]) {
        const transport = createConnectTransport({ baseUrl: "/api", useBinaryFormat, useHttpGet: true });
        const client = createClient(InventoryService, transport);
        seen.push((await client.getBook({ bookId: 1 })).book.title);
        const error = await client.getBook({}).catch(ConnectError.from);
        seen.push(Code[error.code]);
        for await (const { level } of client.watchStock({ bookIds: [1] })) {
          seen.push(level.bookId);
          break;
        }
      }
      const products = await (await fetch("/products")).json();
      return [...seen, products.length];
    });
    const once = ["The Maltese Falcon", "InvalidArgument", 1];
    assert.deepEqual(seen, [...once, ...once, 20]);
  } finally {
    await browser.close();
  }
});

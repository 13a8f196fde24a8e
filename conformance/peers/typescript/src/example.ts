// An example of the client: it asks for one book, and shows how an error is handled.
import { InventoryService } from "@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js";
import { createClient } from "@connectrpc/connect";
import { CallError, connect } from "./client/client.js";

const inventory = createClient(InventoryService, connect(`http://${process.argv[2]}`));
const { book } = await inventory.getBook({ bookId: 1 });
console.log(book?.title);
try {
  await inventory.getBook({});
} catch (error) {
  const [violation] = CallError.of(error).violations;
  console.log(violation?.field, violation?.rule);
}

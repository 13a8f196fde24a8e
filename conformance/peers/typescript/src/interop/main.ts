// Executes the cells of the interoperability matrix with the TypeScript client.
//
// Reads a JSON list of cells from standard input, makes their calls one after the other at the
// address of its argument, and prints what it observed, one line of JSON for each cell.
import { text } from "node:stream/consumers";
import { connect } from "../client/client.js";
import { type Cell, execute } from "./execute.js";

const address = process.argv[2];
const options = { token: process.env.INTEROP_TOKEN ?? "" };
const transports = [false, true].map((gzip) => connect(`http://${address}`, { ...options, gzip }));
for (const cell of JSON.parse(await text(process.stdin)) as Cell[]) {
  const transport = transports[cell.gzip ? 1 : 0];
  if (transport !== undefined) {
    console.log(JSON.stringify(await execute(transport, cell)));
  }
}
// Connections that are open would keep the process alive, and exit would cut the output.
process.stdout.write("", () => process.exit(0));

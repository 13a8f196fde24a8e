// Executes the cells of the interoperability matrix with the TypeScript client.
//
// Reads a JSON list of cells from standard input, makes their calls one after the other at the
// address of its argument, and prints what it observed, one line of JSON for each cell. --protocol is
// grpc, grpc-web, connect or connect-json; --ca is the authority of the server's certificate, for TLS.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import type { Transport } from "@connectrpc/connect";
import { connect, type ConnectOptions, type Protocol } from "../client/client.js";
import { type Cell, execute } from "./execute.js";

const { values: options, positionals: [address] } = parseArgs({
  allowPositionals: true,
  options: { protocol: { type: "string", default: "grpc" }, ca: { type: "string" } },
});
const settings: ConnectOptions = {
  protocol: options.protocol as Protocol,
  ...(options.ca !== undefined && { tls: { ca: readFileSync(options.ca) } }),
};
const transports = new Map<string, Transport>();

function transportOf({ anonymous = false, gzip = false }: Cell): Transport {
  const key = JSON.stringify([anonymous, gzip]);
  const known = transports.get(key);
  if (known !== undefined) {
    return known;
  }
  const token = anonymous ? "" : process.env.INTEROP_TOKEN ?? "";
  const transport = connect(`${options.ca === undefined ? "http" : "https"}://${address}`, { ...settings, gzip, token });
  transports.set(key, transport);
  return transport;
}

for (const cell of JSON.parse(await text(process.stdin)) as Cell[]) {
  console.log(JSON.stringify(await execute(transportOf(cell), cell)));
}
// Connections that are open would keep the process alive, and exit would cut the output.
process.stdout.write("", () => process.exit(0));

// A server of a part of the contract in TypeScript, with connect-node and protovalidate.
//
// It shows what a server of the contract needs: an interceptor that validates every request, one
// that checks credentials, errors with details, health, reflection and a graceful stop. Books and
// stock are in memory. It speaks gRPC, gRPC-Web and Connect over HTTP/2. Prints
// `listening on ADDRESS` when it is ready; stops on SIGTERM and SIGINT.
import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { InventoryService } from "@bindery/contract/bookstore/inventory/v1/inventory_service_pb.js";
import { RecommendationService } from "@bindery/contract/bookstore/recommendations/v1/recommendation_service_pb.js";
import { type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Health } from "../gen/health/v1/health_pb.js";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.js";
import { InteropService } from "../gen/interop/v1/interop_service_pb.js";
import { Catalogue } from "./catalogue.js";
import { credentials } from "./credentials.js";
import { HealthStatus } from "./health.js";
import { inventory } from "./inventory.js";
import { interop } from "./interop.js";
import { recommendations } from "./recommendations.js";
import { reflection } from "./reflection.js";
import { validation } from "./validation.js";

// The largest message that the server accepts.
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
// How long calls in progress may take after a signal.
const STOP_TIMEOUT_MS = 5_000;

const { values: options } = parseArgs({
  options: {
    address: { type: "string", default: "127.0.0.1:0" },
    books: { type: "string", default: "conformance/peers/books.json" },
    "operator-token": { type: "string", default: "operator" },
    // Does not check the rule with this id, for tests of the tester.
    "ignore-rule": { type: "string", default: "" },
    // The files of the certificate and of its key; without them the server is plain text.
    "tls-cert": { type: "string" },
    "tls-key": { type: "string", default: "" },
  },
});

const catalogue = await Catalogue.load(options.books);
const services = [InventoryService, RecommendationService, InteropService];
const health = new HealthStatus(services.map((service) => service.typeName));

function routes(router: ConnectRouter): void {
  router.service(InventoryService, inventory(catalogue));
  router.service(RecommendationService, recommendations(catalogue));
  router.service(InteropService, interop);
  router.service(Health, health.service);
  router.service(ServerReflection, reflection([...services, Health, ServerReflection]));
}

const adapter = connectNodeAdapter({
  routes,
  // Credentials come first: a caller without one must not be able to probe the rules.
  interceptors: [credentials(options["operator-token"]), validation(options["ignore-rule"])],
  readMaxBytes: MAX_MESSAGE_BYTES,
});
const certificate = options["tls-cert"];
const server = certificate === undefined
  ? http2.createServer(adapter)
  : http2.createSecureServer({ cert: readFileSync(certificate), key: readFileSync(options["tls-key"]) }, adapter);
const sessions = new Set<http2.ServerHttp2Session>();
server.on("session", (session) => {
  sessions.add(session);
  session.on("close", () => sessions.delete(session));
});

const [host, port] = options.address.split(/:(?=\d+$)/);
server.listen(Number(port), host, () => {
  const { address, port } = server.address() as AddressInfo;
  console.log(`listening on ${address}:${port}`);
});

function stop(): void {
  health.stop();
  catalogue.close();
  server.close();
  for (const session of sessions) {
    session.close(); // Lets the calls of the connection end.
  }
  setTimeout(() => sessions.forEach((session) => session.destroy()), STOP_TIMEOUT_MS).unref();
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);

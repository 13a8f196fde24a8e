import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { type Health, HealthCheckResponse_ServingStatus as Status } from "../gen/health/v1/health_pb.js";

// grpc.health.v1.Health, which connect-node does not have.
export class HealthStatus {
  readonly #services: ReadonlySet<string>;
  readonly #stopped = new AbortController();

  // `services` are the names of the services that are served; the empty name is the whole server.
  constructor(services: string[]) {
    this.#services = new Set(["", ...services]);
  }

  // Reports from now on that nothing is served.
  stop(): void {
    this.#stopped.abort();
  }

  get #status(): Status {
    return this.#stopped.signal.aborted ? Status.NOT_SERVING : Status.SERVING;
  }

  get service(): Partial<ServiceImpl<typeof Health>> {
    return {
      check: ({ service }) => {
        if (!this.#services.has(service)) {
          throw new ConnectError(`the server has no service ${service}`, Code.NotFound);
        }
        return { status: this.#status };
      },
      watch: ({ service }, { signal }) => this.#watch(service, signal),
    };
  }

  // An unknown service is no error here, because it may be added later.
  async *#watch(service: string, signal: AbortSignal): AsyncGenerator<{ status: Status }> {
    yield { status: this.#services.has(service) ? this.#status : Status.SERVICE_UNKNOWN };
    const ended = AbortSignal.any([signal, this.#stopped.signal]);
    if (!ended.aborted) {
      await new Promise((resolve) => ended.addEventListener("abort", resolve));
    }
    signal.throwIfAborted();
    yield { status: Status.NOT_SERVING };
  }
}

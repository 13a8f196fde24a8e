// The requests of a stream, which are sent as they are released.
export class RequestQueue<T> {
  readonly #messages: readonly T[];
  #released = 0;
  #wake: () => void = () => {};

  constructor(messages: readonly T[]) {
    this.#messages = messages;
  }

  release(count: number): void {
    this.#released += count;
    this.#wake();
  }

  async *messages(): AsyncGenerator<T> {
    for (const [index, message] of this.#messages.entries()) {
      while (index >= this.#released) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      yield message;
    }
    // The stream of requests ends only after the last answer.
    while (this.#messages.length >= this.#released) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

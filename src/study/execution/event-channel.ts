// Merges events of several sources into one stream, in order of arrival.

export class EventChannel<Event> {
  readonly #waiting: Event[] = [];
  #wake: () => void = () => undefined;
  #end: { readonly cause?: unknown } | undefined;

  push(event: Event): void {
    this.#waiting.push(event);
    this.#wake();
  }

  /** Ends the stream after the pushed events; with a cause, by throwing it. */
  close(end: { readonly cause?: unknown } = {}): void {
    this.#end ??= end;
    this.#wake();
  }

  async *events(): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) yield event;
      if (this.#end !== undefined) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if ("cause" in this.#end) throw this.#end.cause;
  }
}

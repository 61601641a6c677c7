// A bounded table of answers: when it is full, the least recently used row goes.

/** At most `capacity` rows. A `Map` remembers the order of insertion, so the first row is the one used longest ago. */
export class Table<V> {
  readonly #rows = new Map<string, V>();

  /** `gone` sees every value that leaves the table. */
  constructor(
    readonly capacity: number,
    readonly gone: (value: V) => void = () => {},
  ) {}

  /** The value, which counts as used now. */
  get(question: string): V | undefined {
    const value = this.#rows.get(question);
    if (value !== undefined) {
      this.#rows.delete(question);
      this.#rows.set(question, value);
    }
    return value;
  }

  /** Puts a value in the place of the old one, or of the least recently used one when the table is full. */
  insert(question: string, value: V): void {
    this.remove(question);
    if (this.#rows.size >= this.capacity) {
      const [oldest] = this.#rows.keys();
      this.remove(oldest!);
    }
    this.#rows.set(question, value);
  }

  remove(question: string): void {
    const value = this.#rows.get(question);
    if (value === undefined) return;
    this.#rows.delete(question);
    this.gone(value);
  }

  retain(keep: (value: V) => boolean): void {
    for (const [question, value] of this.#rows) {
      if (!keep(value)) this.remove(question);
    }
  }

  get size(): number {
    return this.#rows.size;
  }
}

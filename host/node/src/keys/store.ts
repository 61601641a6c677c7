// The policy of the key cache: what is kept, for how long, and what an answer of the provider changes. No waiting
// happens here; time comes in as a number.
//
// | the provider said | fresh key   | refusal                 | what later lookups get                               |
// |-------------------|-------------|-------------------------|------------------------------------------------------|
// | a key             | kept (ttl)  | forgotten               | the key                                              |
// | refused           | **dropped** | kept for the refusedTtl | the refusal, so a revocation bites within the ttl    |
// | unavailable       | left        | left                    | for a growing pause: the stale key, else unavailable |

import { Backoff, shortened } from "./backoff.js";
import { Refused, Unavailable } from "./provider.js";
import type { Limits } from "./settings.js";
import { Table } from "./table.js";

/** Refusals have a table of their own, so that garbage cannot push good keys out; it holds this many. */
const REFUSALS = 256;
/** Rows past their use are swept out, and their keys wiped, this often while there are lookups. */
const SWEEP_EVERY = 60_000;
/** How long after its pause a failed key's back-off is forgotten. */
const FORGET_AFTER = 60_000;

/** How a lookup ended: a key within its time, one past it because the provider is unavailable, or none. */
export type Outcome = { kind: "key" | "stale"; key: Uint8Array } | { kind: "failed"; error: Refused | Unavailable };

interface Held {
  key: Uint8Array;
  freshUntil: number;
  staleUntil: number;
}

interface Refusal {
  error: Refused;
  until: number;
}

/** The provider did not answer for this key; it is left alone for a while. */
interface Absence {
  text: string;
  backoff: Backoff;
}

/** Everything the cache knows. The keys in outcomes are the store's own: they are wiped when it lets go of them. */
export class Store {
  readonly #limits: Limits;
  readonly #keys: Table<Held>;
  readonly #refusals = new Table<Refusal>(REFUSALS);
  readonly #absences: Table<Absence>;
  #sweepAt = Number.NEGATIVE_INFINITY;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#keys = new Table(limits.capacity, ({ key }) => key.fill(0));
    this.#absences = new Table(limits.capacity);
  }

  /** The outcome, where it is known; undefined when the provider must be asked. `asking`: somebody does so already. */
  find(question: string, now: number, asking: boolean): Outcome | undefined {
    if (now >= this.#sweepAt) this.sweep(now);
    const held = this.#keys.get(question);
    if (held && now < held.freshUntil) return { kind: "key", key: held.key };
    const refusal = this.#refusals.get(question);
    if (refusal && now < refusal.until) return { kind: "failed", error: refusal.error };
    return this.#meanwhile(question, now, asking);
  }

  /**
   * The outcome while the provider is known to be unavailable: during a pause for everybody, and while somebody tries
   * again for those who have a stale key to go on with.
   */
  #meanwhile(question: string, now: number, asking: boolean): Outcome | undefined {
    const absence = this.#absences.get(question);
    if (!absence) return undefined;
    const left = absence.backoff.left(now);
    if (left > 0) {
      return this.without(question, now, `${absence.text}; asked again in ${(left / 1000).toFixed(1)} s`);
    }
    return asking ? this.#stale(question, now) : undefined;
  }

  /** The outcome when the provider gave no answer: the stale key, else unavailable. */
  without(question: string, now: number, text: string): Outcome {
    return this.#stale(question, now) ?? { kind: "failed", error: new Unavailable(text) };
  }

  #stale(question: string, now: number): Outcome | undefined {
    const held = this.#keys.get(question);
    return held && now < held.staleUntil ? { kind: "stale", key: held.key } : undefined;
  }

  /** Takes the provider's answer in and says what those who wait for it get. The key becomes the store's. */
  settle(question: string, answer: Uint8Array | Refused | Unavailable, now: number): Outcome {
    if (answer instanceof Refused) {
      this.#keys.remove(question);
      this.#absences.remove(question);
      this.#refusals.insert(question, { error: answer, until: now + this.#limits.refusedTtl });
      return { kind: "failed", error: answer };
    }
    if (answer instanceof Unavailable) {
      const outcome = this.without(question, now, answer.message);
      const backoff = this.#absences.get(question)?.backoff ?? new Backoff();
      backoff.fail(now);
      this.#absences.insert(question, { text: answer.message, backoff });
      return outcome;
    }
    this.#refusals.remove(question);
    this.#absences.remove(question);
    const freshUntil = now + shortened(this.#limits.ttl);
    this.#keys.insert(question, { key: answer, freshUntil, staleUntil: freshUntil + this.#limits.stale });
    return { kind: "key", key: answer };
  }

  /** Drops every row past its use. */
  sweep(now: number): void {
    this.#keys.retain((held) => now < held.staleUntil);
    this.#refusals.retain((refusal) => now < refusal.until);
    this.#absences.retain((absence) => now < absence.backoff.until + FORGET_AFTER);
    this.#sweepAt = now + SWEEP_EVERY;
  }

  /** Drops everything. */
  clear(): void {
    for (const table of [this.#keys, this.#refusals, this.#absences]) table.retain(() => false);
  }

  /** How many keys, refusals and absences are held. */
  get sizes(): [keys: number, refusals: number, absences: number] {
    return [this.#keys.size, this.#refusals.size, this.#absences.size];
  }
}

// The key cache: one question to the provider per data key and time to live, however many ask at once.
//
// This file is the waiting; what is kept and for how long is decided in store.ts.

import { type Clock, systemClock, within } from "./clock.js";
import { type DecryptKey, type KeyProvider, keyError, Refused, Unavailable } from "./provider.js";
import { check, type KeyRequest, question, sorted } from "./request.js";
import { type CacheSettings, limits } from "./settings.js";
import { type Outcome, Store } from "./store.js";
import { Turns } from "./turns.js";

/** So many keys are asked for at once. A burst of new ones queues here instead of exhausting the account's quota. */
const IN_FLIGHT = 20;
/** A lookup waits so long for another one's answer, or for its turn to ask. */
const WAIT_LIMIT = 10_000;
/** A provider that has not answered by then never will. Well above the retry budget of `KmsKeys`. */
const CALL_LIMIT = 30_000;

/** What a cache has done. `lookups - calls` is what it saved. */
export interface KeyStats {
  /** Questions to the cache. */
  lookups: number;
  /** Lookups that got a fresh key without a call of their own. */
  hits: number;
  /** Questions that reached the provider. */
  calls: number;
  /** Lookups that were refused. */
  refused: number;
  /** Lookups that ended as unavailable. */
  unavailable: number;
  /** Lookups that got a key past its time, because the provider was unavailable. */
  stale: number;
}

/**
 * Keeps plaintext data keys in front of a {@link KeyProvider}.
 *
 * - A key is used for the time to live, less 10 to 20 percent, then asked for again. It is wiped when it is replaced,
 *   pushed out or refused, and at the first lookup at most a minute after it became useless.
 * - Of many lookups for one key, one asks; the others get its answer.
 * - A refusal is repeated for the `refusedTtl` and drops the key it concerns: a revocation bites within the ttl.
 * - "Unavailable" is not kept, but the provider is left alone for a pause that doubles from half a second to ten:
 *   meanwhile lookups get the stale key, or "unavailable" at once.
 * - At most 20 keys are asked for at once; nobody waits for another lookup for more than 10 seconds.
 *
 * One cache belongs to one provider, hence to one set of credentials. Decoders may share it.
 */
export class Cache implements KeyProvider {
  readonly handsOver = true;
  readonly #provider: KeyProvider;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #turns = new Turns(IN_FLIGHT);
  /** Who waits for the answer to a question that is under way. */
  readonly #flights = new Map<string, Array<(outcome: Outcome) => void>>();
  readonly #stats: KeyStats = { lookups: 0, hits: 0, calls: 0, refused: 0, unavailable: 0, stale: 0 };

  /** Throws an `Error` that names the setting which is wrong. */
  constructor(provider: KeyProvider | DecryptKey, settings: CacheSettings = {}, clock: Clock = systemClock) {
    this.#provider = typeof provider === "function" ? { decrypt: provider } : provider;
    if (typeof this.#provider?.decrypt !== "function") {
      throw new TypeError("keys: expected KmsKeys, a Keyring, or an async function that decrypts one data key");
    }
    this.#store = new Store(limits(settings));
    this.#clock = clock;
  }

  /**
   * The plaintext data key: from the cache, from the lookup that asks for it already, or from the provider. The array
   * is a copy of the caller's own: wipe it (`fill(0)`) after use. Throws {@link Refused} or {@link Unavailable}.
   */
  async decrypt(request: KeyRequest): Promise<Uint8Array> {
    this.#stats.lookups += 1;
    let outcome: Outcome;
    let asked = false;
    try {
      check(request);
      [outcome, asked] = await this.#lookUp({ ...request, context: sorted(request.context) });
    } catch (thrown) {
      outcome = { kind: "failed", error: keyError(thrown) };
    }
    this.#ended(outcome, asked);
    if (outcome.kind === "failed") throw outcome.error;
    return outcome.key;
  }

  /**
   * The answer where it takes no waiting, else undefined; then nothing is counted, and {@link decrypt} is to follow.
   * The key is the cache's own and may be wiped as soon as the caller waits for anything. `asked`: the
   * {@link question}.
   *
   * @internal
   */
  peek(asked: string): Uint8Array | Refused | Unavailable | undefined {
    const outcome = this.#store.find(asked, this.#clock.now(), this.#flights.has(asked));
    if (!outcome) return undefined;
    this.#stats.lookups += 1;
    this.#ended(outcome, false);
    return outcome.kind === "failed" ? outcome.error : outcome.key;
  }

  /** What the cache has done so far. */
  stats(): KeyStats {
    return { ...this.#stats };
  }

  /** Wipes every key past its use. Lookups do this once a minute; a program that may stay idle longer uses a timer. */
  sweep(): void {
    this.#store.sweep(this.#clock.now());
  }

  /** Forgets and wipes everything: for a program that lives on when its decoding is done. */
  clear(): void {
    this.#store.clear();
  }

  async ready(): Promise<void> {
    await this.#provider.ready?.();
  }

  /** The outcome, with a key of the caller's own, and whether it took a call. */
  async #lookUp(request: KeyRequest): Promise<[Outcome, asked: boolean]> {
    const asked = question(request);
    const flight = this.#flights.get(asked);
    const known = this.#store.find(asked, this.#clock.now(), flight !== undefined);
    if (known) return [copied(known), false];
    if (flight) {
      let land = (_: Outcome) => {};
      const landing = new Promise<Outcome>((resolve) => {
        land = (outcome) => resolve(copied(outcome));
        flight.push(land);
      });
      const outcome = await within(this.#clock, WAIT_LIMIT, landing);
      if (outcome) return [outcome, false];
      flight.splice(flight.indexOf(land), 1);
      return [this.#without(asked, "another lookup is still asking for this key"), false];
    }
    const waiting: Array<(outcome: Outcome) => void> = [];
    this.#flights.set(asked, waiting);
    const [outcome, called] = await this.#ask(request, asked);
    this.#flights.delete(asked);
    // At once, and each with a copy: by the time that a waiting lookup goes on, the store may have wiped its own.
    for (const land of waiting) land(outcome);
    return [outcome, called];
  }

  async #ask(request: KeyRequest, asked: string): Promise<[Outcome, called: boolean]> {
    if (!(await this.#turns.take(this.#clock, WAIT_LIMIT))) {
      return [this.#without(asked, "the key service is still busy with other keys"), false];
    }
    this.#stats.calls += 1;
    try {
      const call = this.#call(request);
      const answer = await within(this.#clock, CALL_LIMIT, call);
      // Nobody wants it any more when it comes.
      if (!answer) call.then((key) => key instanceof Uint8Array && key.fill(0));
      const late = new Unavailable(`the key provider gave no answer in ${CALL_LIMIT / 1000} s`);
      return [copied(this.#store.settle(asked, answer ?? late, this.#clock.now())), true];
    } finally {
      this.#turns.giveBack();
    }
  }

  /** The provider's answer as a copy of our own. Never throws: whatever goes wrong in there is "unavailable". */
  async #call(request: KeyRequest): Promise<Uint8Array | Refused | Unavailable> {
    try {
      const answer: unknown = await this.#provider.decrypt(request);
      // Not by `instanceof`, which fails between realms (Jest, vm). Anything else would go over as an empty key.
      if (Object.prototype.toString.call(answer) !== "[object Uint8Array]") {
        return new Unavailable(`expected the key provider to answer with a Uint8Array, found ${kind(answer)}`);
      }
      const key = Uint8Array.from(answer as Uint8Array);
      if (this.#provider.handsOver) (answer as Uint8Array).fill(0);
      return key;
    } catch (thrown) {
      return keyError(thrown);
    }
  }

  #without(asked: string, text: string): Outcome {
    return copied(this.#store.without(asked, this.#clock.now(), text));
  }

  #ended(outcome: Outcome, asked: boolean): void {
    if (outcome.kind === "failed") this.#stats[outcome.error instanceof Refused ? "refused" : "unavailable"] += 1;
    else if (outcome.kind === "stale") this.#stats.stale += 1;
    else if (!asked) this.#stats.hits += 1;
  }
}

function copied(outcome: Outcome): Outcome {
  return outcome.kind === "failed" ? outcome : { ...outcome, key: Uint8Array.from(outcome.key) };
}

function kind(answer: unknown): string {
  if (answer === null || answer === undefined) return String(answer);
  return typeof answer === "object"
    ? `an object (${answer.constructor?.name ?? "without prototype"})`
    : `a ${typeof answer}`;
}

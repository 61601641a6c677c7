// The data keys of one batch: the sandbox asks, the cache answers what it knows, and the rest is waited for between
// two calls.
//
// The sandbox cannot wait inside a call. Asking it beforehand what it needs (`needs` of the contract) would read every
// record twice, for keys that are nearly always known. So a batch is decoded at once; the records whose keys were
// unknown fail, the keys are fetched, and those records are decoded again. The provider is asked exactly what it would
// be asked by a host that can wait: with several resources, the second only when the first has refused.

import type { Cache } from "./cache.js";
import { keyError, type Refused, Unavailable } from "./provider.js";
import { check, type KeyRequest, question } from "./request.js";

export class BatchKeys {
  readonly #cache: Cache;
  /** What was waited for. It holds for the whole batch: one of more keys than the cache holds would never end. */
  readonly #answers = new Map<string, Uint8Array | Refused | Unavailable>();
  readonly #missing = new Map<string, KeyRequest>();

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** The sandbox's question. An unknown key is "unavailable" for now. */
  readonly lookup = (request: KeyRequest): Uint8Array | Refused | Unavailable => {
    try {
      check(request);
    } catch (refused) {
      return keyError(refused);
    }
    const asked = question(request);
    const answer = this.#answers.get(asked) ?? this.#cache.peek(asked);
    if (answer) return answer;
    this.#missing.set(asked, request);
    return new Unavailable("not fetched yet");
  };

  /** Whether the last call met a key that must be waited for. */
  get areMissing(): boolean {
    return this.#missing.size > 0;
  }

  /** Waits for all of them at once. */
  async fetch(): Promise<void> {
    const missing = [...this.#missing];
    this.#missing.clear();
    const fetched = missing.map(async ([asked, request]) => {
      this.#answers.set(asked, await this.#cache.decrypt(request).catch(keyError));
    });
    await Promise.all(fetched);
  }

  /** Overwrites the copies of keys; call it when the batch ends. */
  wipe(): void {
    for (const answer of this.#answers.values()) {
      if (answer instanceof Uint8Array) answer.fill(0);
    }
    this.#answers.clear();
  }
}

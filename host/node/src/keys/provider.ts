// Who can be asked for data keys, and why there may be none.

import type { Cache } from "./cache.js";
import type { KeyRequest } from "./request.js";

/** Somebody who can turn the blob in a record's `key` field into the plaintext data key. */
export interface KeyProvider {
  /**
   * One question to the key service; not cached here.
   *
   * Throw {@link Refused} when the service said no. Anything else that is thrown, and any answer that is no
   * `Uint8Array`, counts as {@link Unavailable}: asking again may help. The text reaches the failed record's `detail`,
   * so it must not show the blob or a key.
   */
  decrypt(request: KeyRequest): Promise<Uint8Array> | Uint8Array;

  /** The arrays it returns are nobody else's: the cache wipes them once it has its copy. */
  readonly handsOver?: boolean;

  /** A cache that stands in front of it already. */
  readonly cache?: Cache;

  /** Checks what can be checked before the first record; called once, by `Decoder.open`. */
  ready?(): Promise<void>;
}

/** A {@link KeyProvider} that is nothing but its `decrypt`. */
export type DecryptKey = KeyProvider["decrypt"];

/** Asking again is useless until somebody changes something: access denied, wrong context, disabled key. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Asking again later helps: throttled, no connection, time-out. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** What a provider threw, as one of the two. */
export function keyError(thrown: unknown): Refused | Unavailable {
  if (thrown instanceof Refused || thrown instanceof Unavailable) return thrown;
  return new Unavailable(thrown instanceof Error ? thrown.message : String(thrown));
}

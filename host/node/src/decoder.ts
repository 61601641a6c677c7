// `Decoder`: the public face.

import { Batch } from "./batch.js";
import { Cache } from "./keys/cache.js";
import type { DecryptKey, KeyProvider } from "./keys/provider.js";
import { type Input, read } from "./record.js";
import { Sandbox } from "./sandbox.js";
import { unknownSetting } from "./settings.js";
import type { Count, Failed, Merged, Verdict } from "./verdict.js";

/** The `transform` section of the configuration, the same in every host of the decoder; `{}` for the defaults. */
export type TransformSettings = Record<string, unknown>;

/** What a {@link Decoder} needs besides its settings. */
export interface DecoderOptions {
  /**
   * Where data keys come from: `KmsKeys`, a `Keyring`, an async function that decrypts one, or a `Cache` with settings
   * of its own. Without a cache of their own they are put behind one with default settings.
   */
  keys: KeyProvider | DecryptKey;
}

/**
 * Decodes batches of records in a WebAssembly sandbox.
 *
 * A batch belongs to one stream. Calls may overlap; while one waits for keys, others decode. The decoding itself keeps
 * the thread busy, at most 100 records or 4 MiB at a time.
 */
export class Decoder {
  readonly #sandbox: Sandbox;
  readonly #cache: Cache;

  private constructor(sandbox: Sandbox, cache: Cache) {
    this.#sandbox = sandbox;
    this.#cache = cache;
  }

  /**
   * Checks the settings, loads the sandbox, and looks whether keys can be asked for.
   *
   * Throws an `Error` that names the setting which is wrong, what was expected, and the nearest setting that exists.
   */
  static async open(config: TransformSettings, options: DecoderOptions): Promise<Decoder> {
    if (typeof config !== "object" || config === null || Array.isArray(config)) {
      throw new TypeError("config: expected the transform section as an object, {} for the defaults");
    }
    const { keys, ...rest } = options ?? {};
    const [unknown] = Object.keys(rest);
    if (unknown) throw unknownSetting("options", unknown, ["keys"]);
    const cache = keys instanceof Cache ? keys : ((keys as KeyProvider | undefined)?.cache ?? new Cache(keys));
    const sandbox = await Sandbox.open(config);
    await (keys as KeyProvider).ready?.();
    return new Decoder(sandbox, cache);
  }

  /**
   * One verdict per record, in order. `batch`: outer JSON records of one stream, as text or bytes. `resourceId`: that
   * stream's `cluster-...` or `db-...`, its name (`aws-rds-das-...`) or its ARN, where it is known; else each of the
   * configured resources is tried.
   *
   * Never fails as a whole: a record that cannot be decoded has a verdict that says why.
   */
  async decode(batch: readonly Input[], resourceId?: string): Promise<Verdict[]> {
    const { texts, unread } = readable(batch);
    const verdicts = await new Batch(this.#sandbox, this.#cache, resource(resourceId)).decode(texts);
    for (const [index, failed] of unread) verdicts.splice(index, 0, { ...failed });
    return verdicts;
  }

  /** The same, with the outputs of the batch joined by route: for sinks that take whole batches. */
  async decodeMerged(batch: readonly Input[], resourceId?: string): Promise<Merged> {
    const { texts, places, unread } = readable(batch);
    const merged = await new Batch(this.#sandbox, this.#cache, resource(resourceId)).decodeMerged(texts);
    const failures = merged.failures.map(([index, failure]) => [places[index]!, failure] as [number, typeof failure]);
    for (const [index, { ok: _, ...failure }] of unread) failures.push([index, failure]);
    return { ...merged, failures: failures.sort(([a], [b]) => a - b) };
  }

  /** Explains one record without any key; `wit/inspector.wit` has the shape of the answer. */
  inspect(record: Input): unknown {
    const text = read(record, 0);
    if (typeof text !== "string") return { failure: { ...text, ok: undefined } };
    return JSON.parse(this.#sandbox.inspect(text));
  }

  /**
   * What becomes of each event of one record, and why: rule, route, redacted fields; `wit/decoder.wit` has the shape of
   * the answer. Nothing is counted.
   */
  async explain(record: Input, resourceId?: string): Promise<unknown> {
    const text = read(record, 0);
    if (typeof text !== "string") return { failure: { ...text, ok: undefined } };
    return JSON.parse(await new Batch(this.#sandbox, this.#cache, resource(resourceId)).explain(text));
  }

  /** What was counted since the last call of this; `wit/decoder.wit` has the names. */
  counts(): Count[] {
    return this.#sandbox.takeCounts();
  }

  /** The key cache, for its statistics. */
  get keys(): Cache {
    return this.#cache;
  }
}

/** The records that have a text, their places in the batch, and the verdicts on the others, ascending. */
function readable(batch: readonly Input[]): { texts: string[]; places: number[]; unread: Array<[number, Failed]> } {
  if (!Array.isArray(batch)) throw new TypeError("batch: expected an array of records, each a string or Uint8Array");
  const [texts, places, unread] = [[] as string[], [] as number[], [] as Array<[number, Failed]>];
  for (const [index, record] of batch.entries()) {
    const text = read(record, index);
    if (typeof text === "string") {
      texts.push(text);
      places.push(index);
    } else {
      unread.push([index, text]);
    }
  }
  return { texts, places, unread };
}

function resource(id: string | null | undefined): string | undefined {
  if (id === null || id === undefined) return undefined;
  if (typeof id !== "string") throw new TypeError(`resourceId: expected a string, found ${typeof id}`);
  return id;
}

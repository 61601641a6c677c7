// The way of one batch through the sandbox: keys fetched in between, and nothing lost where the sandbox fails.
//
// Where an answer does not fit into the sandbox's memory (a record of some kilobytes can unpack to megabytes), the
// batch is halved until it does. Where the sandbox trapped, each record is tried once more alone, in a fresh instance,
// and the one that does it again fails.

import type { Raw } from "./guest/dastap.js";
import { BatchKeys } from "./keys/batch.js";
import type { Cache } from "./keys/cache.js";
import { Fault, type Sandbox } from "./sandbox.js";
import { type Failed, type Merged, merge, Output, type Verdict } from "./verdict.js";

/** A call takes so many records, or so many characters, unless one record alone is longer. */
const CALL_RECORDS = 100;
const CALL_CHARACTERS = 4 * 1024 * 1024;

/** What of a batch has no verdict yet. `tried`: its single record was there when the sandbox failed. */
interface Portion {
  records: string[];
  tried: boolean;
}

export class Batch {
  readonly #sandbox: Sandbox;
  readonly #resource: string | undefined;
  readonly #keys: BatchKeys;

  constructor(sandbox: Sandbox, cache: Cache, resource: string | undefined) {
    this.#sandbox = sandbox;
    this.#resource = resource;
    this.#keys = new BatchKeys(cache);
  }

  /** One verdict per record, in order. */
  async decode(records: string[]): Promise<Verdict[]> {
    try {
      return await this.#decodePortions(portions(records));
    } finally {
      this.#keys.wipe();
    }
  }

  /** The same, with the outputs joined by route. */
  async decodeMerged(records: string[]): Promise<Merged> {
    const { lookup } = this.#keys;
    const isFinal = () => !this.#keys.areMissing;
    try {
      for (;;) {
        const merged = this.#sandbox.decodeMerged(records, this.#resource, lookup, isFinal);
        if (isFinal()) return { ...merged, outputs: merged.outputs.map(output) };
        await this.#keys.fetch();
      }
    } catch (thrown) {
      return merge(await this.#decodePortions(split(records, fault(thrown))));
    } finally {
      this.#keys.wipe();
    }
  }

  async explain(record: string): Promise<string> {
    const { lookup } = this.#keys;
    try {
      for (;;) {
        const explained = this.#sandbox.explain(record, this.#resource, lookup);
        if (!this.#keys.areMissing) return explained;
        await this.#keys.fetch();
      }
    } finally {
      this.#keys.wipe();
    }
  }

  /** `rest`: the next one stands first. */
  async #decodePortions(rest: Portion[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (let portion = rest.shift(); portion; portion = rest.shift()) {
      try {
        for (const verdict of await this.#decodePortion(portion.records)) verdicts.push(verdict);
      } catch (thrown) {
        const why = fault(thrown);
        if (portion.tried) verdicts.push(failed(why));
        else rest.unshift(...split(portion.records, why));
      }
    }
    return verdicts;
  }

  async #decodePortion(records: string[]): Promise<Verdict[]> {
    const verdicts = this.#sandbox.decode(records, this.#resource, this.#keys.lookup).map(verdict);
    while (this.#keys.areMissing) {
      await this.#keys.fetch();
      // Records that failed are not counted, so decoding them again counts each once.
      const again = [...verdicts.keys()].filter((index) => isWithoutKey(verdicts[index]!));
      const batch = again.map((index) => records[index]!);
      const answers = this.#sandbox.decode(batch, this.#resource, this.#keys.lookup);
      for (const [place, index] of again.entries()) verdicts[index] = verdict(answers[place]!);
    }
    return verdicts;
  }
}

function portions(records: string[]): Portion[] {
  const all: Portion[] = [];
  let characters = 0;
  for (const record of records) {
    const last = all.at(-1);
    if (last && last.records.length < CALL_RECORDS && characters + record.length <= CALL_CHARACTERS) {
      last.records.push(record);
      characters += record.length;
    } else {
      all.push({ records: [record], tried: false });
      characters = record.length;
    }
  }
  return all;
}

function split(records: string[], why: Fault): Portion[] {
  if (why.reason === "out-of-memory" && records.length > 1) {
    const middle = records.length >> 1;
    return [records.slice(0, middle), records.slice(middle)].map((half) => ({ records: half, tried: false }));
  }
  return records.map((record) => ({ records: [record], tried: true }));
}

/** What the sandbox may throw; anything else is a mistake in here. */
function fault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  throw thrown;
}

function failed({ reason, message }: Fault): Failed {
  return { ok: false, stage: "guest", reason, detail: message, retryable: false };
}

function isWithoutKey(verdict: Verdict): boolean {
  return !verdict.ok && verdict.stage === "key" && verdict.reason === "unavailable";
}

function verdict(raw: Raw.Verdict): Verdict {
  if (raw.tag === "failed") return { ok: false, ...raw.val };
  return { ok: true, ...raw.val, outputs: raw.val.outputs.map(output) };
}

function output({ route, lines, events }: Raw.Output): Output {
  return new Output(route, lines, events);
}

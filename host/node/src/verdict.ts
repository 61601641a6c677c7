// What became of records, as the caller sees it.

/** The step that failed. `guest`: the sandbox itself gave no answer. */
export type Stage = "envelope" | "key" | "message" | "gunzip" | "events" | "guest";

/** Why a record gave no events. */
export interface Failure {
  stage: Stage;
  /** A stable kebab-case word to alert on. */
  reason: string;
  /** For people: what was expected and what was found. Never payload, never a key. */
  detail: string;
  /** The same record may succeed later (the key service was away). */
  retryable: boolean;
}

/** Events that share a route. */
export class Output {
  #lines: string | undefined;

  /**
   * @param route Where the events go: `default` unless a rule says otherwise.
   * @param bytes NDJSON in UTF-8, for sinks that take bytes: no text has to be made of it.
   * @param events The number of lines.
   */
  constructor(
    readonly route: string,
    readonly bytes: Uint8Array,
    readonly events: number,
  ) {}

  /** NDJSON: each line ends with `\n`; never empty. Made of {@link bytes} when it is first asked for. */
  get lines(): string {
    this.#lines ??= UTF8.decode(this.bytes);
    return this.#lines;
  }

  toJSON(): { route: string; lines: string; events: number } {
    return { route: this.route, lines: this.lines, events: this.events };
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How many events stayed, how many a setting or a rule removed, and how many of all were heartbeats. */
export interface Tally {
  /** Events that are in `outputs`. */
  kept: number;
  /** Events that a setting or a rule removed. */
  dropped: number;
  /** How many of the events were heartbeats, kept or dropped. */
  heartbeats: number;
}

/** A record that was read completely. `kept + dropped` is its number of events. */
export interface Decoded extends Tally {
  ok: true;
  /** One entry per route, none when no event was kept. */
  outputs: Output[];
}

/** A record that gave no events, and why. */
export interface Failed extends Failure {
  ok: false;
}

/** What became of one record: all of it, or nothing and the reason. */
export type Verdict = Decoded | Failed;

/** What became of a whole batch: records in = records decoded + `failures`. */
export interface Merged extends Tally {
  /** One entry per route; within a route the records' order is kept. */
  outputs: Output[];
  /** The records that failed, ascending: their index in the batch, and why. */
  failures: Array<[index: number, failure: Failure]>;
}

/** What happened since the last `counts` call; `wit/decoder.wit` has the names. */
export interface Count {
  cluster: string;
  instance: string;
  name: string;
  value: number;
}

/** A batch's verdicts, their outputs joined by route. */
export function merge(verdicts: Iterable<Verdict>): Merged {
  const merged: Merged = { outputs: [], failures: [], kept: 0, dropped: 0, heartbeats: 0 };
  const routes = new Map<string, Output[]>();
  let index = 0;
  for (const verdict of verdicts) {
    if (verdict.ok) {
      merged.kept += verdict.kept;
      merged.dropped += verdict.dropped;
      merged.heartbeats += verdict.heartbeats;
      for (const output of verdict.outputs) {
        const parts = routes.get(output.route);
        if (parts) parts.push(output);
        else routes.set(output.route, [output]);
      }
    } else {
      const { ok: _, ...failure } = verdict;
      merged.failures.push([index, failure]);
    }
    index += 1;
  }
  merged.outputs = [...routes].map(([route, parts]) => joined(route, parts));
  return merged;
}

function joined(route: string, parts: Output[]): Output {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part.bytes, end);
    end += part.bytes.length;
  }
  return new Output(
    route,
    bytes,
    parts.reduce((sum, part) => sum + part.events, 0),
  );
}

// The decoder's WebAssembly component: one instance with its settings opened, used until its first fault.

import { instantiate, type Raw } from "./guest/dastap.js";
import { bytesOf } from "./modules.js";
import { Refused, Unavailable } from "./keys/provider.js";
import type { KeyRequest } from "./keys/request.js";
import { memoryFor, withMaximum } from "./memory.js";
import type { Count } from "./verdict.js";

/** Memory above its first size with which an instance is replaced after a call; ordinary batches need a few MiB. */
const WORN_MEMORY = 48 * 1024 * 1024;
/** Records after which an instance is replaced: state of many should not pile up. */
const WORN_RECORDS = 1_000_000;

/** Answers the sandbox's questions for data keys. It cannot wait. */
export type Lookup = (request: KeyRequest) => Uint8Array | Refused | Unavailable;

/** The sandbox gave no answer. Its instance is gone with it. */
export class Fault extends Error {
  constructor(
    readonly reason: "trapped" | "out-of-memory",
    detail: string,
  ) {
    super(detail);
  }
}

/** The sandbox of one decoder. */
export class Sandbox {
  readonly #modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly #config: string;
  readonly #memoryLimit: number;
  #instance: Instance | undefined;
  #counts: Count[] = [];

  private constructor(modules: ReadonlyMap<string, WebAssembly.Module>, config: string, memoryLimit: number) {
    this.#modules = modules;
    this.#config = config;
    this.#memoryLimit = memoryLimit;
  }

  /** Compiles the component and opens the settings. Throws an `Error` that names the setting which is wrong. */
  static async open(transform: Record<string, unknown>, bytes: typeof bytesOf = bytesOf): Promise<Sandbox> {
    const memory = memoryFor(transform);
    const sandbox = new Sandbox(await compiled(memory, bytes), JSON.stringify(transform), memory);
    sandbox.#instance = sandbox.#open();
    return sandbox;
  }

  decode(batch: string[], resource: string | undefined, lookup: Lookup): Raw.Verdict[] {
    return this.#call(batch.length, lookup, ({ transform }) => transform.decode(batch, resource));
  }

  /** `isFinal` is asked afterwards: what an answer counted that will be asked for again, does not count. */
  decodeMerged(batch: string[], resource: string | undefined, lookup: Lookup, isFinal: () => boolean): Raw.Merged {
    return this.#call(batch.length, lookup, ({ transform }) => transform.decodeMerged(batch, resource), isFinal);
  }

  explain(record: string, resource: string | undefined, lookup: Lookup): string {
    return this.#call(1, lookup, ({ transform }) => transform.explain(record, resource));
  }

  inspect(record: string): string {
    return this.#call(1, unasked, ({ component }) => component.inspector.inspect(record));
  }

  /** The counters since the last time. */
  takeCounts(): Count[] {
    const counts = this.#counts;
    this.#counts = [];
    return counts;
  }

  #call<T>(records: number, lookup: Lookup, call: (instance: Instance) => T, isFinal = () => true): T {
    const instance = (this.#instance ??= this.#openAgain());
    instance.lookup = lookup;
    try {
      const answer = call(instance);
      const counts = instance.transform.counts();
      if (isFinal()) add(this.#counts, counts);
      instance.records += records;
      if (instance.isWorn()) this.#instance = undefined;
      return answer;
    } catch (thrown) {
      // Whatever it was: the guest's stack was unwound without its destructors.
      this.#instance = undefined;
      throw instance.fault(thrown);
    } finally {
      instance.lookup = unasked;
    }
  }

  #open(): Instance {
    return new Instance(this.#modules, this.#config, this.#memoryLimit);
  }

  /** These settings have been opened before: what goes wrong now is the process's want of memory. */
  #openAgain(): Instance {
    try {
      return this.#open();
    } catch (thrown) {
      throw new Fault("trapped", String(thrown));
    }
  }
}

class Instance {
  readonly component: Raw.Component;
  readonly transform: Raw.Transform;
  lookup: Lookup = unasked;
  records = 0;
  readonly #memoryLimit: number;
  readonly #fresh: number;
  #memory: WebAssembly.Memory | undefined;

  constructor(modules: ReadonlyMap<string, WebAssembly.Module>, config: string, memoryLimit: number) {
    this.#memoryLimit = memoryLimit;
    const start = (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
      const core = new WebAssembly.Instance(module, imports);
      this.#memory ??= core.exports["memory"] as WebAssembly.Memory | undefined;
      return core;
    };
    const keys = { decrypt: (request: KeyRequest) => this.#decrypt(request) };
    this.component = instantiate((name) => modules.get(name)!, { "dastap:decoder/keys": keys }, start);
    try {
      this.transform = this.component.decoder.Transform.open(config);
    } catch (thrown) {
      const { payload } = thrown as { payload?: unknown };
      throw typeof payload === "string" ? new Error(payload) : thrown;
    }
    this.#fresh = this.#size();
  }

  /** The one import. What it throws must have the form of WIT's `key-error`; anything else would unwind the guest. */
  #decrypt(request: KeyRequest): Uint8Array {
    let answer: ReturnType<Lookup>;
    try {
      answer = this.lookup(request);
    } catch (thrown) {
      answer = new Unavailable(String(thrown));
    }
    if (answer instanceof Uint8Array) return answer;
    throw { tag: answer instanceof Refused ? "refused" : "unavailable", val: answer.message };
  }

  isWorn(): boolean {
    return this.#size() > this.#fresh + WORN_MEMORY || this.records > WORN_RECORDS;
  }

  /** A refused growth shows as a trap like any other; only the size tells, since ordinary calls stay far below. */
  fault(thrown: unknown): Fault {
    const size = this.#size();
    if (size > this.#memoryLimit / 4) {
      return new Fault("out-of-memory", `wanted more than ${this.#memoryLimit} bytes of memory, has ${size}`);
    }
    return new Fault("trapped", thrown instanceof Error ? thrown.message : String(thrown));
  }

  #size(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }
}

const unasked: Lookup = () => new Unavailable("a key was asked for outside of a call");

/** The core modules, compiled once per memory limit. */
const cache = new Map<number, Promise<ReadonlyMap<string, WebAssembly.Module>>>();

function compiled(memory: number, bytes: typeof bytesOf): Promise<ReadonlyMap<string, WebAssembly.Module>> {
  const known = bytes === bytesOf ? cache.get(memory) : undefined;
  const modules = known ?? compile(memory, bytes);
  if (bytes === bytesOf) cache.set(memory, modules);
  return modules;
}

async function compile(memory: number, bytes: typeof bytesOf): Promise<ReadonlyMap<string, WebAssembly.Module>> {
  const names = ["dastap.core.wasm", "dastap.core2.wasm", "dastap.core3.wasm"];
  const modules = names.map(async (name, index) => {
    const module = await bytes(name);
    // The first is the decoder; the others only tie it to its import.
    return [name, await WebAssembly.compile(index === 0 ? withMaximum(module, memory) : module)] as const;
  });
  return new Map(await Promise.all(modules));
}

/** Adds counters by cluster, instance and name. Few rows: one per instance and counter. */
function add(counts: Count[], news: Count[]): void {
  for (const row of news) {
    const same = (c: Count) => c.name === row.name && c.instance === row.instance && c.cluster === row.cluster;
    const known = counts.find(same);
    if (known) known.value = Math.min(known.value + row.value, 0xffff_ffff);
    else counts.push(row);
  }
}

// What `npm run build` makes of the component (jco, then build/transpile.js): the contract of `wit/`, in which the
// `lines` of an output stay bytes.

import type { KeyRequest } from "../keys/request.js";
import type { Count, Failure, Tally } from "../verdict.js";

export namespace Raw {
  interface Output {
    route: string;
    lines: Uint8Array;
    events: number;
  }

  interface Decoded extends Tally {
    outputs: Output[];
  }

  type Verdict = { tag: "decoded"; val: Decoded } | { tag: "failed"; val: Failure };

  interface Merged extends Tally {
    outputs: Output[];
    failures: Array<[index: number, failure: Failure]>;
  }

  interface Transform {
    decode(batch: string[], resource: string | undefined): Verdict[];
    decodeMerged(batch: string[], resource: string | undefined): Merged;
    explain(text: string, resource: string | undefined): string;
    counts(): Count[];
  }

  interface Component {
    decoder: { Transform: { open(config: string): Transform } };
    inspector: { inspect(text: string): string };
  }
}

export function instantiate(
  module: (name: string) => WebAssembly.Module,
  imports: { "dastap:decoder/keys": { decrypt(request: KeyRequest): Uint8Array } },
  start: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
): Raw.Component;

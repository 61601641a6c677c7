// One pass of throughput.js in a process of its own: decodes a file, and writes how long that took.

import { closeSync, openSync, readFileSync, writeFileSync, writevSync } from "node:fs";
import { Decoder, Keyring } from "dastap";

/** As the Rust program cuts them. */
const BATCH = 100;

const { file, keyring, resources, stats, output } = JSON.parse(process.argv[2]);
const decoder = await Decoder.open({ resources }, { keys: new Keyring(readFileSync(keyring, "utf8")) });
const bytes = readFileSync(file);
const sink = openSync(output, "w");

const start = performance.now();
let [batch, end] = [[], 0];
while (end < bytes.length) {
  const newline = bytes.indexOf(10, end);
  batch.push(bytes.subarray(end, newline));
  end = newline + 1;
  if (batch.length === BATCH || end >= bytes.length) {
    const lines = [];
    for (const verdict of await decoder.decode(batch)) {
      if (!verdict.ok) throw new Error(verdict.detail);
      for (const output of verdict.outputs) lines.push(output.bytes);
    }
    writevSync(sink, lines);
    batch = [];
  }
}
closeSync(sink);
writeFileSync(stats, JSON.stringify({ seconds: (performance.now() - start) / 1000 }));

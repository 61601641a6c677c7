// `npm run bench -- PROGRAM [ROUNDS]`: records a second of this package and of the Rust program with one worker,
// interleaved, as medians. Both read a file that lies in memory, decode it with a keyring and write the lines to a file.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [program, rounds = "7"] = process.argv.slice(2);
if (!program) {
  console.error("expected: npm run bench -- PROGRAM [ROUNDS], such as ../../target/release/dastap");
  process.exit(2);
}
const PASS = fileURLToPath(new URL("pass.js", import.meta.url));
const SIZES = [
  { events: "heartbeat", records: 60_000, options: ["--heartbeats", "100", "--events", "1"] },
  { events: "1", records: 40_000, options: ["--heartbeats", "0", "--events", "1"] },
  { events: "10", records: 15_000, options: ["--heartbeats", "0", "--events", "10"] },
  { events: "100", records: 2_000, options: ["--heartbeats", "0", "--events", "100"] },
];

const folder = mkdtempSync(join(tmpdir(), "dastap-bench-"));
try {
  console.log("events a record | Rust, records/s | Node, records/s | Node / Rust");
  for (const size of SIZES) {
    const stream = generate(size);
    const [rust, node] = [[], []];
    for (let round = 0; round < Number(rounds); round++) {
      rust.push(rustPass(stream));
      node.push(nodePass(stream));
    }
    // A pair shares its moment, so the median of the pairs' ratios suffers least from what else the machine does.
    const ratio = median(node.map((value, index) => value / rust[index]));
    const row = [size.events, Math.round(median(rust)), Math.round(median(node)), ratio.toFixed(2)];
    console.log(row.map((cell, index) => String(cell).padStart([15, 15, 15, 11][index])).join(" | "));
  }
} finally {
  rmSync(folder, { recursive: true });
}

function generate({ events, records, options }) {
  const [file, keyring] = [join(folder, `${events}.ndjson`), join(folder, `${events}.keyring.json`)];
  run(program, ["gen", "--records", String(records), "--seed", "7", ...options, "--keyring", keyring, "-o", file]);
  const { keys } = JSON.parse(readFileSync(keyring, "utf8"));
  const resources = [...new Set(keys.flatMap(({ context }) => Object.values(context)))];
  return { file, keyring, resources, stats: join(folder, "stats.json"), output: join(folder, "out.ndjson") };
}

function rustPass({ file, keyring, resources, stats, output }) {
  const ids = resources.flatMap((id) => ["--resource-id", id]);
  const decode = ["decode", "--keyring", keyring, ...ids, "--workers", "1", "--stats", stats, file];
  run("sh", ["-c", 'output=$1; shift; exec "$@" >"$output"', "sh", output, program, ...decode]);
  const { records, seconds } = JSON.parse(readFileSync(stats, "utf8"));
  return records / seconds;
}

function nodePass(stream) {
  const { records, seconds } = JSON.parse(run(process.execPath, [PASS, JSON.stringify(stream)]));
  return records / seconds;
}

function run(command, options) {
  const { status, stdout, stderr, error } = spawnSync(command, options, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${options[0]}: ${error ?? stderr}`);
  return stdout;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

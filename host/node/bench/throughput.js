// `npm run bench -- PROGRAM [ROUNDS]`: records a second of this package and of the Rust program with one worker, as
// medians of interleaved passes. Both read a file, decode it with a keyring and write the lines to another.
//
// Twice: by the clock, from the first to the last record, and by the processor's time of the whole process, its start
// and its compiling included. Where other programs share the machine, only the second is fair: the Rust program reads
// and writes on threads of its own, and so gets more turns.

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
  { events: "heartbeat", records: 150_000, options: ["--heartbeats", "100", "--events", "1"] },
  { events: "1", records: 80_000, options: ["--heartbeats", "0", "--events", "1"] },
  { events: "10", records: 40_000, options: ["--heartbeats", "0", "--events", "10"] },
  { events: "100", records: 6_000, options: ["--heartbeats", "0", "--events", "100"] },
];

const folder = mkdtempSync(join(tmpdir(), "dastap-bench-"));
try {
  row("events", "Rust, rec/s", "Node, rec/s", "Node / Rust", "Rust, rec/CPU s", "Node, rec/CPU s", "Node / Rust");
  for (const size of SIZES) {
    const stream = generate(size);
    const [rust, node] = [[], []];
    for (let round = 0; round < Number(rounds); round++) {
      rust.push(rustPass(stream));
      node.push(nodePass(stream));
    }
    const columns = ["wall", "cpu"].flatMap((kind) => compared(rust, node, (pass) => size.records / pass[kind]));
    row(size.events, ...columns);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Two medians, and the median of the pairs' ratios: a pair shares its moment, whatever else the machine does. */
function compared(rust, node, rate) {
  const ratio = median(node.map((pass, index) => rate(pass) / rate(rust[index])));
  return [Math.round(median(rust.map(rate))), Math.round(median(node.map(rate))), ratio.toFixed(2)];
}

function generate({ events, records, options }) {
  const [file, keyring] = [join(folder, "records.ndjson"), join(folder, "keyring.json")];
  run([program, "gen", "--records", String(records), "--seed", "7", ...options, "--keyring", keyring, "-o", file]);
  const { keys } = JSON.parse(readFileSync(keyring, "utf8"));
  const resources = [...new Set(keys.flatMap(({ context }) => Object.values(context)))];
  return { file, keyring, resources, stats: join(folder, "stats.json"), output: join(folder, "out.ndjson") };
}

function rustPass({ file, keyring, resources, stats, output }) {
  const ids = resources.flatMap((id) => ["--resource-id", id]);
  const options = ["--keyring", keyring, ...ids, "--workers", "1", "--stats", stats, file];
  const cpu = run([program, "decode", ...options], output);
  return { cpu, wall: JSON.parse(readFileSync(stats, "utf8")).seconds };
}

function nodePass(stream) {
  const cpu = run([process.execPath, PASS, JSON.stringify(stream)]);
  return { cpu, wall: JSON.parse(readFileSync(stream.stats, "utf8")).seconds };
}

/** Runs a command; seconds of the processor that it took, in user and system mode. */
function run(command, output = "/dev/null") {
  const script = 'output=$1; shift; "$@" >"$output" || exit; times';
  const { status, stdout, stderr } = spawnSync("sh", ["-c", script, "sh", output, ...command], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.slice(0, 2).join(" ")}: ${stderr}`);
  // The second line is about the shell's children.
  const times = stdout
    .trimEnd()
    .split("\n")
    .at(-1)
    .matchAll(/(\d+)m([\d.]+)s/g);
  return [...times].reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function row(...cells) {
  console.log(cells.map((cell, index) => String(cell).padStart(index === 0 ? 9 : 15)).join(" |"));
}

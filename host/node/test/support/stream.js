// Encrypted streams from `dastap gen`, and what the Rust program makes of them.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const target = (path) => fileURLToPath(new URL(`../../../../target/${path}`, import.meta.url));
export const PROGRAM = process.env.DASTAP_PROGRAM ?? target("debug/dastap");
export const PYTHON = process.env.DASTAP_PYTHON ?? target("venv/bin/python");

/** A folder that goes when the test `t` ends. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "dastap-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What `dastap gen` writes with these options: records, the keyring's text, and the resource ids in it. */
export function generate(t, ...options) {
  const [keys, out] = [join(folder(t), "keyring.json"), join(folder(t), "out")];
  run(PROGRAM, ["gen", ...options, "--keyring", keys, "-o", out]);
  const [text, keyring] = [readFileSync(out, "utf8"), readFileSync(keys, "utf8")];
  const contexts = JSON.parse(keyring).keys.flatMap(({ context }) => Object.values(context));
  return { text, records: text.trimEnd().split("\n"), keyring, resources: [...new Set(contexts)] };
}

/** What the Rust program writes for `records`, and its failures. */
export function decodedByProgram(t, { records, keyring, resources }, ...options) {
  const place = folder(t);
  const [keys, dead] = [join(place, "keyring.json"), join(place, "dead.ndjson")];
  writeFileSync(keys, keyring);
  const ids = resources.flatMap((id) => ["--resource-id", id]);
  const args = ["decode", "--keyring", keys, ...ids, "--dead-letter", dead, ...options];
  const { status, stdout, stderr } = spawnSync(PROGRAM, args, { ...PIPES, input: records.join("\n") });
  if (status !== 0 && status !== 1) throw new Error(`${PROGRAM}: ${stderr}`);
  const kept = existsSync(dead) ? readFileSync(dead, "utf8").split("\n").filter(Boolean) : [];
  const failures = kept.map((line) => JSON.parse(line)).map(({ index, error }) => [index, error]);
  return { lines: stdout, failures };
}

/** What a command prints; throws unless it succeeds. */
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...PIPES, ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error ?? stderr + stdout}`);
  return stdout;
}

const PIPES = { encoding: "utf8", maxBuffer: 1 << 28 };

// A guest that misbehaves on request (guest/src/faults.rs): its record fails alone, all others decode.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Cache } from "dastap";
import { transpile } from "../build/transpile.js";
import { Batch } from "../dist/batch.js";
import { withMaximum } from "../dist/memory.js";
import { Fault, Sandbox } from "../dist/sandbox.js";

const FAULTS =
  process.env.DASTAP_FAULTS ?? fileURLToPath(new URL("../../../target/dastap-faults.wasm", import.meta.url));
const GOOD =
  '{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"clusterId":"c","instanceId":"i","databaseActivityEventList":[{"command":"SELECT"}]}}';
const fault = (kind) => `{"fault":"${kind}"}`;

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "dastap-faults-"));
  await transpile(FAULTS, folder);
});
after(() => rm(folder, { recursive: true }));
const bytes = (name) => readFile(join(folder, name));

async function batch(settings = {}) {
  const sandbox = await Sandbox.open(settings, bytes);
  const keys = new Cache(async () => new Uint8Array(32));
  return { sandbox, decode: (...records) => new Batch(sandbox, keys, "cluster-A").decode(records), keys };
}

for (const [kind, reason] of [
  ["panic", "trapped"],
  ["memory", "out-of-memory"],
]) {
  test(`${kind}: the record fails alone as guest/${reason}`, async () => {
    const { decode, sandbox } = await batch();
    const [first, failed, last] = await decode(GOOD, fault(kind), GOOD);
    assert.deepEqual([first.kept, last.kept], [1, 1]);
    assert.deepEqual([failed.stage, failed.reason, failed.retryable], ["guest", reason, false]);
    const records = sandbox.takeCounts().filter(({ name }) => name === "records");
    assert.deepEqual(
      records.map(({ value }) => value),
      [2],
      "nothing is counted twice",
    );
    assert.equal((await decode(GOOD))[0].ok, true, "a fresh instance goes on");
  });
}

test("where the merged form traps, the records are decoded one by one, and the order is kept", async () => {
  const { sandbox, keys } = await batch();
  const trapping = {
    decode: (...call) => sandbox.decode(...call),
    decodeMerged() {
      throw new Fault("trapped", "unreachable");
    },
  };
  const other = GOOD.replace("SELECT", "INSERT");
  const merged = await new Batch(trapping, keys, undefined).decodeMerged([other, fault("panic"), GOOD]);
  assert.deepEqual(
    merged.failures.map(([index, { stage }]) => [index, stage]),
    [[1, "guest"]],
  );
  const [output] = merged.outputs;
  const commands = output.lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).command);
  assert.deepEqual([commands, output.events, merged.kept], [["INSERT", "SELECT"], 2, 2]);
});

test("a record that fails once is tried again in a fresh instance", async () => {
  const { decode } = await batch();
  assert.equal((await decode(GOOD))[0].ok, true);
  // Panics in an instance that has decoded before, and only there.
  assert.equal((await decode(fault("panic-when-warm")))[0].stage, "envelope");
});

test("an oversize question is refused", async () => {
  const { decode, keys } = await batch();
  const [failed] = await decode(fault("huge-question"));
  // The question is answered, not trapped: then the record fails as any other text that is no record.
  assert.deepEqual([failed.stage, failed.reason], ["envelope", "missing-field"]);
  assert.equal(keys.stats().calls, 0);
});

test("the memory limit follows from the settings", async () => {
  const small = { limits: { record: "1MiB", plaintext: "2MiB" } };
  const { decode } = await batch(small);
  const [failed] = await decode(fault("memory"));
  // 60 MiB, three times the record, and two and a quarter of the plaintext.
  assert.match(failed.detail, /^wanted more than 70778880 bytes of memory/);
  assert.throws(() => withMaximum(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 1), /a memory of its own/);
});

// Decoding as a caller sees it, with the Rust program as oracle.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Cache, Decoder, Keyring, Refused, Unavailable } from "dastap";
import { decodedByProgram, generate } from "./support/stream.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const lines = (verdicts) => verdicts.flatMap(({ outputs = [] }) => outputs.map((output) => output.lines)).join("");
const failures = (verdicts) => verdicts.flatMap(({ ok, ...failure }, index) => (ok ? [] : [[index, failure]]));

test("every engine and every fault: what the Rust program writes", async (t) => {
  const stream = generate(t, "--records", "400", "--fault", "all", "--rotations", "2");
  const expected = decodedByProgram(t, stream);
  assert.ok(expected.failures.length >= 30);
  const { records, resources } = stream;
  const decoder = await Decoder.open({ resources }, { keys: new Keyring(stream.keyring) });
  const verdicts = await decoder.decode(records);
  assert.equal(verdicts.length, records.length);
  assert.equal(lines(verdicts), expected.lines);
  assert.deepEqual(failures(verdicts), expected.failures);

  const merged = await decoder.decodeMerged(records.map((record) => Buffer.from(record)));
  assert.equal(merged.outputs.map((output) => output.lines).join(""), expected.lines);
  assert.deepEqual(merged.failures, expected.failures);
  assert.equal(merged.outputs[0].events, merged.kept);
});

test("each data key is asked for once, and only of the resource that it may belong to", async (t) => {
  const stream = generate(t, "--records", "300", "--engine", "postgres", "--engine", "mysql");
  const keyring = new Keyring(stream.keyring);
  const asked = [];
  const decrypt = async (request) => {
    asked.push(request.context[0][1]);
    return keyring.decrypt(request);
  };
  const { resources } = stream;
  const decoder = await Decoder.open({ resources }, { keys: decrypt });
  const verdicts = await decoder.decode(stream.records);
  assert.equal(lines(verdicts), decodedByProgram(t, stream).lines);
  // The first resource is asked for every key, the second for those that the first has refused.
  const wrong = asked.length - keyring.size;
  assert.equal(asked.filter((id) => id === resources[0]).length, keyring.size);
  assert.ok(wrong > 0 && wrong < keyring.size, `${asked}`);
  await decoder.decode(stream.records);
  assert.equal(asked.length, keyring.size + wrong, "the second time everything is known");
  assert.deepEqual(decoder.keys.stats().calls, asked.length);
});

test("calls overlap and share what they wait for", async (t) => {
  const stream = generate(t, "--records", "60", "--engine", "oracle");
  const keyring = new Keyring(stream.keyring);
  let calls = 0;
  const slow = async (request) => {
    calls += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return keyring.decrypt(request);
  };
  const decoder = await Decoder.open({ resources: stream.resources }, { keys: slow });
  const all = await Promise.all([1, 2, 3, 4].map(() => decoder.decode(stream.records)));
  const alone = await (await Decoder.open({ resources: stream.resources }, { keys: keyring })).decode(stream.records);
  for (const verdicts of all) assert.equal(lines(verdicts), lines(alone));
  const perKey = calls / keyring.size;
  assert.ok(perKey <= stream.resources.length, `${calls} calls for ${keyring.size} keys`);
});

test("records are counted once, however often they are decoded for want of a key", async (t) => {
  const stream = generate(t, "--records", "50", "--heartbeats", "0");
  for (const decode of ["decode", "decodeMerged"]) {
    const decoder = await Decoder.open({ resources: stream.resources }, { keys: new Keyring(stream.keyring) });
    for (const times of [1, 2]) {
      await decoder[decode](stream.records);
      const counted = decoder.counts().filter(({ name }) => name === "records");
      assert.equal(
        counted.reduce((sum, { value }) => sum + value, 0),
        50,
        `${decode}, call ${times}`,
      );
    }
    assert.deepEqual(decoder.counts(), []);
  }
});

test("a batch of more keys than the cache holds ends", async (t) => {
  const stream = generate(t, "--records", "40", "--engine", "postgres", "--instances", "5", "--rotations", "3");
  const keyring = new Keyring(stream.keyring);
  assert.ok(keyring.size > 5);
  const keys = new Cache(keyring, { capacity: 1, refusedTtl: "0s" });
  const decoder = await Decoder.open({ resources: stream.resources }, { keys });
  assert.equal(lines(await decoder.decode(stream.records)), decodedByProgram(t, stream).lines);
});

test("refused and unavailable keys fail their records, with the provider's words", async (t) => {
  const { records, resources } = generate(t, "--records", "3", "--engine", "mysql");
  const verdictOf = async (thrown) => {
    const decoder = await Decoder.open({}, { keys: () => Promise.reject(thrown) });
    return (await decoder.decode(records, resources[0]))[0];
  };
  const failed = { ok: false, stage: "key" };
  const refused = { ...failed, reason: "refused", detail: "disabled", retryable: false };
  assert.deepEqual(await verdictOf(new Refused("disabled")), refused);
  const unavailable = { ...failed, reason: "unavailable", detail: "time-out", retryable: true };
  assert.deepEqual(await verdictOf(new Unavailable("time-out")), unavailable);
  assert.deepEqual(await verdictOf(new Error("time-out")), unavailable);
});

test("an outage that ends lets the same records through", async (t) => {
  const stream = generate(t, "--records", "20", "--engine", "postgres");
  const keyring = new Keyring(stream.keyring);
  let away = true;
  const keys = async (request) => {
    if (away) throw new Unavailable("no connection");
    return keyring.decrypt(request);
  };
  const decoder = await Decoder.open({ resources: stream.resources }, { keys });
  const during = await decoder.decode(stream.records);
  assert.ok(during.every((verdict) => !verdict.ok && verdict.retryable));
  away = false;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = await decoder.decode(stream.records);
  assert.ok(after.every((verdict) => verdict.ok));
});

test("bytes and texts that are not UTF-8 fail alone", async () => {
  const decoder = await Decoder.open({}, { keys: new Keyring('{"keys":[]}') });
  const event =
    '{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"type":"DatabaseActivityMonitoringRecord","databaseActivityEventList":[{"type":"record","class":"DDL"}]}}';
  const batch = [event, Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from(event), '{"a":"\ud800"}', "", "\ufeff{}"];
  const notJson = ["envelope", "not-json"];
  const expected = [undefined, notJson, undefined, notJson, notJson, notJson];
  const verdicts = await decoder.decode(batch, "cluster-A");
  assert.deepEqual(
    verdicts.map(({ ok, stage, reason }) => (ok ? undefined : [stage, reason])),
    expected,
  );
  assert.equal(verdicts[1].detail, "expected JSON in UTF-8, found bytes that are not UTF-8");
  assert.equal(verdicts[0].outputs[0].lines, verdicts[2].outputs[0].lines);
  const merged = await decoder.decodeMerged(batch, "cluster-A");
  assert.deepEqual(
    merged.failures.map(([index]) => index),
    [1, 3, 4, 5],
  );
  assert.equal(merged.kept, 2);
  assert.deepEqual(await decoder.decode([]), []);
});

test("what is no record at all is the caller's mistake", async () => {
  const decoder = await Decoder.open({}, { keys: async () => new Uint8Array(32) });
  await assert.rejects(
    decoder.decode(["{}", { data: "" }]),
    /batch\[1\]: expected a record as string or Uint8Array, found object/,
  );
  await assert.rejects(decoder.decode("{}"), /batch: expected an array/);
  await assert.rejects(decoder.decode([], 7), /resourceId: expected a string, found number/);
});

test("settings are refused with the words of the decoder", async () => {
  const keys = new Keyring('{"keys":[]}');
  await assert.rejects(Decoder.open({ heartbeat: "drop" }, { keys }), /transform\.heartbeat.*heartbeats/s);
  await assert.rejects(Decoder.open({ resources: ["x"] }, { keys }), /transform\.resources: expected a resource id/);
  await assert.rejects(Decoder.open("{}", { keys }), /config: expected the transform section as an object/);
  await assert.rejects(Decoder.open({}, { key: keys }), /options\.key: there is no such setting; did you mean "keys"/);
  await assert.rejects(Decoder.open({}), /keys: expected KmsKeys, a Keyring, or an async function/);
});

test("rules, routes and explanations", async (t) => {
  const { records, keyring, resources } = generate(t, "--records", "30", "--engine", "postgres", "--heartbeats", "0");
  const rules = [{ name: "changes", keep: { class: "DDL" }, route: "ddl/{class}" }];
  const decoder = await Decoder.open({ resources, rules, otherwise: "drop" }, { keys: new Keyring(keyring) });
  const { outputs, kept, dropped } = await decoder.decodeMerged(records);
  assert.deepEqual(
    outputs.map(({ route }) => route),
    ["ddl/DDL"],
  );
  assert.ok(kept > 0 && dropped > 0);
  assert.equal(outputs[0].lines.trimEnd().split("\n").length, outputs[0].events);
  const explained = await Promise.all(records.map((record) => decoder.explain(record)));
  const events = explained.flatMap((explanation) => explanation.events);
  assert.equal(events.filter((event) => event.by === "rules[0] (changes)").length, kept);
  const report = decoder.inspect(records[0]);
  assert.equal(report.message.suite.id, "0x0178");
});

test("memory stays flat over many batches", async (t) => {
  const { records, keyring, resources } = generate(t, "--records", "100", "--engine", "mysql");
  const decoder = await Decoder.open({ resources }, { keys: new Keyring(keyring) });
  const used = async (batches) => {
    for (let n = 0; n < batches; n++) await decoder.decode(records);
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await used(20);
  const after = await used(100);
  assert.ok(after - before < 5e6, `${before} -> ${after}`);
});

// Both Lambda events, as `dastap gen` writes them, with the Rust program as oracle.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Decoder, Keyring, Unavailable } from "dastap";
import { firehoseHandler, kinesisHandler } from "dastap/lambda";
import { decodedByProgram, generate } from "./support/stream.js";

const keyringOf = ({ keyring }) => ({ keys: new Keyring(keyring) });
const text = (outputs) => outputs.map((output) => output.lines).join("");

/** A Kinesis event with `gen`'s faults, and the same records as a plain stream. */
function kinesis(t, ...options) {
  const shared = ["--records", "60", "--engine", "postgres", ...options];
  return {
    event: JSON.parse(generate(t, ...shared, "--format", "kinesis-event").text),
    stream: generate(t, ...shared),
  };
}

test("a Kinesis batch: events delivered, the dead kept, nothing to try again", async (t) => {
  const { event, stream } = kinesis(t, "--fault", "frame-bit", "--fault", "not-json");
  const expected = decodedByProgram(t, stream);
  const [delivered, dead] = [[], []];
  const handler = kinesisHandler(await Decoder.open({}, keyringOf(stream)), {
    deliver: (outputs) => delivered.push(...outputs),
    deadLetter: (records) => dead.push(...records),
  });
  assert.deepEqual(await handler(event), { batchItemFailures: [] });
  assert.equal(text(delivered), expected.lines);
  assert.deepEqual(
    dead.map(({ index, error }) => [index, error]),
    expected.failures,
  );
  for (const { index, record_base64, resource } of dead) {
    assert.equal(Buffer.from(record_base64, "base64").toString(), stream.records[index]);
    assert.equal(resource, stream.resources[0]);
  }
});

test("the dead letter is an input of the Rust program", async (t) => {
  const { event, stream } = kinesis(t, "--fault", "frame-bit");
  const dead = [];
  const handler = kinesisHandler(await Decoder.open({}, keyringOf(stream)), {
    deliver() {},
    deadLetter: (records) => dead.push(...records),
  });
  await handler(event);
  const again = decodedByProgram(t, {
    ...stream,
    records: dead.map((record) => JSON.stringify(record)),
    resources: [],
  });
  assert.deepEqual(
    again.failures.map(([, error]) => error),
    dead.map(({ error }) => error),
  );
});

test("while a key is away, what stands before it is delivered and the rest comes back", async (t) => {
  const { event, stream } = kinesis(t, "--instances", "2", "--fault", "frame-bit");
  const keyring = new Keyring(stream.keyring);
  let away = JSON.parse(stream.keyring).keys[1].ciphertext;
  const keys = async (request) => {
    if (Buffer.from(request.ciphertext).toString("base64") === away) throw new Unavailable("time-out");
    return keyring.decrypt(request);
  };
  const delivered = [];
  const dead = [];
  const handler = kinesisHandler(await Decoder.open({}, { keys }), {
    deliver: (outputs) => delivered.push(...outputs),
    deadLetter: (records) => dead.push(...records),
  });
  const first = await handler(event);
  assert.equal(first.batchItemFailures.length, 1);
  const from = event.Records.findIndex((r) => r.kinesis.sequenceNumber === first.batchItemFailures[0].itemIdentifier);
  assert.ok(from >= 0 && from < event.Records.length);
  away = "";
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const second = await handler({ Records: event.Records.slice(from) });
  assert.deepEqual(second, { batchItemFailures: [] });
  const expected = decodedByProgram(t, stream);
  assert.equal(text(delivered), expected.lines);
  assert.equal(dead.length, expected.failures.length);
});

test("a sink that fails makes Lambda try the batch again", async (t) => {
  const { event, stream } = kinesis(t, "--fault", "not-json");
  const decoder = await Decoder.open({}, keyringOf(stream));
  const broken = () => Promise.reject(new Error("disk full"));
  await assert.rejects(kinesisHandler(decoder, { deliver: broken, deadLetter() {} })(event), /disk full/);
  await assert.rejects(kinesisHandler(decoder, { deliver() {}, deadLetter: broken })(event), /disk full/);
  assert.throws(() => kinesisHandler(decoder, { deliver() {} }), /expected \{ deliver, deadLetter \}/);
});

test("a tumbling window gets its state, and broken base64 stays one record", async (t) => {
  const { event, stream } = kinesis(t);
  const dead = [];
  const handler = kinesisHandler(await Decoder.open({}, keyringOf(stream)), {
    deliver() {},
    deadLetter: (records) => dead.push(...records),
  });
  const [one, two] = event.Records;
  const broken = { ...one, kinesis: { ...one.kinesis, data: "no base64!" } };
  const answer = await handler({ Records: [broken, two], window: {}, state: { n: 1 } });
  assert.deepEqual(answer, { batchItemFailures: [], state: { n: 1 } });
  assert.deepEqual(
    dead.map(({ index, error: { reason } }) => [index, reason]),
    [[0, "bad-base64"]],
  );
  assert.deepEqual(JSON.parse(Buffer.from(dead[0].record_base64, "base64")), broken);
});

test("a Firehose batch: every record id once, with Ok, Dropped or ProcessingFailed", async (t) => {
  const shared = ["--records", "60", "--engine", "mysql", "--fault", "frame-bit", "--fault", "not-gzip"];
  const event = JSON.parse(generate(t, ...shared, "--format", "firehose-event").text);
  const stream = generate(t, ...shared);
  const expected = decodedByProgram(t, stream);
  const failed = [];
  const decoder = await Decoder.open({}, keyringOf(stream));
  const { records } = await firehoseHandler(decoder, { failed: (failure) => failed.push(failure) })(event);
  assert.deepEqual(
    records.map(({ recordId }) => recordId),
    event.records.map(({ recordId }) => recordId),
  );
  const ok = records.filter(({ result }) => result === "Ok");
  assert.equal(ok.map(({ data }) => Buffer.from(data, "base64").toString()).join(""), expected.lines);
  const lost = records.flatMap(({ result }, index) => (result === "ProcessingFailed" ? [index] : []));
  assert.deepEqual(
    lost,
    expected.failures.map(([index]) => index),
  );
  assert.deepEqual(
    failed.map(({ recordId, ...error }) => error),
    expected.failures.map(([, error]) => error),
  );
  assert.ok(
    records.some(({ result, data }) => result === "Dropped" && data === undefined),
    "heartbeats",
  );
});

test("what does not fit into 6 MB fails, and is told", async (t) => {
  const shared = ["--records", "60", "--engine", "postgres", "--events", "300", "--heartbeats", "0"];
  const event = JSON.parse(generate(t, ...shared, "--format", "firehose-event").text);
  const failed = [];
  const decoder = await Decoder.open({}, keyringOf(generate(t, ...shared)));
  const answer = await firehoseHandler(decoder, { failed: (failure) => failed.push(failure) })(event);
  const bytes = Buffer.byteLength(JSON.stringify(answer));
  assert.ok(bytes <= 6 * 1024 * 1024 && bytes > 5 * 1024 * 1024, `${bytes}`);
  assert.ok(failed.length > 0 && failed.every(({ reason }) => reason === "too-large"));
  assert.equal(answer.records.length, 60);
});

test("Firehose tries no record again, so the handler does while there is time", async (t) => {
  const shared = ["--records", "5", "--engine", "postgres", "--instances", "1", "--heartbeats", "0", "--empty", "0"];
  const event = JSON.parse(generate(t, ...shared, "--format", "firehose-event").text);
  const keyring = new Keyring(generate(t, ...shared).keyring);
  for (const [milliseconds, result] of [
    [60_000, "Ok"],
    [10_000, "ProcessingFailed"],
  ]) {
    let calls = 0;
    const keys = (request) => {
      calls += 1;
      if (calls === 1) throw new Unavailable("time-out");
      return keyring.decrypt(request);
    };
    const handler = firehoseHandler(await Decoder.open({}, { keys }), { failed() {} });
    const { records } = await handler(event, { getRemainingTimeInMillis: () => milliseconds });
    assert.deepEqual([...new Set(records.map((record) => record.result))], [result]);
  }
});

test("another event is refused by name", async () => {
  const decoder = await Decoder.open({}, { keys: new Keyring('{"keys":[]}') });
  const sinks = { deliver() {}, deadLetter() {} };
  await assert.rejects(kinesisHandler(decoder, sinks)({ records: [] }), /expected the event of a Kinesis trigger/);
  await assert.rejects(firehoseHandler(decoder)({ Records: [] }), /expected the event of a Firehose transformation/);
  assert.deepEqual(await kinesisHandler(decoder, sinks)({ Records: [] }), { batchItemFailures: [] });
});

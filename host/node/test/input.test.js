// What the inspection page takes for records and keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pastedKeys, records } from "../dist/page/input.js";

const RECORD = '{"type":"DatabaseActivityMonitoringRecords", "n":1.50}';
const OTHER = '{"type":"other"}';
const data = Buffer.from(RECORD).toString("base64");
const error = { stage: "key", reason: "refused" };

test("records are unpacked from whatever carries them, byte for byte where they are text", () => {
  for (const [pasted, expected] of [
    ["", []],
    [" \n ", []],
    [`\n${RECORD}\n`, [RECORD]],
    [`${RECORD}\r\n${OTHER}\n`, [RECORD, OTHER]],
    [JSON.stringify({ Records: [{ kinesis: { data } }, { kinesis: { data } }] }), [RECORD, RECORD]],
    [JSON.stringify({ Records: [{ Data: data }], NextShardIterator: "A" }), [RECORD]],
    [JSON.stringify({ records: [{ recordId: "1", data }] }, null, 2), [RECORD]],
    [JSON.stringify({ index: 0, error, record: JSON.parse(OTHER) }), [OTHER]],
    [JSON.stringify({ index: 0, error, record_base64: data }), [RECORD]],
    [`[${OTHER},${OTHER}]`, [OTHER, OTHER]],
    // What is broken stays what it is, and fails.
    ["{", ["{"]],
    ["no\njson", ["no\njson"]],
    ['{"data":"no base64!"}', ['{"data":"no base64!"}']],
    ["7", ["7"]],
  ]) {
    assert.deepEqual(records(pasted), expected, pasted);
  }
});

test("a data key is known in every usual writing", () => {
  for (const bytes of [16, 24, 32]) {
    const key = Buffer.alloc(bytes, 0xfb);
    const hex = key.toString("hex");
    for (const text of [
      key.toString("base64"),
      key.toString("base64url"),
      hex,
      hex.toUpperCase(),
      ` ${hex.match(/../g).join(":")}\n`,
    ]) {
      assert.deepEqual(Buffer.from(pastedKeys(text).keys()), key, text);
    }
  }
  for (const text of ["", "zz", "fb".repeat(31), "AAAA"])
    assert.throws(() => pastedKeys(text), /^Error: expected a data key/);
});

test("a keyring brings the resources that its keys are for", () => {
  const key = (id) => ({
    ciphertext: "QUJD",
    context: { "aws:rds:dbc-id": id },
    plaintext: Buffer.alloc(32).toString("base64"),
  });
  const { keys, resources } = pastedKeys(JSON.stringify({ keys: [key("cluster-A"), key("db-B"), key("no id")] }));
  assert.equal(keys.size, 3);
  assert.deepEqual(resources, ["cluster-A", "db-B"]);
});

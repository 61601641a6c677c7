// The keyring's file format and its words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Keyring } from "dastap";

const b64 = (text) => Buffer.from(text).toString("base64");
const row = (ciphertext, id, plaintext = "k".repeat(32)) => ({
  ciphertext: b64(ciphertext),
  context: { "aws:rds:dbc-id": id },
  plaintext: b64(plaintext),
});
const keyring = (...keys) => new Keyring(JSON.stringify({ keys }));
const request = (ciphertext, id) => ({ ciphertext: Buffer.from(ciphertext), context: [["aws:rds:dbc-id", id]] });

test("it knows a key under its context", () => {
  const keys = keyring(row("a", "cluster-A"), row("a", "cluster-B", "x".repeat(16)), row("a", "cluster-A"));
  assert.equal(keys.size, 2);
  assert.equal(Buffer.from(keys.decrypt(request("a", "cluster-B"))).toString(), "x".repeat(16));
  assert.deepEqual(keys.contexts(), [[["aws:rds:dbc-id", "cluster-A"]], [["aws:rds:dbc-id", "cluster-B"]]]);
});

test("it refuses and says why", () => {
  const keys = keyring(row("a", "cluster-A"), row("a", "cluster-B"));
  assert.throws(() => keys.decrypt(request("b", "cluster-A")), {
    name: "Refused",
    message: "none of the 2 keys of the keyring is this record's: expected a keyring made for the same stream",
  });
  assert.throws(() => keys.decrypt(request("a", "cluster-C")), {
    name: "Refused",
    message:
      "the key is known, but for aws:rds:dbc-id = cluster-A or aws:rds:dbc-id = cluster-B, " +
      "not for aws:rds:dbc-id = cluster-C: check the resource id",
  });
});

test("its errors name the entry and show nothing of the text", () => {
  const good = row("a", "cluster-A");
  for (const [text, message] of [
    ["secret", /^keyring is not JSON; expected/],
    ['{"key":[]}', /^keyring has no list "keys"; expected/],
    [JSON.stringify({ keys: [good, {}] }), 'keyring, key 2: "ciphertext" is missing: expected base64'],
    [
      JSON.stringify({ keys: [{ ...good, plaintext: "secret!" }] }),
      /^keyring, key 1: "plaintext" is not base64: expected the standard alphabet with padding, 7 characters found$/,
    ],
    [
      JSON.stringify({ keys: [{ ...good, context: { a: 1 } }] }),
      /^keyring, key 1: "context": expected an object of texts/,
    ],
    [
      JSON.stringify({ keys: [good, row("a", "cluster-A", "y".repeat(32))] }),
      /^keyring, key 2: an earlier entry has the same ciphertext/,
    ],
    [
      JSON.stringify({ keys: [{ ...good, ciphertext: "" }] }),
      /^keyring, key 1: expected an encrypted key of 1 to 6144 bytes, found 0$/,
    ],
  ]) {
    assert.throws(
      () => new Keyring(text),
      (error) => {
        assert.match(error.message, message instanceof RegExp ? message : new RegExp(`^${message}$`));
        assert.ok(!error.message.includes("secret"));
        return true;
      },
    );
  }
});

// Key bytes are overwritten when nobody needs them any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Cache, Refused } from "dastap";
import { BatchKeys } from "../dist/keys/batch.js";
import { question } from "../dist/keys/request.js";
import { limits } from "../dist/keys/settings.js";
import { Store } from "../dist/keys/store.js";

const HOUR = 3_600_000;
const key = () => new Uint8Array(32).fill(9);
const isWiped = ({ key }) => key.every((byte) => byte === 0);

test("a key that is replaced, pushed out, refused or too old is wiped", () => {
  for (const [end, what] of Object.entries({
    replaced: (store) => store.settle("a", key(), 1),
    "pushed out": (store) => store.settle("b", key(), 1),
    refused: (store) => store.settle("a", new Refused("no"), 1),
    "too old": (store) => store.sweep(2 * HOUR),
    cleared: (store) => store.clear(),
  })) {
    const store = new Store(limits({ capacity: 1 }));
    const held = store.settle("a", key(), 0);
    assert.ok(!isWiped(held));
    what(store);
    assert.ok(isWiped(held), end);
  }
});

test("a batch keeps what it fetched until it ends, whatever the cache does, and wipes it then", async () => {
  const cache = new Cache(async ({ ciphertext }) => new Uint8Array(32).fill(ciphertext[0]), { capacity: 1 });
  const keys = new BatchKeys(cache);
  const requests = [1, 2, 3].map((byte) => ({ ciphertext: Uint8Array.of(byte), context: [] }));
  for (const request of requests) assert.equal(keys.lookup(request).name, "Unavailable");
  await keys.fetch();
  const answers = requests.map(keys.lookup);
  assert.deepEqual(
    answers.map((answer) => answer[31]),
    [1, 2, 3],
  );
  assert.equal(cache.peek(question(requests[0])), undefined, "the cache holds one key only");
  keys.wipe();
  assert.ok(answers.every((answer) => isWiped({ key: answer })));
});

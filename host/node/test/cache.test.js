// The cache as its users see it: a scripted provider, a clock that is moved by hand, and no sleeping.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Cache, Refused, Unavailable } from "dastap";
import { Script, settled, TestClock } from "./support/script.js";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

function open(script, settings) {
  const clock = new TestClock();
  return { cache: new Cache(script.decrypt, settings, clock), clock };
}

const request = (name) => ({ ciphertext: Buffer.from(name), context: [["aws:rds:dbc-id", "cluster-ABC"]] });

/** The key's first byte, or "refused" or "unavailable". */
const ask = (cache, name) =>
  cache.decrypt(request(name)).then(
    (key) => key[0],
    (error) => error.name.toLowerCase(),
  );

test("a thousand lookups at once are one call", async () => {
  const script = new Script([1], { open: false });
  const { cache } = open(script);
  const lookups = Array.from({ length: 1000 }, () => ask(cache, "a"));
  await settled();
  assert.equal(script.calls, 1);
  script.letThrough(1);
  assert.deepEqual(new Set(await Promise.all(lookups)), new Set([1]));
  assert.deepEqual(cache.stats(), { lookups: 1000, hits: 999, calls: 1, refused: 0, unavailable: 0, stale: 0 });
});

test("waiting lookups share a failure as well", async () => {
  for (const says of ["refused", "unavailable"]) {
    const script = new Script([says], { open: false });
    // Nothing is left in a table for them: the answer itself reaches them.
    const { cache } = open(script, { refusedTtl: "0s" });
    const lookups = Array.from({ length: 100 }, () => ask(cache, "a"));
    await settled();
    script.letThrough(1);
    assert.deepEqual(new Set(await Promise.all(lookups)), new Set([says]));
    assert.equal(script.calls, 1);
  }
});

test("lookups that share an answer get keys of their own, also when the cache has no room for it", async () => {
  const script = new Script([1, 2], { open: false });
  const { cache } = open(script, { capacity: 1 });
  const lookups = ["a", "a", "b", "b"].map((name) => cache.decrypt(request(name)));
  await settled();
  script.letThrough(2);
  const keys = await Promise.all(lookups);
  assert.deepEqual(
    keys.map((key) => key[31]),
    [1, 1, 2, 2],
  );
  keys[0].fill(0);
  assert.equal(keys[1][0], 1);
});

test("a key lives for 80 to 90 percent of the time to live", async () => {
  for (let round = 0; round < 50; round++) {
    const { cache, clock } = open(new Script([1, 2]));
    assert.equal(await ask(cache, "a"), 1);
    await clock.advance(0.8 * HOUR - SECOND);
    assert.equal(await ask(cache, "a"), 1, "expired before 80 %");
    await clock.advance(0.1 * HOUR + SECOND);
    assert.equal(await ask(cache, "a"), 2, "alive after 90 %");
  }
});

test("keys do not expire together", async () => {
  const script = new Script();
  const { cache, clock } = open(script);
  const askAll = async () => {
    for (let n = 0; n < 200; n++) await ask(cache, `${n}`);
  };
  await askAll();
  await clock.advance(0.85 * HOUR);
  await askAll();
  assert.ok(script.calls > 220 && script.calls < 380, `${script.calls - 200} of 200 expired at half of the spread`);
});

test("the least recently used key is pushed out, and wiped", async () => {
  const script = new Script();
  const { cache } = open(script, { capacity: 2 });
  for (const name of ["a", "b", "a", "c"]) await ask(cache, name);
  assert.equal(script.calls, 3);
  await ask(cache, "a");
  assert.equal(script.calls, 3, "a was used after b and must still be there");
  await ask(cache, "b");
  assert.equal(script.calls, 4, "b had to go");
});

test("the order of the context makes no other key, another context does", async () => {
  const script = new Script();
  const { cache } = open(script);
  const [one, two] = [
    ["b", "1"],
    ["a", "2"],
  ];
  const ciphertext = Buffer.from("a");
  for (const context of [[one, two], [two, one], [one], []]) await cache.decrypt({ ciphertext, context });
  assert.equal(script.calls, 3);
});

test("a refusal is repeated for its time and no longer", async () => {
  const script = new Script(["refused", 1]);
  const { cache, clock } = open(script);
  assert.equal(await ask(cache, "a"), "refused");
  await clock.advance(30 * SECOND - 1);
  assert.equal(await ask(cache, "a"), "refused");
  assert.equal(script.calls, 1);
  await clock.advance(1);
  assert.equal(await ask(cache, "a"), 1);
});

test("clearing forgets keys, refusals and absences", async () => {
  const script = new Script([1, "refused", "unavailable"]);
  const { cache } = open(script);
  const names = ["a", "b", "c"];
  for (const name of names) await ask(cache, name);
  cache.clear();
  for (const name of names) assert.equal(await ask(cache, name), 7);
});

test("refusals do not push good keys out", async () => {
  const script = new Script([7, ...Array(1000).fill("refused")]);
  const { cache } = open(script, { capacity: 1 });
  assert.equal(await ask(cache, "good"), 7);
  for (let n = 0; n < 1000; n++) assert.equal(await ask(cache, `bad ${n}`), "refused");
  assert.equal(await ask(cache, "good"), 7);
  assert.equal(script.calls, 1001);
  // 256 of them are remembered, the latest.
  assert.deepEqual([await ask(cache, "bad 744"), script.calls], ["refused", 1001]);
  assert.deepEqual([await ask(cache, "bad 743"), script.calls], [7, 1002]);
});

test("a revocation bites within the time to live and leaves no stale key", async () => {
  const script = new Script([1, "unavailable", "refused", "unavailable"]);
  const { cache, clock } = open(script);
  assert.equal(await ask(cache, "a"), 1);
  await clock.advance(0.9 * HOUR);
  assert.equal(await ask(cache, "a"), 1, "stale: unavailable refuses nothing");
  await clock.advance(SECOND);
  assert.equal(await ask(cache, "a"), "refused");
  await clock.advance(31 * SECOND);
  assert.equal(await ask(cache, "a"), "unavailable", "no stale key after a refusal");
  assert.equal(cache.stats().stale, 1);
});

test("a stale key bridges an outage up to its limit", async () => {
  const { cache, clock } = open(new Script([1, ...Array(1000).fill("unavailable")]));
  assert.equal(await ask(cache, "a"), 1);
  await clock.advance(0.9 * HOUR);
  assert.equal(await ask(cache, "a"), 1, "stale");
  await clock.advance(9 * 60 * SECOND - SECOND);
  assert.equal(await ask(cache, "a"), 1, "still within 15 minutes");
  await clock.advance(6 * 60 * SECOND + SECOND);
  assert.equal(await ask(cache, "a"), "unavailable");
  assert.deepEqual([cache.stats().stale, cache.stats().unavailable], [2, 1]);
});

test("an unavailable provider is left alone for growing pauses", async () => {
  const script = new Script(Array(100).fill("unavailable"));
  const { cache, clock } = open(script);
  const callsPerMinute = [];
  for (let minute = 0; minute < 3; minute++) {
    const before = script.calls;
    for (let n = 0; n < 600; n++) {
      assert.equal(await ask(cache, "a"), "unavailable");
      await clock.advance(100);
    }
    callsPerMinute.push(script.calls - before);
  }
  // Pauses of half to all of 0.5, 1, 2, 4, 8, 10, 10 ... seconds.
  assert.ok(callsPerMinute[0] >= 8 && callsPerMinute[0] <= 14, `${callsPerMinute}`);
  assert.ok(callsPerMinute[2] >= 5 && callsPerMinute[2] <= 13, `${callsPerMinute}`);
});

test("an absence says why and when, is the key's own, and ends with an answer", async () => {
  const { cache, clock } = open(new Script(["unavailable", 1]));
  await assert.rejects(cache.decrypt(request("a")), { name: "Unavailable", message: "no connection" });
  await assert.rejects(cache.decrypt(request("a")), /^Unavailable: no connection; asked again in 0\.\d s$/);
  assert.equal(await ask(cache, "b"), 1);
  await clock.advance(SECOND);
  assert.equal(await ask(cache, "a"), 7);
});

test("while one lookup tries again the others use the stale key", async () => {
  const script = new Script([1, "unavailable", 2]);
  const { cache, clock } = open(script);
  await ask(cache, "a");
  await clock.advance(HOUR);
  assert.equal(await ask(cache, "a"), 1, "stale, and the pause begins");
  await clock.advance(SECOND);
  script.close();
  const trying = ask(cache, "a");
  await settled();
  assert.equal(await ask(cache, "a"), 1, "stale at once");
  script.letThrough(1);
  assert.equal(await trying, 2);
});

test("nobody waits for another lookup for more than ten seconds, nor for the provider for more than thirty", async () => {
  const { cache, clock } = open(new Script([], { open: false }));
  const asking = cache.decrypt(request("a"));
  await settled();
  let waited;
  ask(cache, "a").then((answer) => {
    waited = answer;
  });
  await settled();
  await clock.advance(10 * SECOND - 1);
  assert.equal(waited, undefined);
  await clock.advance(1);
  assert.equal(waited, "unavailable");
  const givenUp = assert.rejects(asking, { message: "the key provider gave no answer in 30 s" });
  await clock.advance(20 * SECOND);
  await givenUp;
});

test("at most twenty keys are asked for at once", async () => {
  const script = new Script([], { open: false });
  const { cache, clock } = open(script);
  const lookups = Array.from({ length: 30 }, (_, n) => ask(cache, `${n}`));
  await settled();
  assert.equal(script.calls, 20);
  script.letThrough(1);
  await settled();
  assert.equal(script.calls, 21);
  await clock.advance(10 * SECOND);
  script.letThrough(100);
  const answers = await Promise.all(lookups);
  assert.equal(answers.filter((answer) => answer === 7).length, 21, "nine gave up after ten seconds without a turn");
  assert.equal(script.calls, 21);
});

test("a request out of bounds never reaches the provider", async () => {
  const script = new Script();
  const { cache } = open(script);
  const name = ["a", "1"];
  for (const bad of [
    { ciphertext: new Uint8Array(0), context: [] },
    { ciphertext: new Uint8Array(6145), context: [] },
    { ciphertext: new Uint8Array(1), context: [name, name] },
    { ciphertext: new Uint8Array(1), context: [["a", "x".repeat(2048)]] },
    { ciphertext: new Uint8Array(1), context: Array.from({ length: 9 }, (_, n) => [`${n}`, ""]) },
  ]) {
    await assert.rejects(cache.decrypt(bad), { name: "Refused" });
  }
  assert.equal(script.calls, 0);
});

test("what a provider must not answer is unavailable, never an empty key", async () => {
  for (const [answer, found] of [
    ["text", "found a string"],
    [undefined, "found undefined"],
    [{ Plaintext: new Uint8Array(32) }, "found an object (Object)"],
    [[1, 2, 3], "found an object (Array)"],
    [new ArrayBuffer(32), "found an object (ArrayBuffer)"],
  ]) {
    const cache = new Cache(async () => answer);
    await assert.rejects(cache.decrypt(request("a")), (error) => {
      assert.ok(error instanceof Unavailable && error.message.endsWith(found), error.message);
      return true;
    });
  }
  for (const thrown of [new TypeError("oops"), "oops", null]) {
    const cache = new Cache(() => {
      throw thrown;
    });
    await assert.rejects(cache.decrypt(request("a")), { name: "Unavailable" });
  }
  await assert.rejects(new Cache(() => Promise.reject(new Refused("no"))).decrypt(request("a")), { name: "Refused" });
});

test("a provider keeps its array, unless it hands it over", async () => {
  for (const handsOver of [false, true]) {
    const own = new Uint8Array(32).fill(5);
    const cache = new Cache({ decrypt: () => own, handsOver });
    const key = await cache.decrypt(request("a"));
    assert.equal(key[0], 5);
    assert.equal(own[0], handsOver ? 0 : 5);
  }
});

test("keys past their use are swept out", async () => {
  const script = new Script();
  const { cache, clock } = open(script, { ttl: "1h", stale: "0s" });
  await ask(cache, "a");
  await clock.advance(2 * HOUR);
  cache.sweep();
  script.says = ["unavailable"];
  assert.equal(await ask(cache, "a"), "unavailable");
});

test("nothing printed shows a key", async () => {
  const { cache } = open(new Script([0xa5]));
  await ask(cache, "blob");
  const text = inspect(cache, { depth: 10, showHidden: true }) + JSON.stringify(cache);
  for (const leak of ["165", "a5", "blob"]) assert.ok(!text.includes(leak), text);
});

test("settings are checked, and errors say what to do", () => {
  for (const [settings, message] of [
    [{ ttl: "0s" }, "cache.ttl: expected 1s to 24h, found 0s"],
    [{ ttl: 3600 }, 'cache.ttl: expected a duration with its unit, such as "30s", "15m" or "1h", found 3600'],
    [{ refusedTtl: "2h" }, "cache.refusedTtl: expected 0s to 1h, found 2h"],
    [{ stale: "soon" }, 'cache.stale: expected a duration with its unit, such as "30s", "15m" or "1h", found "soon"'],
    [{ capacity: 0 }, "cache.capacity: expected 1 to 100000 keys, found 0"],
    [{ tll: "1h" }, /^cache\.tll: there is no such setting; did you mean "ttl"\?/],
    [{ "refused-ttl": "1s" }, /did you mean "refusedTtl"\?/],
  ]) {
    assert.throws(() => new Cache(async () => {}, settings), { message });
  }
  assert.doesNotThrow(() => new Cache(async () => {}, { ttl: "1h 30m", stale: "0s", refusedTtl: "500ms" }));
  assert.throws(() => new Cache("kms"), /^TypeError: keys: expected KmsKeys, a Keyring, or an async function/);
});

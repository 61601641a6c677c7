// The package as users get it: packed, installed into an empty folder by one command, and every example of the README.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startKms, underKms } from "./support/kms.js";
import { decodedByProgram, folder, generate, run } from "./support/stream.js";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** A folder in which the package is installed, and the examples lie. */
let place;
before(() => {
  // What lives as long as this file's tests.
  place = folder({ after: (done) => process.once("exit", done) });
  const packed = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", place], { cwd: here("") });
  const [{ filename }] = JSON.parse(packed);
  run("npm", ["init", "--yes"], { cwd: place });
  run("npm", ["install", "--no-audit", "--no-fund", "--offline", `./${filename}`], { cwd: place });
  for (const [, name, text] of readFileSync(here("README.md"), "utf8").matchAll(/```js\n\/\/ (\S+)\n([^]*?)```/g)) {
    writeFileSync(join(place, name), text);
  }
});

/** Runs a module there; what it prints. `use` sees the example's exports and `input`. */
function example(name, input, use, env = {}) {
  writeFileSync(join(place, "input.json"), JSON.stringify(input));
  const script = `
    import { readFileSync } from "node:fs";
    import * as example from "./${name}";
    const input = JSON.parse(readFileSync("input.json", "utf8"));
    await (${use})(example, input);`;
  const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "eu-west-1" };
  writeFileSync(join(place, "run.mjs"), script);
  return run(process.execPath, ["run.mjs"], { cwd: place, env: { ...process.env, ...credentials, ...env } });
}

test("the tarball holds what is needed and nothing else", () => {
  const root = join(place, "node_modules/dastap");
  const top = readdirSync(root).sort();
  assert.deepEqual(top, ["README.md", "dist", "package.json"]);
  const all = readdirSync(join(root, "dist"), { recursive: true }).map(String);
  for (const file of [
    "index.js",
    "index.d.ts",
    "lambda/index.js",
    "lambda/index.d.ts",
    "guest/dastap.js",
    "guest/dastap.core.wasm",
    "inspect.html",
  ]) {
    assert.ok(all.includes(file), file);
  }
  assert.deepEqual(
    all.filter((file) => file.startsWith("page")),
    [],
  );
  const size = all.reduce((sum, file) => sum + statSync(join(root, "dist", file)).size, 0);
  assert.ok(size < 4e6, `${size} bytes`);
});

test("its types need nothing but themselves", () => {
  const code = `
    import { Cache, Decoder, Keyring, KmsKeys, Refused, type Verdict } from "dastap";
    import { firehoseHandler, kinesisHandler } from "dastap/lambda";
    const decoder: Decoder = await Decoder.open({ heartbeats: "drop" }, { keys: new KmsKeys({ cache: { ttl: "1h" } }) });
    const verdicts: Verdict[] = await decoder.decode([new Uint8Array(), "{}"], "cluster-A");
    for (const verdict of verdicts) {
      const text: string = verdict.ok ? verdict.outputs.map((output) => output.lines).join() : verdict.stage;
      // @ts-expect-error: a decoded record has no reason
      if (verdict.ok) verdict.reason;
      void text;
    }
    kinesisHandler(decoder, { deliver() {}, deadLetter() {} });
    firehoseHandler(decoder);
    await Decoder.open({}, { keys: async ({ ciphertext }) => { if (!ciphertext.length) throw new Refused("no"); return ciphertext; } });
    await Decoder.open({}, { keys: new Cache(new Keyring("{}")) });`;
  writeFileSync(join(place, "types.mts"), code);
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--lib",
    "es2023",
    "--types",
    "",
  ];
  run(here("node_modules/.bin/tsc"), [...options, "types.mts"], { cwd: place });
});

test("without the AWS SDK, KmsKeys says what to install; then it is", () => {
  const script = `
    import { Decoder, KmsKeys } from "dastap";
    await Decoder.open({}, { keys: new KmsKeys() }).catch((error) => console.log(error.message));`;
  writeFileSync(join(place, "run.mjs"), script);
  const said = run(process.execPath, ["run.mjs"], { cwd: place });
  assert.match(said, /^KmsKeys needs the AWS SDK: npm install @aws-sdk\/client-kms/);
  // What that would do; it cannot be taken from the registry for every run of a test.
  mkdirSync(join(place, "node_modules/@aws-sdk"));
  symlinkSync(here("node_modules/@aws-sdk/client-kms"), join(place, "node_modules/@aws-sdk/client-kms"));
});

test("README: consumer", async (t) => {
  const kms = await startKms(t);
  const plain = generate(t, "--records", "50", "--engine", "postgres");
  const { records, resources, keys } = await underKms(plain, kms);
  const use = `async ({ handle }, [records, stream]) => { await handle(records, stream); await handle(records.slice(0, 5), stream) }`;
  const printed = example("consumer.mjs", [records, `aws-rds-das-${resources[0]}`], use, {
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
  });
  const { lines } = decodedByProgram(t, plain);
  assert.ok(printed.startsWith(lines) && lines.startsWith(printed.slice(lines.length)));
  assert.equal((await kms.ask({ do: "calls" })).Decrypt, keys);
});

test("README: Lambda functions", async (t) => {
  const kms = await startKms(t);
  const plain = generate(t, "--records", "30", "--engine", "postgres", "--fault", "frame-bit");
  const { records, resources } = await underKms(plain, kms);
  const arn = `arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-${resources[0]}`;
  const data = records.map((record) => Buffer.from(record).toString("base64"));
  const env = { AWS_ENDPOINT_URL_KMS: kms.endpoint, OUT: folder(t) };
  const use = `async ({ handler }, event) => { console.log(JSON.stringify(await handler(event, {}))) }`;

  const Records = data.map((data, n) => ({ kinesis: { data, sequenceNumber: `${n}` }, eventSourceARN: arn }));
  assert.deepEqual(JSON.parse(example("kinesis.mjs", { Records }, use, env)), { batchItemFailures: [] });
  const written = readFileSync(join(env.OUT, "default.ndjson"), "utf8");
  assert.equal(written, decodedByProgram(t, { ...plain }, "--config", config(t)).lines);
  const [dead] = readFileSync(join(env.OUT, "failed.ndjson"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([dead.error.stage, dead.error.reason], ["message", "not-authentic"]);

  const event = { sourceKinesisStreamArn: arn, records: data.map((data, n) => ({ recordId: `${n}`, data })) };
  const answer = JSON.parse(example("firehose.mjs", event, use, env));
  const ok = answer.records.filter(({ result }) => result === "Ok");
  const events = ok.map(({ data }) => Buffer.from(data, "base64").toString()).join("");
  assert.equal(events, decodedByProgram(t, plain).lines);
});

test("README: a provider of one's own", (t) => {
  const plain = generate(t, "--records", "10", "--engine", "oracle", "--instances", "1");
  const hex = (text) => Buffer.from(text, "base64").toString("hex");
  const pairs = JSON.parse(plain.keyring).keys.map(({ ciphertext, plaintext }) => [hex(ciphertext), hex(plaintext)]);
  const use = `async ({ decoder }, [records, id]) => {
    for (const verdict of await decoder.decode(records, id)) for (const { lines } of verdict.outputs) process.stdout.write(lines);
  }`;
  const input = [plain.records, plain.resources[0]];
  const printed = example("vault.mjs", input, use, { VAULT: JSON.stringify(pairs) });
  assert.equal(printed, decodedByProgram(t, plain).lines);
  const refused = `async ({ decoder }, [records, id]) => console.log((await decoder.decode(records, id))[0].detail)`;
  const said = example("vault.mjs", input, refused, { VAULT: "[]" });
  assert.equal(said, `the vault has no such key for ${plain.resources[0]}\n`);
});

/** The settings of the Kinesis example as a file for the Rust program. */
function config(t) {
  const file = join(folder(t), "config.json");
  writeFileSync(file, JSON.stringify({ transform: { shape: "ocsf", redact: "sql" } }));
  return file;
}

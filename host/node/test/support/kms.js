// A KMS on a loopback port: moto behind a front that counts and can fail (tests/peer/kms.py).

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PYTHON } from "./stream.js";

const SERVER = fileURLToPath(new URL("../../../../tests/peer/kms.py", import.meta.url));

/** Starts the server; it ends with the test `t`. `ask({ do: "calls" })` and its like, see the script. */
export async function startKms(t) {
  const server = spawn(PYTHON, [SERVER], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  t.after(() => server.stdin.end());
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${PYTHON} ${SERVER} has ended`);
    return JSON.parse(value);
  };
  const { endpoint, keyId } = await next();
  const ask = (request) => {
    server.stdin.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  return { endpoint, keyId, ask };
}

/** The stream with its data keys encrypted by that KMS: the messages inside stay as they are. */
export async function underKms({ records, keyring, resources }, kms) {
  const blobs = new Map();
  for (const { ciphertext, context, plaintext } of JSON.parse(keyring).keys) {
    blobs.set(ciphertext, (await kms.ask({ do: "encrypt", plaintext, context })).ciphertext);
  }
  const sealed = records.map((text) => {
    const record = JSON.parse(text);
    return JSON.stringify({ ...record, key: blobs.get(record.key) ?? record.key });
  });
  return { records: sealed, resources, keys: blobs.size };
}

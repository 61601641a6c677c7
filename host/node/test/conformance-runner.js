// The runner of the embedding suite (tests/embedding): cases in, answers out, a line of JSON each.

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Decoder, Keyring } from "dastap";

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line) process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}

async function answer({ case: name, config, keyring, resource, records }) {
  const keys = new Keyring(await readFile(keyring, "utf8"));
  let decoder;
  try {
    decoder = await Decoder.open(config, { keys });
  } catch (error) {
    return { case: name, error: error.message };
  }
  const batch = records.map((record) => Buffer.from(record, "base64"));
  const verdicts = (await decoder.decode(batch, resource ?? undefined)).map(({ ok, ...verdict }) => ({
    [ok ? "decoded" : "failed"]: verdict,
  }));
  const counts = {};
  for (const { name, value } of decoder.counts()) counts[name] = (counts[name] ?? 0) + value;
  return { case: name, verdicts, merged: await decoder.decodeMerged(batch, resource ?? undefined), counts };
}

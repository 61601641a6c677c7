// The suite that every host of the component passes (tests/embedding): verdicts as the Rust program gives them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PROGRAM, PYTHON, run } from "./support/stream.js";

const root = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

test("the embedding suite has no difference", () => {
  const cases = process.env.DASTAP_EMBEDDING ?? root("target/embedding");
  run(PYTHON, [root("tests/embedding/generate.py"), PROGRAM, cases]);
  const runner = fileURLToPath(new URL("conformance-runner.js", import.meta.url));
  const told = run(PYTHON, [root("tests/embedding/compare.py"), cases, process.execPath, runner]);
  const [, records, failures] = /(\d+) records, (\d+) failures: 0 differences/.exec(told) ?? [];
  assert.ok(records >= 2000 && failures >= 60, told);
});

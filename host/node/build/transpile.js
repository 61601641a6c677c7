// The component as JavaScript: jco's output, and the places where it is not good enough.

import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const JCO = fileURLToPath(new URL("../node_modules/.bin/jco", import.meta.url));

/** Transpiles the component in the file `component` into the folder `out`. */
export async function transpile(component, out) {
  const options = ["--name", "dastap", "--instantiation", "sync", "--no-nodejs-compat", "--no-wasi-shim", "--quiet"];
  const jco = spawnSync(JCO, ["transpile", component, "--out-dir", out, ...options], { encoding: "utf8" });
  if (jco.status !== 0) throw new Error(`jco cannot transpile ${component}: ${jco.error ?? jco.stderr}`);
  const file = `${out}/dastap.js`;
  const edits = [decodesStrictly, keepsLinesAsBytes, encodesAtOnce, staysSilent];
  await writeFile(
    file,
    edits.reduce((js, edit) => edit(js), await readFile(file, "utf8")),
  );
}

/** A decoder of its own choice swallows a byte order mark at the start of a text and hides what is not UTF-8. */
function decodesStrictly(js) {
  return replaced(js, 1, "new TextDecoder()", 'new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })');
}

/** Whoever writes the lines somewhere needs bytes; making a text of them first takes half of the time. */
function keepsLinesAsBytes(js) {
  const lifted =
    /= TEXT_DECODER_UTF8\.decode\((new Uint8Array\(memory0\.buffer, ptr\d+, len\d+\))\)(;\s+result\d+\.push\(\{\s+route: result\d+,\s+lines: )/g;
  return replaced(js, 2, lifted, "= $1.slice()$2");
}

/** Records are ASCII: encoded straight into the sandbox, without a walk over all characters to learn the length. */
function encodesAtOnce(js) {
  const walk = / {4}\/\/ Compute the exact allocation size up front\.[^]*?return res;\n/g;
  const ascii = `    const plain = realloc(0, 0, 1, s.length);
    const { read: ascii } = TEXT_ENCODER_UTF8.encodeInto(s, new Uint8Array(memory.buffer, plain, s.length));
    if (ascii === s.length) { return { ptr: plain, len: s.length }; }
    const bytes = TEXT_ENCODER_UTF8.encode(s);
    const whole = realloc(plain, s.length, 1, bytes.length);
    new Uint8Array(memory.buffer, whole, bytes.length).set(bytes);
    return { ptr: whole, len: bytes.length };
`;
  return replaced(js, 1, walk, ascii);
}

/** Asking the environment whether to print, several times a call, takes longer than the rest of a small call. */
function staysSilent(js) {
  return replaced(
    js,
    1,
    /if \(!globalThis\?\.process\?\.env\?\.JCO_DEBUG\) \{ return; \}\s+console\.debug\(\.\.\.args\);\n/g,
    "",
  );
}

/** Throws unless there are exactly `times` places: another version of jco needs a new look. */
function replaced(js, times, what, by) {
  const count = what instanceof RegExp ? [...js.matchAll(what)].length : js.split(what).length - 1;
  if (count !== times) throw new Error(`jco's output has changed: expected ${times} times ${what}, found ${count}`);
  return js.replaceAll(what, by);
}

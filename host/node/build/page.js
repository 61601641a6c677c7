// The inspection page as one file: style, script and sandbox inside, under a policy that names them by their hashes and
// allows nothing else.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const MODULES = ["dastap.core.wasm", "dastap.core2.wasm", "dastap.core3.wasm"];

/** Builds the page from its template and dist/, `here` giving the paths of both. */
export async function page(here) {
  const script = await bundled(here("dist/page/inspect.js"));
  const style = (await bundled(here("src/page/inspect.css"))).trim();
  const parts = {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy(script, style)}">`,
    style: `<style>${style}</style>`,
    modules: (await Promise.all(MODULES.map((name) => packed(name, here(`dist/guest/${name}`))))).join("\n"),
    script: `<script type="module">${script}</script>`,
  };
  let html = await readFile(here("inspect.html"), "utf8");
  for (const [name, part] of Object.entries(parts)) html = html.replace(`<!-- ${name} -->`, () => part);
  await writeFile(here("dist/inspect.html"), html);
}

async function bundled(entry) {
  const options = { bundle: true, minify: true, write: false, format: "esm", platform: "browser", target: "es2022" };
  const { outputFiles } = await build({ entryPoints: [entry], logLevel: "warning", plugins: [inside], ...options });
  const text = outputFiles[0].text;
  // Nothing inside may end the element that it stands in.
  if (/<\/(script|style)/i.test(text)) throw new Error(`${entry}: expected no closing tag inside`);
  return text;
}

/** In the page, the sandbox's modules come from the page. */
const inside = {
  name: "modules inside",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/modules\.js$/ }, ({ resolveDir }) => ({ path: join(resolveDir, "page/modules.js") }));
  },
};

async function packed(name, file) {
  const gzip = gzipSync(await readFile(file), { level: 9 });
  return `<script type="application/octet-stream" id="${name}">${gzip.toString("base64")}</script>`;
}

function policy(script, style) {
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    "connect-src 'none'",
    `script-src ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

// `npm run build`: the package in dist/. The component comes from DASTAP_COMPONENT, or from where `make component`
// puts it.

import { spawnSync } from "node:child_process";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { page } from "./page.js";
import { transpile } from "./transpile.js";

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const component = process.env.DASTAP_COMPONENT ?? here("../../target/dastap.wasm");

if (!existsSync(component)) {
  console.error(`expected the component at ${component}: run \`make component\`, or set DASTAP_COMPONENT`);
  process.exit(1);
}
await rm(here("dist"), { recursive: true, force: true });
await mkdir(here("dist/guest"), { recursive: true });
const tsc = spawnSync(here("node_modules/.bin/tsc"), ["--project", here("tsconfig.json")], { stdio: "inherit" });
if (tsc.status !== 0) process.exit(1);
await transpile(component, here("dist/guest"));
// Ours says what the edits make of jco's output.
await copyFile(here("src/guest/dastap.d.ts"), here("dist/guest/dastap.d.ts"));
await rm(here("dist/guest/interfaces"), { recursive: true });
await page(here);
for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"])
  await copyFile(here(`../../${licence}`), here(`dist/${licence}`));

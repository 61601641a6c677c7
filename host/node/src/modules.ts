// The sandbox's core modules, from the files beside this one. The browser page has its own way: page/modules.ts.

import { readFile } from "node:fs/promises";

/** The bytes of the core module with this file name. */
export function bytesOf(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(new URL(`guest/${name}`, import.meta.url)) as Promise<Uint8Array<ArrayBuffer>>;
}

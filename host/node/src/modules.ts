// The sandbox's core modules, from beside this file: by the file system in Node, by HTTP in a browser. The inspection
// page has them inside: page/modules.ts.

// Written out one by one, so that bundlers find them and take them along.
const FILES: Record<string, URL> = {
  "dastap.core.wasm": new URL("./guest/dastap.core.wasm", import.meta.url),
  "dastap.core2.wasm": new URL("./guest/dastap.core2.wasm", import.meta.url),
  "dastap.core3.wasm": new URL("./guest/dastap.core3.wasm", import.meta.url),
};

/** The bytes of the core module with this name. */
export async function bytesOf(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = FILES[name]!;
  if (file.protocol === "file:") {
    // Not as a literal, which bundlers for browsers would try to resolve.
    const fileSystem = "node:fs/promises";
    const { readFile } = (await import(fileSystem)) as typeof import("node:fs/promises");
    return (await readFile(file)) as Uint8Array<ArrayBuffer>;
  }
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`expected the decoder at ${file}, found HTTP status ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

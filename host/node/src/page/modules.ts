// The sandbox's core modules in the page itself: gzip in base64, put there by the build.

export async function bytesOf(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const element = document.getElementById(name);
  const packed = Uint8Array.from(atob(element?.textContent?.trim() ?? ""), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

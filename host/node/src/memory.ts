// A bound on the sandbox's memory. JavaScript cannot refuse a module's growth, so the bound is written into the module
// before it is compiled: the maximum of its memory section.

const PAGE = 65_536;
const MEMORY_SECTION = 5;

/**
 * The bytes that the sandbox may use for these settings, as in every host of the decoder. At the same time there are the
 * record, its decoded message and the decrypted one; then the document, what its buffer has to spare, and its lines, of
 * which the guest itself refuses to make more than fit. Rules need memory of their own.
 */
export function memoryFor(transform: Record<string, unknown>): number {
  const limits = (transform["limits"] ?? {}) as Record<string, unknown>;
  const fixed = 16 * MIB + (transform["rules"] ? 80 * MIB : 0);
  const record = size(limits["record"], 10 * MIB);
  const plaintext = size(limits["plaintext"], 64 * MIB);
  const lines = 2 * plaintext + 44 * MIB;
  // What WebAssembly can address at all.
  return Math.min(fixed + 3 * record + Math.floor(plaintext / 4) + lines, 65_535 * PAGE);
}

const MIB = 1024 * 1024;
const UNITS: Record<string, number> = { "": 1, b: 1, kib: 1024, mib: MIB, gib: 1024 * MIB, kb: 1e3, mb: 1e6, gb: 1e9 };

/** `"10MiB"` or a number of bytes. What is wrong here the sandbox itself refuses, and better. */
function size(setting: unknown, otherwise: number): number {
  const [, digits, unit] = /^(\d+)\s*([a-z]*)$/i.exec(String(setting)) ?? [];
  return Number(digits) * UNITS[(unit ?? "").toLowerCase()]! || otherwise;
}

/** The module with a maximum of `bytes` for its one memory. Throws when it has none of its own. */
export function withMaximum(module: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  let at = 8;
  while (at < module.length) {
    const id = module[at];
    const [size, start] = readLeb(module, at + 1);
    if (id === MEMORY_SECTION) {
      const [, limits] = readLeb(module, start);
      const [minimum] = readLeb(module, limits + 1);
      const pages = Math.max(minimum, Math.ceil(bytes / PAGE));
      // One memory, which has a maximum (1).
      const section = [1, 1, ...leb(minimum), ...leb(pages)];
      return joined([
        module.subarray(0, at),
        Uint8Array.of(MEMORY_SECTION, ...leb(section.length), ...section),
        module.subarray(start + size),
      ]);
    }
    at = start + size;
  }
  throw new Error("expected a WebAssembly module with a memory of its own");
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

function readLeb(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function leb(value: number): number[] {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

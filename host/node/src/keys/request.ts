// One question to a key service: the blob and its encryption context, within the bounds of KMS Decrypt.

import { Refused } from "./provider.js";

/** The request of KMS Decrypt: which blob, under which encryption context. */
export interface KeyRequest {
  /** The `CiphertextBlob`, as it stands in the record's `key` field: 1 to 6144 bytes. */
  readonly ciphertext: Uint8Array;
  /** The `EncryptionContext`: names and values, in any order, each name once. */
  readonly context: ReadonlyArray<readonly [name: string, value: string]>;
}

/** The longest blob in bytes: what KMS itself accepts. */
const MAX_CIPHERTEXT = 6144;
/** The most context pairs, and the most bytes in all of them: activity streams use one short pair. */
const MAX_PAIRS = 8;
const MAX_CONTEXT = 2048;

/** Checks the bounds, so that no hopeless question reaches the key service. Throws {@link Refused}. */
export function check({ ciphertext, context }: KeyRequest): void {
  const bytes = ciphertext.length;
  if (bytes === 0 || bytes > MAX_CIPHERTEXT) {
    throw new Refused(`expected an encrypted key of 1 to ${MAX_CIPHERTEXT} bytes, found ${bytes}`);
  }
  if (context.length > MAX_PAIRS) {
    throw new Refused(`expected at most ${MAX_PAIRS} encryption context pairs, found ${context.length}`);
  }
  const texts = new TextEncoder().encode(context.flat().join("")).length;
  if (texts > MAX_CONTEXT) {
    throw new Refused(`expected an encryption context of at most ${MAX_CONTEXT} bytes, found ${texts}`);
  }
  if (new Set(context.map(([name]) => name)).size < context.length) {
    throw new Refused("expected each encryption context name once, found one twice");
  }
}

/** The same text for the same question; the order of the context's pairs does not count. For requests in bounds. */
export function question({ ciphertext, context }: KeyRequest): string {
  return `${JSON.stringify(sorted(context))}\n${String.fromCharCode(...ciphertext)}`;
}

/** The pairs by name. */
export function sorted(context: KeyRequest["context"]): KeyRequest["context"] {
  return [...context].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The context for people, such as `aws:rds:dbc-id = cluster-ABC`. It is no secret: CloudTrail shows it. */
export function contextText(context: KeyRequest["context"]): string {
  if (context.length === 0) return "no encryption context";
  return context.map(([name, value]) => `${printable(name)} = ${printable(value)}`).join(", ");
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

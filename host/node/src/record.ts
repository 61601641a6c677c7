// From what the caller has to the text that the sandbox takes.

import type { Failed } from "./verdict.js";

/** One outer record: JSON as text, or its bytes. */
export type Input = string | Uint8Array;

/** The longest record in bytes that is handed to the sandbox at all; `limits.record` is decided in there. */
const LONGEST = 32 * 1024 * 1024;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The record's text, or its verdict where it has none: bytes that are not UTF-8 must not go over with U+FFFD in their
 * place. Throws a `TypeError` for anything that is neither text nor bytes.
 */
export function read(record: Input, index: number): string | Failed {
  if (typeof record === "string") {
    if (record.length > LONGEST) return TOO_LONG;
    return record.isWellFormed() ? record : NOT_UTF8;
  }
  if (!ArrayBuffer.isView(record)) {
    throw new TypeError(`batch[${index}]: expected a record as string or Uint8Array, found ${typeof record}`);
  }
  if (record.byteLength > LONGEST) return TOO_LONG;
  try {
    return UTF8.decode(record);
  } catch {
    return NOT_UTF8;
  }
}

/** The verdict on a record whose carrier's base64 is broken. */
export const BAD_BASE64 = refused("bad-base64", "expected base64 in the data of the carrier of this record");
const NOT_UTF8 = refused("not-json", "expected JSON in UTF-8, found bytes that are not UTF-8");
const TOO_LONG = refused("too-large", "longer than 32 MiB, the longest input record");

function refused(reason: string, detail: string): Failed {
  return Object.freeze({ ok: false, stage: "envelope", reason, detail, retryable: false });
}

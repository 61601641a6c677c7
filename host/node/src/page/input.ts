// What people paste: records, and whatever carries them; keys in every usual writing.

import { Keyring } from "../keys/keyring.js";
import type { DecryptKey, KeyProvider } from "../keys/provider.js";

/** The records in a pasted text: one as it is, lines of them, or what carries them (Kinesis, Lambda, Firehose, S3). */
export function records(text: string): string[] {
  const trimmed = text.trim();
  if (!trimmed) return [];
  const whole = parsed(trimmed);
  if (whole !== undefined) return carried(whole, trimmed);
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim());
  // Text that is no JSON, line by line neither, is one broken record.
  if (lines.length < 2 || lines.every((line) => parsed(line) === undefined)) return [trimmed];
  return lines.flatMap((line) => carried(parsed(line), line.trim()));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Carrier {
  Records?: unknown[];
  records?: unknown[];
  kinesis?: { data?: unknown };
  Data?: unknown;
  data?: unknown;
  error?: unknown;
  record?: unknown;
  record_base64?: unknown;
}

/** The records in a JSON value; the value itself, as it was written, when it carries none. */
function carried(value: unknown, text: string): string[] {
  if (typeof value !== "object" || value === null) return [text];
  const members = value as Carrier;
  const list = Array.isArray(value) ? value : (members.Records ?? members.records);
  if (Array.isArray(list)) return list.flatMap((element) => carried(element, JSON.stringify(element)));
  const data = members.kinesis?.data ?? members.Data ?? members.data ?? (members.error && members.record_base64);
  if (typeof data === "string") return [fromBase64(data) ?? text];
  if (members.error && members.record) return [JSON.stringify(members.record)];
  return [text];
}

function fromBase64(text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Keys, and the resources whose records they may open. */
export interface PastedKeys {
  keys: KeyProvider | DecryptKey;
  resources: string[];
}

/** A data key in base64 or hexadecimal, or a keyring. Throws an `Error` that says what was expected. */
export function pastedKeys(text: string): PastedKeys {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) {
    const keys = new Keyring(trimmed);
    const ids = keys.contexts().flatMap((context) => context.map(([, value]) => value));
    return { keys, resources: ids.filter((id) => /^(cluster|db)-[A-Za-z0-9-]+$/.test(id)) };
  }
  const key = dataKey(trimmed.replace(/[\s:]/g, ""));
  if (![16, 24, 32].includes(key.length)) {
    throw new Error(`expected a data key of 32 bytes (16 and 24 are accepted), found ${key.length}`);
  }
  // With the key at hand, nobody asks which resource it belongs to; the decoder wants a name for the question only.
  return { keys: () => key, resources: ["db-PASTED"] };
}

function dataKey(text: string): Uint8Array {
  if (/^([0-9a-f]{2})+$/i.test(text) && [32, 48, 64].includes(text.length)) {
    return Uint8Array.from(text.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  }
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
      character.charCodeAt(0),
    );
  } catch {
    throw new Error("expected a data key in base64 or hexadecimal, or a keyring in JSON");
  }
}

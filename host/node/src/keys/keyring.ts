// Data keys from a local JSON text: for tests, the inspection page and offline replay.
//
// {"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}; other members are ignored.

import { type KeyProvider, Refused } from "./provider.js";
import { check, contextText, type KeyRequest, sorted } from "./request.js";

/** What the text should look like, for error texts. */
const FORM = '{"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}';
/** The longest text: some thirty thousand keys. */
const MAX_TEXT = 16 * 1024 * 1024;

interface Entry {
  context: KeyRequest["context"];
  plaintext: Uint8Array;
}

/** A {@link KeyProvider} that knows its keys by heart. */
export class Keyring implements KeyProvider {
  readonly #keys = new Map<string, Entry[]>();
  #count = 0;

  /**
   * From the text of a keyring file. It holds plaintext keys: keep it as you would keep the activity stream itself.
   *
   * Throws an `Error` that names the entry, from 1, and what to do; it shows nothing of the text.
   */
  constructor(json: string) {
    if (typeof json !== "string") throw new TypeError(`keyring: expected JSON text, such as ${FORM}`);
    if (json.length > MAX_TEXT) throw new Error(`keyring is too large: expected at most ${MAX_TEXT} characters`);
    for (const [index, row] of rows(json).entries()) {
      try {
        this.#add(row);
      } catch (error) {
        throw new Error(`keyring, key ${index + 1}: ${(error as Error).message}`);
      }
    }
  }

  /** How many keys it has. */
  get size(): number {
    return this.#count;
  }

  /** The encryption contexts that its keys are for, each once. */
  contexts(): Array<KeyRequest["context"]> {
    const all = [...this.#keys.values()].flat().map(({ context }) => [JSON.stringify(context), context] as const);
    return [...new Map(all).values()];
  }

  decrypt(request: KeyRequest): Uint8Array {
    check(request);
    const known = this.#keys.get(latin1(request.ciphertext));
    if (!known) {
      throw new Refused(
        `none of the ${this.#count} keys of the keyring is this record's: expected a keyring made for the same stream`,
      );
    }
    const found = known.find(({ context }) => isSame(context, sorted(request.context)));
    if (found) return found.plaintext;
    // Like KMS, the keyring refuses; unlike KMS, it can say what would have been right. A resource id is no secret.
    const others = known.slice(0, 3).map(({ context }) => contextText(context));
    const wanted = contextText(request.context);
    throw new Refused(`the key is known, but for ${others.join(" or ")}, not for ${wanted}: check the resource id`);
  }

  /** Adds a key; the same entry twice is harmless, two plaintexts for one blob and context are not. */
  #add(row: unknown): void {
    const { ciphertext, context, plaintext } = entry(row);
    const id = latin1(ciphertext);
    const known = this.#keys.get(id) ?? [];
    const same = known.find((other) => isSame(other.context, context));
    if (!same) {
      this.#keys.set(id, [...known, { context, plaintext }]);
      this.#count += 1;
    } else if (same.plaintext.join() !== plaintext.join()) {
      throw new Error(
        "an earlier entry has the same ciphertext and context with another plaintext: remove the wrong one",
      );
    }
  }
}

function rows(json: string): unknown[] {
  let form: unknown;
  try {
    form = JSON.parse(json);
  } catch {
    // The parser's own text quotes what it found, which may be a key.
    throw new Error(`keyring is not JSON; expected ${FORM}`);
  }
  const keys = (form as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error(`keyring has no list "keys"; expected ${FORM}`);
  return keys;
}

function entry(row: unknown): KeyRequest & { plaintext: Uint8Array } {
  const members = (row ?? {}) as Record<string, unknown>;
  const ciphertext = decode(members["ciphertext"], "ciphertext");
  const context = members["context"];
  const isContext = (value: unknown): value is Record<string, string> =>
    typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
  if (!isContext(context)) {
    throw new Error('"context": expected an object of texts, such as {"aws:rds:dbc-id":"cluster-..."}');
  }
  const request = { ciphertext, context: sorted(Object.entries(context)) };
  check(request);
  return { ...request, plaintext: decode(members["plaintext"], "plaintext") };
}

/** Standard base64, strict. */
function decode(text: unknown, member: string): Uint8Array {
  if (typeof text !== "string") throw new Error(`"${member}" is missing: expected base64`);
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new Error(
      `"${member}" is not base64: expected the standard alphabet with padding, ${text.length} characters found`,
    );
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function isSame(a: KeyRequest["context"], b: KeyRequest["context"]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

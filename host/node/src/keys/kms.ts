// Data keys from AWS KMS, through the AWS SDK that the caller has installed.

import { Backoff } from "./backoff.js";
import { Cache } from "./cache.js";
import { type Clock, systemClock } from "./clock.js";
import { explain, rootCause } from "./failure.js";
import { type KeyProvider, Unavailable } from "./provider.js";
import { contextText, type KeyRequest } from "./request.js";
import type { CacheSettings } from "./settings.js";
import { unknownSetting } from "../settings.js";

/** The SDK tries so often; only what the SDK itself calls transient or throttled is tried again. */
const ATTEMPTS = 3;
/** TCP and TLS together, and then the answer, which KMS gives in some 10 ms. Milliseconds. */
const CONNECT = 1500;
const READ = 1500;
/** The longest that a question can take: below the ten seconds for which other lookups wait for this one's answer. */
const BUDGET = (CONNECT + READ) * ATTEMPTS + 750;

/** What is used of a `KMSClient`; spelt out, so that the types do without the SDK. */
export interface KmsClient {
  send(command: any, options?: any): Promise<any>;
  readonly config: { region(): Promise<string>; credentials(): Promise<unknown> };
}

/** Which KMS to ask, for which key, and how long its answers are kept. */
export interface KmsSettings {
  /** The region of the stream's KMS key, such as `eu-west-1`. Default: what the AWS SDK finds. */
  region?: string;
  /** Another endpoint, for a local KMS or a VPC endpoint: `http://` or `https://`. Default: the region's own. */
  endpointUrl?: string;
  /**
   * The KMS key (id, ARN or alias) that every record's key must be encrypted under. Default: any key that the
   * credentials may use. Set it where records can come from others.
   */
  keyId?: string;
  /** A client of your own, for instance with an assumed role; `region` and `endpointUrl` are then its affair. */
  client?: KmsClient;
  /** How long keys are kept. */
  cache?: CacheSettings;
}

type Sdk = typeof import("@aws-sdk/client-kms");

/**
 * Asks KMS Decrypt through `@aws-sdk/client-kms`, with the credentials that the SDK finds, and keeps the answers: one
 * call per data key and hour, not one per record.
 *
 * It needs `kms:Decrypt` on the stream's KMS key and nothing else. An endpoint that cannot be reached gives
 * {@link Unavailable} after at most 10 seconds. When KMS throttles the account, nothing is asked for a pause that
 * doubles from half a second to ten: the quota is shared with everything else in the account.
 *
 * What cannot be wiped: the SDK's own text of the answer, which is garbage as soon as the key is out of it.
 */
export class KmsKeys implements KeyProvider {
  readonly handsOver = true;
  /** What stands in front of KMS. Decoders that are given the same `KmsKeys` share it. */
  readonly cache: Cache;
  readonly #settings: KmsSettings;
  readonly #clock: Clock;
  readonly #busy = { backoff: new Backoff() };
  #connected: Promise<{ sdk: Sdk; client: KmsClient; region: string }> | undefined;

  /** Throws an `Error` that names the setting which is wrong. Asks KMS nothing yet. */
  constructor(settings: KmsSettings = {}, clock: Clock = systemClock) {
    checkSettings(settings);
    this.#settings = settings;
    this.#clock = clock;
    this.cache = new Cache({ handsOver: true, decrypt: (request) => this.#ask(request) }, settings.cache, clock);
  }

  /** The plaintext data key, from the cache or from KMS; a copy of the caller's own. */
  decrypt(request: KeyRequest): Promise<Uint8Array> {
    return this.cache.decrypt(request);
  }

  /** Loads the SDK and looks for region and credentials, so that a machine without any says so at the start. */
  async ready(): Promise<void> {
    const { client } = await this.#connection();
    try {
      await client.config.credentials();
    } catch (thrown) {
      throw new Error(
        "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the " +
          `machine a role; the AWS SDK says: ${rootCause(thrown)}`,
      );
    }
  }

  #connection() {
    this.#connected ??= connect(this.#settings).catch((thrown) => {
      this.#connected = undefined;
      throw thrown;
    });
    return this.#connected;
  }

  async #ask({ ciphertext, context }: KeyRequest): Promise<Uint8Array> {
    const { sdk, client, region } = await this.#connection();
    this.#waitWhileBusy(region);
    const { keyId } = this.#settings;
    const command = new sdk.DecryptCommand({
      CiphertextBlob: ciphertext,
      ...(context.length > 0 && { EncryptionContext: Object.fromEntries(context) }),
      // With a key id, KMS refuses blobs of every other key: its own advice.
      ...(keyId !== undefined && { KeyId: keyId }),
    });
    try {
      const answer = await client.send(command, { abortSignal: AbortSignal.timeout(BUDGET) });
      this.#busy.backoff = new Backoff();
      if (!answer.Plaintext) throw new Unavailable(`kms in ${region} answered without a plaintext`);
      return answer.Plaintext;
    } catch (thrown) {
      if (thrown instanceof Unavailable) throw thrown;
      const { error, throttled } = explain(thrown, { region, keyId, context: contextText(context) });
      this.#answered(throttled);
      throw error;
    }
  }

  /** Throttling concerns the account, not one key: leave KMS alone for all keys. */
  #waitWhileBusy(region: string): void {
    const left = this.#busy.backoff.left(this.#clock.now());
    if (left > 0) {
      const seconds = (left / 1000).toFixed(1);
      throw new Unavailable(`kms in ${region} throttles this account; asked again in ${seconds} s`);
    }
  }

  #answered(throttled: boolean): void {
    const now = this.#clock.now();
    if (!throttled) this.#busy.backoff = new Backoff();
    // Questions that were under way together are throttled together; they widen the pause once.
    else if (this.#busy.backoff.left(now) === 0) this.#busy.backoff.fail(now);
  }
}

async function connect({ region, endpointUrl, client: own }: KmsSettings) {
  let sdk: Sdk;
  try {
    sdk = await import("@aws-sdk/client-kms");
  } catch (thrown) {
    throw new Error(
      `KmsKeys needs the AWS SDK: npm install @aws-sdk/client-kms (${(thrown as Error).message.split("\n")[0]})`,
    );
  }
  const client: KmsClient =
    own ??
    new sdk.KMSClient({
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT, requestTimeout: CONNECT + READ, throwOnRequestTimeout: true },
      customUserAgent: "dastap",
      ...(region !== undefined && { region }),
      ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
    });
  try {
    return { sdk, client, region: await client.config.region() };
  } catch {
    throw new Error("no AWS region found: set `region`, AWS_REGION, or a profile that has one");
  }
}

function checkSettings(settings: KmsSettings): void {
  const known = ["region", "endpointUrl", "keyId", "client", "cache"];
  for (const name of Object.keys(settings)) {
    if (!known.includes(name)) throw unknownSetting("KmsKeys", name, known);
  }
  const { region, endpointUrl, keyId } = settings;
  // It becomes a part of the host name that the credentials are used with.
  if (region !== undefined && !/^[a-z0-9-]+$/.test(region)) {
    throw new Error(`region: expected a region such as eu-west-1, found ${JSON.stringify(region)}`);
  }
  if (endpointUrl !== undefined && !/^https?:\/\/[^/]/.test(endpointUrl)) {
    throw new Error(`endpointUrl: expected http:// or https:// and a host, found ${JSON.stringify(endpointUrl)}`);
  }
  if (keyId === "") throw new Error('keyId: expected a key id, a key ARN or an alias, found ""');
}

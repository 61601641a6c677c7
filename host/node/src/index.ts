/**
 * Decodes the encrypted records of AWS Database Activity Streams.
 *
 * @example
 * const decoder = await Decoder.open({ heartbeats: "drop" }, { keys: new KmsKeys() });
 * for (const verdict of await decoder.decode(batch, "aws-rds-das-cluster-ABC123")) {
 *   if (verdict.ok) for (const output of verdict.outputs) process.stdout.write(output.lines);
 *   else console.error(`${verdict.stage}/${verdict.reason}: ${verdict.detail}`);
 * }
 *
 * @module
 */

export { Decoder, type DecoderOptions, type TransformSettings } from "./decoder.js";
export { Cache, type KeyStats } from "./keys/cache.js";
export type { Clock } from "./keys/clock.js";
export { Keyring } from "./keys/keyring.js";
export { type KmsClient, KmsKeys, type KmsSettings } from "./keys/kms.js";
export { type DecryptKey, type KeyProvider, Refused, Unavailable } from "./keys/provider.js";
export type { KeyRequest } from "./keys/request.js";
export type { CacheSettings } from "./keys/settings.js";
export type { Input } from "./record.js";
export {
  type Count,
  type Decoded,
  type Failed,
  type Failure,
  type Merged,
  Output,
  type Stage,
  type Tally,
  type Verdict,
} from "./verdict.js";

// The settings of the key cache: each with its default, its bounds and the reason.

import { unknownSetting } from "../settings.js";

/** How long a cache keeps what. Durations carry their unit: `"30s"`, `"15m"`, `"1h"`. */
export interface CacheSettings {
  /**
   * How long a key is used without asking again, less 10 to 20 percent so that keys do not expire together.
   *
   * Default 1 hour, 1 second to 24 hours. A stream uses a data key for about an hour; a key whose use was revoked in
   * KMS keeps working here for at most this long.
   */
  ttl?: string;
  /**
   * How many keys are kept; beyond it the least recently used one goes.
   *
   * Default 1000, 1 to 100 000. One cluster needs a few keys; replaying an archive needs one per cluster and hour.
   */
  capacity?: number;
  /**
   * How long a refusal is repeated without asking again.
   *
   * Default 30 seconds, 0 to 1 hour. Long enough that bad records do not flood the key service, short enough that a
   * corrected policy is noticed while somebody watches.
   */
  refusedTtl?: string;
  /**
   * How long past its time a key is still used while the key service is unavailable; never after a refusal.
   *
   * Default 15 minutes, 0 (never) to 24 hours. Bridges an outage, and lengthens how long a revocation can go unnoticed
   * during one.
   */
  stale?: string;
}

/** The same in milliseconds, within bounds. */
export type Limits = { readonly [setting in keyof Required<CacheSettings>]: number };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: 24 * HOUR };

/** Checks settings. Throws an `Error` that names the setting. */
export function limits(settings: CacheSettings): Limits {
  const known = ["ttl", "capacity", "refusedTtl", "stale"];
  for (const name of Object.keys(settings)) {
    if (!known.includes(name)) throw unknownSetting("cache", name, known);
  }
  const { ttl = "1h", capacity = 1000, refusedTtl = "30s", stale = "15m" } = settings;
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 100_000) {
    throw new Error(`cache.capacity: expected 1 to 100000 keys, found ${capacity}`);
  }
  return {
    ttl: duration("ttl", ttl, "1s", "24h"),
    capacity,
    refusedTtl: duration("refusedTtl", refusedTtl, "0s", "1h"),
    stale: duration("stale", stale, "0s", "24h"),
  };
}

function duration(name: string, text: unknown, least: string, most: string): number {
  const found = milliseconds(text);
  if (found === undefined) {
    throw new Error(
      `cache.${name}: expected a duration with its unit, such as "30s", "15m" or "1h", found ${JSON.stringify(text)}`,
    );
  }
  if (found < milliseconds(least)! || found > milliseconds(most)!) {
    throw new Error(`cache.${name}: expected ${least} to ${most}, found ${text}`);
  }
  return found;
}

/** `1h 30m` and its like; undefined for anything else. */
function milliseconds(text: unknown): number | undefined {
  if (typeof text !== "string" || !/^\s*(\d+\s*(ms|s|m|h|d)\s*)+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+)\s*(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0);
}

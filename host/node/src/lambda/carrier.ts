// The events of AWS Lambda that carry records, and what stands in them.

import { BAD_BASE64, type Input } from "../record.js";
import type { Failed } from "../verdict.js";

/** The event of a Kinesis trigger. */
export interface KinesisEvent {
  Records: Array<{ kinesis: { data: string; sequenceNumber: string }; eventSourceARN?: string }>;
  /** Only with a tumbling window: every answer must then carry a state. */
  window?: unknown;
  state?: unknown;
}

/** The event of a Firehose transformation. */
export interface FirehoseEvent {
  records: Array<{ recordId: string; data: string }>;
  sourceKinesisStreamArn?: string;
}

/** The list in the event `name`; throws when it is another event. */
export function listOf<T>(list: T[] | undefined, name: string, member: string): T[] {
  if (!Array.isArray(list)) throw new TypeError(`expected the event of ${name}, found one without a list "${member}"`);
  return list;
}

/** The record in the base64 of a carrier, or the verdict on it. */
export function record(data: unknown): Input | Failed {
  // Buffer.from skips what is not base64, so that damage would show later and as something else.
  const isBase64 = typeof data === "string" && data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
  return isBase64 ? Buffer.from(data, "base64") : BAD_BASE64;
}

/** The resource id in the ARN of an activity stream; undefined for any other stream. */
export function resourceOf(arn: string | undefined): string | undefined {
  return arn?.match(/aws-rds-das-((?:cluster|db)-[^/:]*)/)?.[1];
}

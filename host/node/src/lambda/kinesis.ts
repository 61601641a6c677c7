// A Lambda function behind a Kinesis trigger.

import type { Decoder } from "../decoder.js";
import { merge, type Failed, type Output, type Verdict } from "../verdict.js";
import { type KinesisEvent, listOf, record, resourceOf } from "./carrier.js";
import { verdicts } from "./decode.js";

/** A record that will never decode, as a line of the dead letter; `dastap decode` reads it back as input. */
export interface DeadRecord {
  /** The record's place in the event. */
  index: number;
  error: Omit<Failed, "ok">;
  /** The resource id, where the event named the stream. */
  resource?: string;
  /** The record as it was received; where its base64 was broken, the element of the event. */
  record_base64: string;
}

/** Where the events go, and the records that gave none. */
export interface KinesisSinks {
  /** Takes the events of a batch, by route and in the stream's order. When it throws, Lambda tries the batch again. */
  deliver(outputs: Output[]): Promise<void> | void;
  /** Takes the records that will never decode; one that throws makes Lambda try again, so that none is lost. */
  deadLetter(records: DeadRecord[]): Promise<void> | void;
}

/** What Lambda is told: with `ReportBatchItemFailures`, it goes on from the first of these. */
export interface KinesisAnswer {
  batchItemFailures: Array<{ itemIdentifier: string }>;
  state?: unknown;
}

/**
 * A handler for a Kinesis trigger with `ReportBatchItemFailures`.
 *
 * Records are delivered at least once and in order. Where the key service is away, what stands before the first record
 * that waits for it is delivered; Lambda comes back with the rest. A record that will never decode goes to the dead
 * letter and stops nobody.
 */
export function kinesisHandler(
  decoder: Decoder,
  { deliver, deadLetter }: KinesisSinks,
): (event: KinesisEvent) => Promise<KinesisAnswer> {
  if (typeof deliver !== "function" || typeof deadLetter !== "function") {
    throw new TypeError("kinesisHandler: expected { deliver, deadLetter }, both functions: no record may get lost");
  }
  return async (event) => {
    listOf(event?.Records, "a Kinesis trigger", "Records");
    const all = await decodeAll(decoder, event);
    const waits = all.findIndex((verdict) => !verdict.ok && verdict.retryable);
    const done = waits < 0 ? all : all.slice(0, waits);
    const { outputs } = merge(done);
    if (outputs.length > 0) await deliver(outputs);
    const dead = done.flatMap((verdict, index) => (verdict.ok ? [] : [deadRecord(event, index, verdict)]));
    if (dead.length > 0) await deadLetter(dead);
    const from = event.Records[waits];
    return {
      batchItemFailures: from ? [{ itemIdentifier: from.kinesis.sequenceNumber }] : [],
      ...(event.window !== undefined && { state: event.state ?? {} }),
    };
  };
}

/** One trigger reads one stream; should an event ever hold several, each keeps its own resource id. */
async function decodeAll(decoder: Decoder, { Records }: KinesisEvent): Promise<Verdict[]> {
  const all: Verdict[] = [];
  for (let first = 0; first < Records.length;) {
    const arn = Records[first]!.eventSourceARN;
    const other = Records.findIndex(({ eventSourceARN }, index) => index > first && eventSourceARN !== arn);
    const end = other < 0 ? Records.length : other;
    const records = Records.slice(first, end).map(({ kinesis }) => record(kinesis?.data));
    for (const verdict of await verdicts(decoder, records, resourceOf(arn))) all.push(verdict);
    first = end;
  }
  return all;
}

function deadRecord({ Records }: KinesisEvent, index: number, { ok: _, ...error }: Failed): DeadRecord {
  const { kinesis, eventSourceARN } = Records[index]!;
  const resource = resourceOf(eventSourceARN);
  const bytes = record(kinesis?.data);
  const received = Buffer.isBuffer(bytes) ? bytes : Buffer.from(JSON.stringify(Records[index]));
  return { index, error, ...(resource && { resource }), record_base64: received.toString("base64") };
}

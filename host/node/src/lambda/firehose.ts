// A Lambda function that transforms the records of a Firehose stream.

import type { Decoder } from "../decoder.js";
import type { Failed, Verdict } from "../verdict.js";
import { type FirehoseEvent, listOf, record, resourceOf } from "./carrier.js";
import { verdicts } from "./decode.js";

/** The longest answer that Lambda takes, in bytes of JSON, less some room for the frame around it. */
const ANSWER_LIMIT = 6 * 1024 * 1024 - 1024;
/** Pauses before records are tried again whose keys could not be had, in milliseconds. */
const PAUSES = [1000, 2000, 4000];
/** Time that must be left for another try. */
const ROOM = 15_000;

/** What Firehose is told about one record. */
export interface FirehoseRecord {
  recordId: string;
  result: "Ok" | "Dropped" | "ProcessingFailed";
  /** Base64 of the events as NDJSON. */
  data?: string;
}

/** How a handler behaves where Firehose leaves it a choice. */
export interface FirehoseOptions {
  /** Hears why a record failed, which Firehose does not keep. Default: a line of JSON to standard error. */
  failed?(failure: Omit<Failed, "ok"> & { recordId: string }): void;
}

/** What is needed of Lambda's context. */
interface Context {
  getRemainingTimeInMillis?(): number;
}

/**
 * A handler for a Firehose transformation: each record becomes `Ok` with its events as NDJSON, `Dropped` when no event
 * is left, or `ProcessingFailed`: Firehose then keeps the original under its error prefix.
 *
 * Firehose never tries a single record again. So where the key service is away, this does, as long as the function's
 * time allows. What would make the answer longer than 6 MB fails as well: use a smaller buffer hint.
 */
export function firehoseHandler(
  decoder: Decoder,
  { failed = log }: FirehoseOptions = {},
): (event: FirehoseEvent, context?: Context) => Promise<{ records: FirehoseRecord[] }> {
  return async (event, context = {}) => {
    listOf(event?.records, "a Firehose transformation", "records");
    const all = await decodePatiently(decoder, event, context);
    let bytes = 0;
    const records = event.records.map(({ recordId }, index): FirehoseRecord => {
      const entry = answer(recordId, all[index]!, failed);
      const length = JSON.stringify(entry).length + 1;
      if (bytes + length <= ANSWER_LIMIT || entry.data === undefined) {
        bytes += length;
        return entry;
      }
      failed({ recordId, ...TOO_LARGE });
      return { recordId, result: "ProcessingFailed" };
    });
    return { records };
  };
}

async function decodePatiently(decoder: Decoder, event: FirehoseEvent, context: Context): Promise<Verdict[]> {
  const records = event.records.map(({ data }) => record(data));
  const resource = resourceOf(event.sourceKinesisStreamArn);
  const all = await verdicts(decoder, records, resource);
  for (const pause of PAUSES) {
    const again = [...all.keys()].filter((index) => isRetryable(all[index]!));
    const left = context.getRemainingTimeInMillis?.() ?? 0;
    if (again.length === 0 || left < pause + ROOM) break;
    await new Promise((resolve) => setTimeout(resolve, pause));
    const answers = await verdicts(
      decoder,
      again.map((index) => records[index]!),
      resource,
    );
    for (const [place, index] of again.entries()) all[index] = answers[place]!;
  }
  return all;
}

function isRetryable(verdict: Verdict): boolean {
  return !verdict.ok && verdict.retryable;
}

function answer(recordId: string, verdict: Verdict, failed: NonNullable<FirehoseOptions["failed"]>): FirehoseRecord {
  if (!verdict.ok) {
    const { ok: _, ...failure } = verdict;
    failed({ recordId, ...failure });
    return { recordId, result: "ProcessingFailed" };
  }
  if (verdict.outputs.length === 0) return { recordId, result: "Dropped" };
  const data = Buffer.concat(verdict.outputs.map(({ bytes }) => bytes)).toString("base64");
  return { recordId, result: "Ok", data };
}

const TOO_LARGE = {
  stage: "events",
  reason: "too-large",
  detail: "the answer of the function would be longer than 6 MB: expected a smaller buffer hint",
  retryable: false,
} as const;

function log(failure: Omit<Failed, "ok"> & { recordId: string }): void {
  console.error(JSON.stringify({ dastap: failure }));
}

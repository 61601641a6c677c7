/**
 * Handlers for AWS Lambda: behind a Kinesis trigger, and as a Firehose transformation.
 *
 * @module
 */

export type { FirehoseEvent, KinesisEvent } from "./carrier.js";
export { type FirehoseOptions, type FirehoseRecord, firehoseHandler } from "./firehose.js";
export { type DeadRecord, type KinesisAnswer, type KinesisSinks, kinesisHandler } from "./kinesis.js";
